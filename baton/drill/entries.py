"""What is entered during a drill: several entries for each record, each of which stands on the one before it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from activities.items import Intent
from baton.sweep.cast import Cast, Role, Target
from systems.base import Entry
from systems.drills import OPERATIONS
from systems.registry import SYSTEMS, operation_of

ENTRIES_EACH = 5


class NotDrilled(Exception):
    """No drill can be had of this system; the message says why."""


@dataclass(frozen=True)
class Planned:
    """One entry: the `turn`-th of its record, from 0."""

    intent: Intent
    entry: Entry
    turn: int


@dataclass(frozen=True)
class Part:
    """The operation that a drill enters, and how an entry of it looks."""

    target: Target
    role: Role

    def turns(self, keys: list[str], items: int) -> Iterator[list[Planned]]:
        """The first entry of each record, then the second of each, and so on, until there are so many."""
        number = 0
        before: dict[str, dict[str, str] | None] = {}
        for turn in range(-(-items // len(keys))):
            planned = []
            for key in keys[: items - number]:
                number += 1
                planned.append(self._planned(key, number, turn, before))
            yield planned

    def _planned(self, key: str, number: int, turn: int, before: dict[str, dict[str, str] | None]) -> Planned:
        operation = operation_of(self.target.system, self.target.operation)
        entry = self.role.entry_for(self.target, key, number)
        stood = before.get(key, self.role.before_for(key, number))
        before[key] = operation.image(entry) if stood is not None else None
        item = uuid.uuid4()
        intent = Intent(
            id=item,
            system=self.target.system,
            operation=self.target.operation,
            kind=operation.kind,
            target_key=operation.target(entry),
            occurrence=f"drill/{turn}/{item}",
            content=entry.model_dump(mode="json"),
            before=stood,
            route=self.target.route,
        )
        return Planned(intent, entry, turn)


def part_of(cast: Cast, system: str) -> Part:
    """What is entered on that system; NotDrilled when there is nothing of the kind."""
    if system not in SYSTEMS:
        raise NotDrilled(f"There is no system called {system}. There are: {', '.join(sorted(SYSTEMS))}.")
    operation = OPERATIONS.get(system)
    if operation is None:
        raise NotDrilled(f"No drill is played on {system}, but on {', '.join(sorted(OPERATIONS))}.")
    return Part(Target(system, SYSTEMS[system].route, operation), cast[system][operation])
