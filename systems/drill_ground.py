"""Where canaries and drills may write: an environment declared for trying things out, a record declared harmless."""

from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from core.work_item import Kind
from systems.base import PRODUCTION, Entry, Operation
from systems.environment import GROUND
from systems.registry import SYSTEMS
from systems.seating import SeatingRefused, Seatings

MARK = "{canary}"
"""In the text of a harmless entry: the day and the way, so that each canary's entry differs from the one before."""


class Harmless(BaseModel):
    """A record that its owner declared harmless, until a day: what a canary enters there, and by which operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: str
    target: str
    entry: dict[str, Any]
    owner: str = ""
    until: date | None = None

    def content(self, operation: Operation, day: date, route: str) -> Entry:
        """What the canary of that day and way enters. ValueError when it does not fit the operation."""
        marked = {
            name: value.replace(MARK, f"{day.isoformat()} {route}") if isinstance(value, str) else value
            for name, value in self.entry.items()
        }
        return operation.entry.model_validate(marked)


class Ground(BaseModel):
    """What one environment of a system allows. `canary`: from when on each day, by its own clock; None: no canaries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drills: Literal["", "test"] = ""
    canary: time | None = None
    harmless: tuple[Harmless, ...] = ()
    time_zone: str = "UTC"

    @property
    def test(self) -> bool:
        """Whether the whole environment is for trying things out."""
        return self.drills == "test"

    def day(self, now: datetime) -> date | None:
        """The day whose canaries are due; None while it is too early, and where there are none."""
        here = now.astimezone(ZoneInfo(self.time_zone))
        return here.date() if self.canary is not None and here.time() >= self.canary else None

    def record(self, day: date) -> Harmless | None:
        """The record that a canary may write to that day; None when nothing is declared, or no longer."""
        return next((one for one in self.harmless if one.until is None or day <= one.until), None)


class GroundRefused(ValueError):
    """What is declared for canaries and drills cannot be used; the message says where and why."""


class Grounds:
    """What every system allows, as the operator's file says it now."""

    def __init__(self, seatings: Seatings) -> None:
        self._seatings = seatings

    def of(self, system: str, environment: str) -> Ground:
        """What is allowed there. GroundRefused when the file cannot be used."""
        where = f"[{system}.{environment}]"
        try:
            table = self._seatings.table(system, environment)
            said = {name: table[name] for name in GROUND if name in table}
            time_zone = self._seatings.of(system, environment).windows.time_zone if said else "UTC"
            ground = Ground.model_validate({**said, "time_zone": time_zone})
        except SeatingRefused as refusal:
            raise GroundRefused(str(refusal)) from None
        except ValidationError as trouble:
            error = trouble.errors()[0]
            name = ".".join(str(step) for step in error["loc"])
            raise GroundRefused(f"{where} {name}: {error['msg']}.") from None
        if wrong := _wrong(system, environment, ground):
            raise GroundRefused(f"{where} {wrong}")
        return ground

    def named(self) -> list[tuple[str, str]]:
        """The systems of ours and environments that the file names. GroundRefused when it cannot be used."""
        try:
            return [place for place in self._seatings.named() if place[0] in SYSTEMS]
        except SeatingRefused as refusal:
            raise GroundRefused(str(refusal)) from None


def _wrong(system: str, environment: str, ground: Ground) -> str:
    """What is wrong with what is allowed, in a sentence; "" for nothing."""
    if ground.test and environment == PRODUCTION:
        return "drills: production is never a test environment; declare a harmless record there."
    for number, one in enumerate(ground.harmless, start=1):
        if wrong := _wrong_record(system, one, ground):
            return f"harmless record {number}: {wrong}"
    return ""


def _wrong_record(system: str, one: Harmless, ground: Ground) -> str:
    operations = SYSTEMS[system].operations if system in SYSTEMS else {}
    operation = operations.get(one.operation)
    if operation is None or operation.kind is Kind.READ:
        writes = ", ".join(sorted(name for name, each in operations.items() if each.kind is not Kind.READ))
        return f"there is no operation {one.operation} that writes; there are {writes}."
    if not ground.test and not (one.owner.strip() and one.until):
        return "say its owner, and until which day it is harmless (until = 2027-03-31)."
    if not any(isinstance(value, str) and MARK in value for value in one.entry.values()):
        return f"put {MARK} in a text of its entry, so that the entry of each day differs."
    try:
        target = operation.target(one.content(operation, date(2026, 1, 1), SYSTEMS[system].route))
    except ValidationError as trouble:
        error = trouble.errors()[0]
        return f"entry.{'.'.join(str(step) for step in error['loc'])}: {error['msg']}."
    return "" if target == one.target else f"its entry is about {target}, and it declares {one.target}."
