"""Every operation of every route, with a job that fits it: what the conformance suite runs over, as the sweep does."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from baton.sweep import cast
from baton.sweep.cast import Role, Target
from bots.kit.contract import Job, RouteKey
from systems.base import Entry
from systems.registry import SYSTEMS, operation_of
from tests.bots.desks import Demo

_numbers = itertools.count(1001)
NUMBER = 12
"""The number in what is keyed: a refund of 12,50, the house 12."""


@dataclass(frozen=True)
class Part:
    """One operation of one system: a key that exists, one that does not, and an entry for a key."""

    system: str
    operation: str
    account: str
    entry: Callable[[str], Entry]
    fresh: Callable[[Demo], str]
    unknown: str | None = None
    route: str = "bot"

    @property
    def way(self) -> RouteKey:
        """The route that it goes by."""
        return RouteKey(self.system, self.route)

    def job(self, key: str) -> Job:
        """A job on that key, with a reference of its own."""
        operation = operation_of(self.system, self.operation)
        return Job.of(operation, self.entry(key), f"BTN-TEST{next(_numbers):05}")


def _part(role: Role, target: Target) -> Part:
    account = SYSTEMS[target.system].accounts_of(target.route)[0]
    fresh, unknown = _record(role)
    return Part(
        target.system,
        target.operation,
        account,
        lambda key: role.entry_for(target, key, NUMBER),
        fresh,
        unknown,
        target.route,
    )


def _record(role: Role) -> tuple[Callable[[Demo], str], str | None]:
    """How to come by a record for it, and the key of one that is not there."""
    if role.booking is not None:
        return Demo.fresh_booking, "FB-999999"
    if role.board:
        return lambda _: f"FB-{next(_numbers):06}", None
    if role.order is not None:
        return Demo.fresh_order, "9999999"
    if role.callback is not None:
        return Demo.fresh_callback, "T-999999/C-1"
    if role.ticket is not None:
        return Demo.fresh_ticket, "T-999999"
    return lambda _: f"FD-{next(_numbers):06}", None


_CAST = cast.read()
PARTS = [_part(_CAST[target.system][target.operation], target) for target in cast.targets(_CAST)]


def part_of(system: str, operation: str, route: str = "bot") -> Part:
    """That operation by that route."""
    return next(part for part in PARTS if (part.system, part.operation, part.route) == (system, operation, route))
