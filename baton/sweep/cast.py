"""Who plays in a sweep: every operation by every route, with an entry that fits it and the record that it is made on.

The cast lies beside the demo systems (`demo/data/cast.json`), for the conformance suite of the bots plays it too. An
operation that is missing there stops the sweep: a new one cannot be forgotten.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from activities.items import Intent
from systems.base import Entry
from systems.fieldboard import screen_date
from systems.registry import SYSTEMS, operation_of

CAST = Path(__file__).resolve().parents[2] / "demo" / "data" / "cast.json"
_ALWAYS_THERE, _SLOTS, _FIRST_DAY = ("109", "110"), 4, date(2040, 1, 2)
"""Of the dispatch board: two technicians, the slots of a day, a Monday."""


class NotInTheCast(Exception):
    """An operation has no entry in the cast; the message says which one, and where to add it."""


class Role(BaseModel):
    """One operation's part in the play.

    `order` or `ticket` (with a `callback`) are fields of the record that it is made on, `before` how the fields that it
    touches look then on the screen. In `entry`, `{key}` stands for the record's key (`{record}` and `{part}` for what
    is before and after its slash), `{n}` for a number that differs from run to run. `gives_key`: the system itself
    numbers what is made. `ledger`: what the system calls it, where that is not the operation's name. `routes`: only by
    these.

    `board`: the key is a reference of ours (FB-000017) with a place of its own on the board: `{technician}`, `{day}`
    and `{slot}`. `booking` are fields of the booking that it is made on, which stands at a second place of its own:
    `{at_technician}`, `{at_day}` (on the screen `{at_screen_day}`), `{at_slot}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: dict[str, Any]
    order: dict[str, Any] | None = None
    ticket: dict[str, Any] | None = None
    callback: dict[str, Any] | None = None
    board: bool = False
    booking: dict[str, Any] | None = None
    before: dict[str, str] | None = None
    gives_key: bool = False
    ledger: tuple[str, ...] = ()
    routes: tuple[str, ...] | None = None

    def entry_for(self, target: "Target", key: str, number: int) -> Entry:
        """What is to be keyed on the record `key` in the run `number`."""
        operation = operation_of(target.system, target.operation)
        return operation.entry.model_validate(_filled(self.entry, self._marks(key, number)))

    def before_for(self, key: str, number: int) -> dict[str, str] | None:
        """How the fields of the record `key` look before."""
        return None if self.before is None else _filled(self.before, self._marks(key, number))

    def booking_for(self, key: str) -> dict[str, Any]:
        """The booking `key` as it stands on the board before."""
        place = {"technician": "{at_technician}", "day": "{at_screen_day}", "slot": "{at_slot}"}
        wanted = {**(self.booking or {}), "reference": "{key}", **place}
        return {name: _filled(value, self._marks(key, 0)) for name, value in wanted.items()}

    def _marks(self, key: str, number: int) -> dict[str, str]:
        record, _, part = key.partition("/")
        return {"key": key, "record": record, "part": part, "n": str(number), **(_places(key) if self.board else {})}


@dataclass(frozen=True)
class Target:
    """One operation by one route; `commits` is how many its entry in the cast takes."""

    system: str
    route: str
    operation: str
    commits: int = 1

    @property
    def words(self) -> str:
        """As people read it."""
        return f"{self.system}/{self.operation} ({self.route})"

    def intent(self, role: Role, key: str, number: int) -> Intent:
        """What is intended in the run `number`, on the record `key`."""
        operation = operation_of(self.system, self.operation)
        entry = role.entry_for(self, key, number)
        item = uuid.uuid4()
        return Intent(
            id=item,
            system=self.system,
            operation=self.operation,
            kind=operation.kind,
            target_key=operation.target(entry),
            occurrence=f"sweep/{number}/{item}",
            content=entry.model_dump(mode="json"),
            before=role.before_for(key, number),
            route=self.route,
        )


Cast = dict[str, dict[str, Role]]


def read(path: Path = CAST) -> Cast:
    """The cast as it is written down."""
    written = json.loads(path.read_text(encoding="utf-8"))
    return {
        system: {name: Role.model_validate(role) for name, role in roles.items()} for system, roles in written.items()
    }


def targets(cast: Cast) -> list[Target]:
    """Every operation of every system by every route; NotInTheCast for the first that nobody plays."""
    found = []
    for system in SYSTEMS.values():
        for name in system.operations:
            role = cast.get(system.name, {}).get(name)
            if role is None:
                missing = f"{system.name}/{name}"
                raise NotInTheCast(f"demo/data/cast.json has no entry for {missing}: add one, or it stays untried.")
            routes = system.routes if role.routes is None else role.routes
            found += [_target(role, system.name, route, name) for route in routes]
    return found


def _target(role: Role, system: str, route: str, operation: str) -> Target:
    alone = Target(system, route, operation)
    key = "FB-000001" if role.board else "1234567/1" if role.callback else "1234567"
    parts = operation_of(system, operation).parts_of(role.entry_for(alone, key, 1))
    return Target(system, route, operation, len(parts))


def _places(key: str) -> dict[str, str]:
    """The two places on the board that belong to this reference and to no other."""
    first = 2 * int(key.removeprefix("FB-"))
    return {**_place(first, "at_"), **_place(first + 1, "")}


def _place(number: int, prefix: str) -> dict[str, str]:
    """The place of that number: technicians who are never off, from a Monday that no test lives to see."""
    days, hour = divmod(number, len(_ALWAYS_THERE) * _SLOTS)
    weeks, weekday = divmod(days, 5)
    technician, slot = divmod(hour, _SLOTS)
    day = _FIRST_DAY + timedelta(weeks=weeks, days=weekday)
    told = {"technician": _ALWAYS_THERE[technician], "day": day.isoformat(), "slot": str(slot + 1)}
    return {f"{prefix}{name}": text for name, text in {**told, "screen_day": screen_date(day)}.items()}


def _filled(value: Any, marks: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for mark, text in marks.items():
            value = value.replace(f"{{{mark}}}", text)
        return value
    if isinstance(value, dict):
        return {name: _filled(inner, marks) for name, inner in value.items()}
    return [_filled(inner, marks) for inner in value] if isinstance(value, list) else value
