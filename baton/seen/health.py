"""How a part is: what it needs and what it only uses, each asked with a time limit, and answered with its reason."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from baton import ready

Check = Callable[[], Awaitable[str]]
"""Why it is not there, as a fixed sentence without names and addresses; empty when it is."""
Reading = Callable[[], Awaitable[object]]
"""What is read anew before the numbers are given out."""

ASKED_FOR = 2.0
"""Seconds that each question gets; a supervisor that asks waits rarely longer than three."""
STARTING = "It is still starting."


class Health:
    """The health of one part. `needs`: without these it cannot work; `uses`: without these it does what it can."""

    def __init__(self, part: str, needs: Mapping[str, Check], uses: Mapping[str, Check] | None = None) -> None:
        self.part = part
        self.registry = CollectorRegistry(auto_describe=False)
        self.needs, self.uses = dict(needs), dict(uses or {})
        self.readings: list[Reading] = []
        self._begun = False

    def begun(self) -> None:
        """Called once it does its work; also tells `baton up`."""
        self._begun = True
        ready.tell()

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether it can do its work, and what is missing, as /readyz answers it."""
        names = [*self.needs, *self.uses]
        asked = await asyncio.gather(*(_asked(check) for check in (*self.needs.values(), *self.uses.values())))
        said = dict(zip(names, asked, strict=True))
        needs = {**{name: said[name] for name in self.needs}, "work": "" if self._begun else STARTING}
        is_ready = not any(needs.values())
        return is_ready, {
            "part": self.part,
            "ready": is_ready,
            "needs": _shown(needs),
            "uses": _shown({name: said[name] for name in self.uses}),
        }

    async def metrics(self) -> bytes:
        """The numbers in Prometheus' text form; what cannot be read in time is missing."""
        await asyncio.gather(*(reading() for reading in self.readings))
        return generate_latest(self.registry)


async def _asked(check: Check) -> str:
    try:
        async with asyncio.timeout(ASKED_FOR):
            return await check()
    except TimeoutError:
        return f"No answer within {ASKED_FOR:g} seconds."


def _shown(said: Mapping[str, str]) -> dict[str, str]:
    return {name: reason or "ok" for name, reason in said.items()}
