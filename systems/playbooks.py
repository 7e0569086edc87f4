"""What to do while a system is away: playbooks, declared as data under version; a wrong one is refused whole.

A playbook says by which route each operation goes meanwhile, which clocks of handoffs stand or count otherwise, what
the customers of cases that wait are told, and who of the house hears of it.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from systems.base import DEFERRED, PERSON, System
from systems.journeys import JOURNEYS, touched_by

VERSION = "2"
ANY = "*"
"""In a playbook's routes: every operation that is not named."""
PLACEHOLDERS = ("name", "case_number", "order_no", "system", "since")
"""What a text for customers may hold in braces."""
BY_BATON = "shipped with Baton"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=r"^[^\n]*$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Frozen = ConfigDict(frozen=True, extra="forbid")


class PlaybookRefused(ValueError):
    """The playbooks cannot be used; the message names the one and what is wrong with it."""


@dataclass(frozen=True)
class Known:
    """What playbooks may name and this room does not know: clocks and policies of handoffs, roles of the house."""

    systems: Mapping[str, System]
    clocks: Collection[str]
    policies: Collection[str]
    roles: Collection[str]


class CustomerText(BaseModel):
    """What the customer of a case that waits is told, once; and once more when the outage is over, where declared."""

    model_config = Frozen

    subject: Line
    text: Words
    after_minutes: Annotated[int, Field(ge=0, le=1440)] = 15
    """Told only once the outage lasts so long: a system that is back in a moment is no news for a customer."""
    over_subject: str = ""
    over_text: str = ""

    @model_validator(mode="after")
    def _check(self) -> "CustomerText":
        if bool(self.over_subject.strip()) != bool(self.over_text.strip()):
            raise ValueError("what is told when it is over has both a subject and a text: over_subject, over_text")
        return self

    def all(self) -> tuple[str, ...]:
        """Every text in it."""
        return (self.subject, self.text, self.over_subject, self.over_text)


class ClockRule(BaseModel):
    """What one clock of a handoff does while its case waits: it stands, or another policy's time counts instead."""

    model_config = Frozen

    journey: str
    clock: str
    of: Literal["case", "entry"] = "case"
    """Of the handoff in which a person decides about the case, or of one in which they key an entry on that system."""
    does: Literal["pause", "switch"]
    policy: str = ""

    @model_validator(mode="after")
    def _check(self) -> "ClockRule":
        if (self.does == "switch") != bool(self.policy):
            raise ValueError("a clock that is switched names the policy to count by, and one that is paused names none")
        return self


class Playbook(BaseModel):
    """One playbook of one version, for one system; kept with an outage just as it is."""

    model_config = Frozen

    name: str
    title: Title = ""
    """What people call it."""
    version: str
    by: str = BY_BATON
    """Who wrote it, as their file says."""
    system: str
    default: bool = False
    """Chosen by itself when this system goes out."""
    about: Line
    routes: dict[str, str] = Field(default_factory=dict)
    customers: dict[str, CustomerText] = Field(default_factory=dict)
    """By journey."""
    clocks: tuple[ClockRule, ...] = ()
    tell: tuple[Annotated[str, StringConstraints(pattern=r"^(person|role|lead):\S+$")], ...] = ()

    @property
    def called(self) -> str:
        """Its title, or where none is declared its name."""
        return self.title or self.name

    def route_of(self, operation: str) -> str:
        """By which route this operation goes while the outage lasts; "" when the usual choice stands."""
        return self.routes.get(operation) or self.routes.get(ANY, "")

    def rules_of(self, journey: str, of: str) -> tuple[ClockRule, ...]:
        """What the clocks of such a handoff do."""
        return tuple(rule for rule in self.clocks if (rule.journey, rule.of) == (journey, of))


class Playbooks:
    """The playbooks that count: those that come with Baton, and the operator's over them."""

    def __init__(self, found: Mapping[str, Playbook]) -> None:
        self._by_name = dict(found)

    @classmethod
    def read(cls, text: str, known: Known) -> "Playbooks":
        """The playbooks that a TOML text holds. PlaybookRefused names the one and what is wrong with it."""
        try:
            file = _File.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as trouble:
            raise PlaybookRefused(f"this is no TOML: {trouble}") from None
        except ValidationError as trouble:
            raise _refused((), trouble) from None
        found = {name: _one(name, table, file) for name, table in file.playbooks.items()}
        for playbook in found.values():
            _check(playbook, known)
        _check_defaults(found)
        return cls(found)

    def over(self, other: "Playbooks") -> "Playbooks":
        """These in front of the others: the same name is replaced, and so is the default of a system."""
        mine = {playbook.system for playbook in self.all() if playbook.default}
        others = {
            one.name: one.model_copy(update={"default": False}) if one.default and one.system in mine else one
            for one in other.all()
        }
        return Playbooks({**others, **self._by_name})

    def all(self, system: str = "") -> list[Playbook]:
        """Every one, or those of a system, the default of each system first."""
        found = [one for one in self._by_name.values() if system in ("", one.system)]
        return sorted(found, key=lambda one: (one.system, not one.default, one.name))


