"""Probes from outside any job: one read-only request to each way that is due, so that it is known to be there or not.

A beat of `ticks`, so that it goes on without Temporal. What a probe may ask is declared with its system, and no more.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import structlog

from core.faults import SystemDown, TooSlow, WrongApplication
from fallbacks.breaker import Source
from fallbacks.health import Health
from systems.probe import Probe
from systems.registry import SYSTEMS
from systems.seating import SeatingRefused, Seatings
from systems.way import Way

log = structlog.get_logger(__name__)

PROBE_SECONDS = 10.0
"""A page that takes longer than this is of no use to anybody who works there."""
READ_AT_MOST = 200_000
"""Bytes of an answer in which its mark is looked for."""


@dataclass(frozen=True)
class Place:
    """Where a system stands in one environment, and how a client reaches it (proxy, certificates)."""

    system: str
    environment: str
    address: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def ways(self) -> list[Way]:
        """Every way to it."""
        return [Way(self.system, self.environment, route) for route in SYSTEMS[self.system].routes]


class Probes:
    """Probes what is due, each way by itself.

    A beat waits `beat` seconds for them, or for all where that is None: one that hangs goes on by itself, its system is
    asked nothing more meanwhile, and it keeps no other waiting.
    """

    def __init__(
        self,
        health: Health,
        places: Sequence[Place],
        seatings: Seatings,
        seconds: float = PROBE_SECONDS,
        beat: float | None = None,
    ) -> None:
        self._health = health
        self._places = {way: place for place in places for way in place.ways}
        self._seatings = seatings
        self._seconds = seconds
        self._beat = beat
        self._under_way: dict[Way, asyncio.Task[None]] = {}

    async def run_once(self, now: datetime) -> int:
        """End what was out of use long enough, try what no probe reaches, then probe whatever is due; how many.

        What went wrong with our own records, now or since the last beat, is raised.
        """
        await self._health.expire()
        await self._health.try_unprobed(self._places)
        self._gather()
        open_now = [way for way in self._places if self._is_open(way, now)]
        due = [way for way in await self._health.due(open_now) if way not in self._under_way]
        begun = {way: asyncio.create_task(self._probe(way)) for way in due}
        self._under_way |= begun
        if begun:
            await asyncio.wait(begun.values(), timeout=self._beat)
        self._gather()
        return len(due)

    def _gather(self) -> None:
        """Those that have ended are under way no more."""
        ended = [way for way, task in self._under_way.items() if task.done()]
        for task in [self._under_way.pop(way) for way in ended]:
            task.result()

    async def _probe(self, way: Way) -> None:
        began = time.monotonic()
        code = await self._asked(self._places[way], SYSTEMS[way.system].probe_of(way.route))
        took = int((time.monotonic() - began) * 1000)
        await self._health.note(way, ok=not code, code=code, source=Source.PROBE, ms=took)

    async def _asked(self, place: Place, probe: Probe) -> str:
        """Send it once; the code of what was wrong with the answer, or nothing."""
        try:
            async with asyncio.timeout(self._seconds), httpx.AsyncClient(**place.options) as client:
                url = f"{place.address.rstrip('/')}{probe.path}"
                async with client.stream(probe.method, url, timeout=self._seconds) as answer:
                    return _judged(answer.status_code, await _beginning(answer), probe)
        except (TimeoutError, httpx.TimeoutException):
            return TooSlow.code
        except httpx.HTTPError:
            return SystemDown.code

    def _is_open(self, way: Way, now: datetime) -> bool:
        """Whether it works at this hour: a system that is closed for the night is not down."""
        try:
            return self._seatings.of(way.system, way.environment).windows.is_open(now)
        except SeatingRefused:
            return True


def _judged(status: int, text: str, probe: Probe) -> str:
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return SystemDown.code
    return WrongApplication.code if probe.expects and probe.expects not in text else ""


async def _beginning(answer: httpx.Response) -> str:
    read = bytearray()
    async for piece in answer.aiter_bytes():
        read += piece
        if len(read) >= READ_AT_MOST:
            break
    return read.decode(answer.encoding or "utf-8", "replace")
