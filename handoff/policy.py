"""How much time a handoff gets, of which calendar, and who hears when it runs out: policies, as data under version.

A file holds calendars, ladders of escalation and rows; a handoff gets the most specific row that fits it. All durations
are working time of the row's calendar.
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from core.calendar import Calendar, NeverOpensError
from handoff.clock import ClockKind, Target
from handoff.duration import Duration, written

VERSION = "1"
ANY = "*"
A_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
FIELDS = ("queue", "channel", "persona", "tier")
"""What a row is chosen by; a row that does not name one takes every value of it."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Linked = TypeVar("Linked")


class PolicyRefused(ValueError):
    """The policies cannot be used; the message names the row and what is wrong with it."""


class EscalationStep(BaseModel):
    """One rung of the ladder: who is told, how long after the clock was at risk or breached, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    past: Literal["at_risk", "breached"]
    tells: Literal["holder", "lead", "it"]
    """`holder` is who has the case; while it lies in its queue there is none."""
    clocks: tuple[ClockKind, ...] = tuple(ClockKind)
    after: Duration | None = None
    every: Duration | None = None
    """Told again so long after the last time, until somebody acknowledges it."""
    at_most: Annotated[int, Field(ge=1, le=100)] = 1

    @model_validator(mode="after")
    def _check(self) -> "EscalationStep":
        if self.every is not None and self.at_most == 1:
            raise ValueError("a step that is told again says how often at most: without at_most it never ends")
        if self.every is None and self.at_most > 1:
            raise ValueError("a step that is told more than once says how long to wait in between: every")
        return self


class Policy(BaseModel):
    """One row: what it is for, and what it asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    queue: Name = ANY
    channel: Name = ANY
    persona: Name = ANY
    tier: Name = ANY
    calendar: Calendar
    first_response: Duration | None = None
    acceptance: Duration | None = None
    resolution: Duration | None = None
    at_risk: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The share of each target after which somebody should look."""
    idle: Duration | None = None
    """How long who picked the case up may leave it untouched before it goes back to the queue; None: for ever."""
    ladder: tuple[EscalationStep, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Policy":
        if not self.targets():
            raise ValueError(f"name at least one target: {', '.join(ClockKind)}")
        year = _a_year_of(self.calendar)
        for target in self.targets():
            if target.working > year:
                said = f"{written(target.working)} of the calendar “{self.calendar.name}”"
                raise ValueError(f"{target.kind}: {said} never end: a whole year of it has {written(year)}")
        return self

    def targets(self) -> tuple[Target, ...]:
        """What each clock of the handoff is held to."""
        spans = {
            ClockKind.FIRST_RESPONSE: self.first_response,
            ClockKind.ACCEPTANCE: self.acceptance,
            ClockKind.RESOLUTION: self.resolution,
        }
        return tuple(
            Target(kind=kind, working=span, calendar=self.calendar, at_risk=self.at_risk, policy=self.name,
                   version=self.version)
            for kind, span in spans.items() if span is not None
        )  # fmt: skip


class Policies:
    """The rows of one file, and which of them is for whom."""

    def __init__(self, rows: tuple[Policy, ...]) -> None:
        _check_that_one_is_for_each(rows)
        self.rows = rows

    @classmethod
    def read(cls, text: str) -> "Policies":
        """The policies that a TOML text holds. PolicyRefused names the row and what is wrong with it."""
        try:
            file = _File.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as trouble:
            raise PolicyRefused(f"this is no TOML: {trouble}") from None
        except ValidationError as trouble:
            raise _refused((), trouble) from None
        for name, calendar in file.calendars.items():
            try:
                calendar.check()
            except NeverOpensError as trouble:
                raise PolicyRefused(f"[calendars.{name}] {trouble}") from None
        return cls(tuple(_row(name, table, file) for name, table in file.policies.items()))

    def choose(self, *, queue: str, channel: str, persona: str, tier: str) -> Policy:
        """The most specific row for such a handoff; there always is one. Upper and lower case are the same."""
        asked = {"queue": queue, "channel": channel, "persona": persona, "tier": tier}
        return max((row for row in self.rows if _takes(row, asked)), key=_names)


@cache
def shipped() -> Policies:
    """The policies that come with Baton."""
    return Policies.read((Path(__file__).parent / f"policies.v{VERSION}.toml").read_text(encoding="utf-8"))


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Name
    calendars: dict[str, Calendar] = Field(default_factory=dict)
    ladders: dict[str, tuple[EscalationStep, ...]] = Field(default_factory=dict)
    policies: dict[str, dict[str, Any]]


def _row(name: str, table: dict[str, Any], file: _File) -> Policy:
    calendar = _linked(name, table, "calendar", file.calendars).model_copy(update={"name": table["calendar"]})
    ladder = _linked(name, table, "ladder", file.ladders) if "ladder" in table else ()
    linked = {"name": name, "calendar": calendar, "ladder": ladder}
    try:
        return Policy.model_validate({"version": file.version, **table, **linked})
    except ValidationError as trouble:
        raise _refused(("policies", name), trouble) from None


def _linked(row: str, table: Mapping[str, Any], key: str, there: Mapping[str, Linked]) -> Linked:
    name = str(table.get(key, ""))
    if name not in there:
        known = ", ".join(there) or "none"
        raise PolicyRefused(f"[policies.{row}] {key}: there is no {key} “{name}”; there are: {known}")
    return there[name]


def _refused(place: tuple[str, ...], trouble: ValidationError) -> PolicyRefused:
    error = trouble.errors()[0]
    path = [*place, *map(str, error["loc"])]
    table, key = ".".join(path[:2]), ".".join(path[2:])
    said = "there is no such key" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    return PolicyRefused(f"[{table}] {key}: {said}" if key else f"[{table}] {said}")


def _a_year_of(calendar: Calendar) -> timedelta:
    """The working time of a year without holidays, by a week in which no clock changes."""
    week = calendar.model_copy(update={"holidays": ()}).open_between(A_MONDAY, A_MONDAY + timedelta(days=7))
    return week * 365 / 7


def _takes(row: Policy, asked: Mapping[str, str]) -> bool:
    return all(_value(row, field) in {ANY, asked[field].strip().casefold()} for field in FIELDS)


def _names(row: Policy) -> int:
    """How many fields the row names: the more, the more specific."""
    return sum(_value(row, field) != ANY for field in FIELDS)


def _check_that_one_is_for_each(rows: tuple[Policy, ...]) -> None:
    """Exactly one row is the most specific for any handoff there can be."""
    if not any(_names(row) == 0 for row in rows):
        raise PolicyRefused(f"no row takes what no other row takes: add one that names none of {', '.join(FIELDS)}")
    for one, other in combinations(rows, 2):
        both = _meet(one, other)
        if both is None or _names(one) != _names(other):
            continue
        if not any(_takes(row, both) and _names(row) > _names(one) for row in rows):
            where = ", ".join(f"{field} {value}" for field, value in both.items() if value != ANY) or "every handoff"
            raise PolicyRefused(
                f"[policies.{one.name}] and [policies.{other.name}] are equally specific for {where}: "
                "name one more field in one of them, or add a row for just that"
            )


def _meet(one: Policy, other: Policy) -> dict[str, str] | None:
    """The handoffs that both rows take; None when there are none."""
    both = {}
    for field in FIELDS:
        values = {_value(one, field), _value(other, field)} - {ANY}
        if len(values) > 1:
            return None
        both[field] = values.pop() if values else ANY
    return both


def _value(row: Policy, field: str) -> str:
    value: str = getattr(row, field)
    return value.casefold()
