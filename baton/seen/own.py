"""The numbers that every part has of itself: what it needs, how late its loop runs, how much room its folder has."""

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Gauge, ProcessCollector

from baton.seen.health import Health

LOOKED_EACH = 0.5
"""Seconds between two looks at the loop."""
LOOKED_BACK = 60.0
"""The longest delay of so many seconds is told: a scrape comes rarer than a hiccup."""
HELD_UP = 5.0
"""A longer delay is told in words too; `deploy/alerts.yml` rings at the same."""


class LoopLag:
    """How late the loop woke somebody who wanted to be woken: what blocks it holds everything up."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._late: deque[tuple[float, float]] = deque()

    async def watch_forever(self) -> None:
        """Look again and again."""
        while True:
            wanted = self._monotonic() + LOOKED_EACH
            await asyncio.sleep(LOOKED_EACH)
            self.note(max(0.0, self._monotonic() - wanted))

    def note(self, late: float) -> None:
        """So late it was now."""
        now = self._monotonic()
        self._late.append((now, late))
        while now - self._late[0][0] > LOOKED_BACK:
            self._late.popleft()

    def longest(self) -> float:
        """The longest delay of the last minute."""
        return max((late for _, late in self._late), default=0.0)

    async def held_up(self) -> str:
        """A sentence when something held the loop up."""
        longest = self.longest()
        return f"It was held up for {longest:.0f} seconds at a time." if longest > HELD_UP else ""


def measure(health: Health, lag: LoopLag, folder: Path) -> None:
    """Have the part tell its own numbers."""
    ProcessCollector(registry=health.registry)
    reachable = Gauge(
        "baton_needed",
        "1 when what the part needs (or uses) is there, 0 when it is not.",
        ["what"],
        registry=health.registry,
    )
    late = Gauge(
        "baton_loop_lag_seconds", "Longest delay of the part's loop in the last minute.", registry=health.registry
    )
    late.set_function(lag.longest)
    free = Gauge("baton_disk_free_bytes", "Free room where the part's data folder lies.", registry=health.registry)
    size = Gauge("baton_disk_size_bytes", "Room in all where the part's data folder lies.", registry=health.registry)

    health.uses["loop"] = lag.held_up

    async def needed() -> None:
        _, said = await health.readiness()
        for what, reason in {**said["uses"], **said["needs"]}.items():
            reachable.labels(what).set(reason == "ok")

    async def room() -> None:
        found = await asyncio.to_thread(usage, folder)
        if found is not None:
            free.set(found[0])
            size.set(found[1])

    health.readings += [needed, room]


def usage(folder: Path) -> tuple[int, int] | None:
    """Free and total of the volume; the folder itself may not be there yet."""
    for place in (folder, *folder.parents):
        if place.exists():
            found = shutil.disk_usage(place)
            return found.free, found.total
    return None
