"""One suite over every operation of every route: the same promises, against the real demo systems."""

from typing import Any

import pytest

from bots.kit.conformance import PROMISES, Promise
from bots.kit.contract import Job, Route, RouteKey
from tests.bots.conformance.cast import PARTS, Part
from tests.bots.desks import Demo


class Practised:
    """One operation of the cast, on its running demo system."""

    def __init__(self, part: Part, demo: Demo, route: Route) -> None:
        self.route = route
        self.account = part.account
        self.unknown = part.unknown
        self._part = part
        self._demo = demo

    def fresh(self) -> str:
        """A record that no other test touches."""
        return self._part.fresh(self._demo)

    def job(self, key: str) -> Job:
        """A job on that record."""
        return self._part.job(key)

    def ledger(self, reference: str) -> list[dict[str, Any]]:
        """What the demo system committed."""
        return self._demo.ledger(reference)

    def faults(self, **switches: Any) -> None:
        """Switch its faults."""
        self._demo.faults(**switches)


@pytest.mark.parametrize("promise", PROMISES, ids=[promise.__name__ for promise in PROMISES])
@pytest.mark.parametrize("part", PARTS, ids=[f"{part.system}.{part.operation}.{part.route}" for part in PARTS])
async def test_every_route_keeps_every_promise(
    part: Part, promise: Promise, demos: dict[str, Demo], all_routes: dict[RouteKey, Route]
) -> None:
    """F07 among them: made once and found again, absent told apart, down said, no refusal after a commit, evidence."""
    await promise(Practised(part, demos[part.system], all_routes[part.way]))