@cache
def shipped() -> str:
    """The text of the playbooks that come with Baton."""
    return (Path(__file__).parent / f"playbooks.v{VERSION}.toml").read_text(encoding="utf-8")


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled in."""
    return text.format_map({**dict.fromkeys(PLACEHOLDERS, ""), **values})


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Line
    by: Line = BY_BATON
    playbooks: dict[str, dict[str, Any]]


def _one(name: str, table: dict[str, Any], file: _File) -> Playbook:
    try:
        return Playbook.model_validate({**table, "name": name, "version": file.version, "by": file.by})
    except ValidationError as trouble:
        raise _refused(("playbooks", name), trouble) from None


def _refused(place: tuple[str, ...], trouble: ValidationError) -> PlaybookRefused:
    error = trouble.errors()[0]
    path = [*place, *map(str, error["loc"])]
    table, key = ".".join(path[:2]), ".".join(path[2:])
    said = "there is no such key" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    return PlaybookRefused(f"[{table}] {key}: {said}" if key else f"[{table}] {said}")


def _check(playbook: Playbook, known: Known) -> None:
    """Everything that it names is there."""
    _named(playbook, "system", playbook.system, known.systems)
    _check_routes(playbook, known.systems[playbook.system])
    _check_clocks(playbook, known)
    for journey, customer in playbook.customers.items():
        _check_journey(playbook, "customers", journey)
        for text in customer.all():
            _check_text(playbook, journey, text)
    for to in playbook.tell:
        if to.startswith("role:"):
            _named(playbook, "tell: role", to.removeprefix("role:"), known.roles)


def _check_routes(playbook: Playbook, system: System) -> None:
    for operation, route in playbook.routes.items():
        _named(playbook, "routes: operation", operation, (ANY, *system.operations))
        ways = (*system.routes, DEFERRED, PERSON) if operation == ANY else system.chain_of(operation)
        _named(playbook, f"routes: {operation}: route", route, ways)


def _check_clocks(playbook: Playbook, known: Known) -> None:
    for rule in playbook.clocks:
        _check_journey(playbook, "clocks", rule.journey)
        _named(playbook, "clocks: clock", rule.clock, known.clocks)
        if rule.policy:
            _named(playbook, "clocks: policy", rule.policy, known.policies)
    once = {(rule.journey, rule.of, rule.clock) for rule in playbook.clocks}
    if len(once) < len(playbook.clocks):
        raise PlaybookRefused(f"[playbooks.{playbook.name}] clocks: each clock of a journey is named once")


def _check_journey(playbook: Playbook, where: str, journey: str) -> None:
    _named(playbook, f"{where}: journey", journey, JOURNEYS)
    if JOURNEYS[journey] not in touched_by(playbook.system):
        said = f"{where}: the journey “{journey}” never needs the {playbook.system}"
        raise PlaybookRefused(f"[playbooks.{playbook.name}] {said}")


def _named(playbook: Playbook, where: str, name: str, there: Collection[str]) -> None:
    if name in there:
        return
    kind = where.rsplit(": ", 1)[-1]
    raise PlaybookRefused(
        f"[playbooks.{playbook.name}] {where}: there is no {kind} “{name}”; there are: {', '.join(there)}"
    )


def _check_text(playbook: Playbook, journey: str, text: str) -> None:
    where = f"[playbooks.{playbook.name}] customers: {journey}:"
    try:
        names = [(name, spec, how) for _, name, spec, how in Formatter().parse(text) if name is not None]
    except ValueError:
        raise PlaybookRefused(f"{where} a brace stands alone; write {{{{ or }}}} for one that is meant") from None
    for name, spec, how in names:
        if name not in PLACEHOLDERS or spec or how:
            there = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            raise PlaybookRefused(f"{where} there is no placeholder {{{name}}}; there are: {there}")


def _check_defaults(found: Mapping[str, Playbook]) -> None:
    seen: dict[str, str] = {}
    for one in found.values():
        if one.default and seen.setdefault(one.system, one.name) != one.name:
            raise PlaybookRefused(
                f"[playbooks.{seen[one.system]}] and [playbooks.{one.name}] are both the default of the {one.system}: "
                "leave default out of one of them"
            )
