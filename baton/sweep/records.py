"""The records that a sweep's entries are made on: each run has one of its own."""

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from baton.sweep.cast import Cast, Target

Post = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]

FIRST_ORDER = 5_000_000
ORDERS_EACH = 40_000
"""Order numbers for each operation of the cast."""
_SEEDED = {
    "street": "Hafenweg",
    "house_no": "1",
    "postcode": "28195",
    "city": "Bremen",
    "delivery_date": "17.11.2026",
    "window": "9",
}


class Records:
    """Hands out fresh records; `count` orders or bookings are made for each operation, `post` asks the service desk."""

    def __init__(self, cast: Cast, targets: Sequence[Target], count: int, post: Post) -> None:
        self._cast = cast
        names = dict.fromkeys((target.system, target.operation) for target in targets)
        self._firsts = {name: FIRST_ORDER + at * ORDERS_EACH for at, name in enumerate(names)}
        boards = [name for name in names if cast[name[0]][name[1]].board]
        self._boards = {name: 1 + at * count for at, name in enumerate(boards)}
        self._counters = {name: itertools.count() for name in names}
        self._count = count
        self._post = post

    def seeds(self) -> dict[str, list[dict[str, Any]]]:
        """What each demo system begins with, by its name."""
        return {"orderdesk": self.orders(), "fieldboard": self.bookings()}

    def orders(self) -> list[dict[str, Any]]:
        """The orders with which the order desk begins."""
        return [
            {**_SEEDED, "order_no": str(first + number), "customer_no": f"K-{first + number}", **role.order}
            for (system, operation), first in self._firsts.items()
            for role in [self._cast[system][operation]]
            if role.order is not None
            for number in range(self._count)
        ]

    def bookings(self) -> list[dict[str, Any]]:
        """The bookings with which the dispatch board begins."""
        return [
            role.booking_for(_reference(first + number))
            for (system, operation), first in self._boards.items()
            for role in [self._cast[system][operation]]
            if role.booking is not None
            for number in range(self._count)
        ]

    async def fresh(self, target: Target) -> str:
        """The key of a record that nothing has touched."""
        name = target.system, target.operation
        role, number = self._cast[target.system][target.operation], next(self._counters[name])
        if role.board:
            return _reference(self._boards[name] + number)
        if role.ticket is None:
            return str(self._firsts[name] + number)
        ticket = str((await self._post("/api/tickets", role.ticket))["id"])
        if role.callback is None:
            return ticket
        callback = await self._post(f"/api/tickets/{ticket}/callbacks", role.callback)
        return f"{ticket}/{callback['no']}"


def _reference(number: int) -> str:
    return f"FB-{number:06}"
