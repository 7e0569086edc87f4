"""A system that was down is there again: what the beats of `ticks` do then, in the test's own process."""

import asyncio

from baton import wiring
from core import clock
from fallbacks.breaker import Patience
from fallbacks.health import Health, ways_of
from fallbacks.held_line import HeldLine
from fallbacks.probes import Probes
from systems.seating import Seatings
from systems.way import WayState
from tests.support.journey import Journey, listening
from tests.support.patience import PATIENCE

QUICK = Patience(calm_seconds=0.1, worried_seconds=0.1, probe_first=0.1, probe_longest=0.1)


async def mended(journey: Journey, system: str) -> None:
    """Its ways are resumed, probed and tried until all of them are up; nothing, where none was down."""
    health, seatings = Health(journey.database, QUICK), Seatings(journey.settings.systems_file)
    probes = Probes(health, wiring.probed_places(journey.settings), seatings)
    line, ways = HeldLine(journey.database, seatings), ways_of(system)
    async with asyncio.timeout(PATIENCE), listening(journey.database.url, 0.2) as notified:
        while [row for row in await health.standing(clock.now()) if row.way in ways and row.state is not WayState.UP]:
            await health.resume(ways, by="sam@example.org", why="it is back")
            await probes.run_once(clock.now())
            await line.run_once(clock.now())
            await notified()
