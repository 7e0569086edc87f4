"""What a thousand jobs leave behind on a machine: browsers without a bot, temporary files, memory."""

import asyncio
import time
from collections.abc import Collection, Sequence
from itertools import chain
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from baton.processes import GONE
from baton.sweep.stage import Stage
from baton.sweep.tower import Tower

SAMPLE_EVERY = 5.0
WARM_UP = 0.25
"""The share of the time in which caches fill, browsers get warm and memory still grows for good reasons."""
MEGABYTE = 1024 * 1024
DYING = 3.0
"""A browser whose bot was killed in the last moment ends by itself when its pipe breaks."""


class Hygiene(BaseModel):
    """What was left. `rss_slope_mb_per_hour` is that of a bot process that nobody kills, after its warm-up."""

    model_config = ConfigDict(frozen=True)

    orphans: int = 0
    temp_growth_mb: float = 0.0
    rss_first_mb: float = 0.0
    rss_last_mb: float = 0.0
    rss_slope_mb_per_hour: float = 0.0
    watched_seconds: float = 0.0


class Inspector:
    """Looks on during a soak; one bot process is spared, so that its memory can be followed."""

    def __init__(self) -> None:
        self.found = Hygiene()
        self._samples: list[tuple[float, float]] = []
        self._temp = 0

    async def watch(self, stage: Stage, tower: Tower) -> None:
        """Take a sample every few seconds."""
        spared = min(stage.bots.items())[1]
        tower.spare(spared)
        self._temp = await asyncio.to_thread(_size, *stage.temporary)
        began = time.monotonic()
        while psutil.pid_exists(spared):
            rss = psutil.Process(spared).memory_info().rss / MEGABYTE
            self._samples.append((time.monotonic() - began, rss))
            await asyncio.sleep(SAMPLE_EVERY)

    async def finish(self, stage: Stage) -> None:
        """Count what is left, while the bots still run."""
        await asyncio.sleep(DYING)
        orphans = orphans_of(psutil.Process(), stage.bots.values())
        growth = await asyncio.to_thread(_size, *stage.temporary) - self._temp
        steady = [sample for sample in self._samples if sample[0] >= WARM_UP * self._samples[-1][0]]
        self.found = Hygiene(
            orphans=len(orphans),
            temp_growth_mb=round(growth / MEGABYTE, 1),
            rss_first_mb=round(steady[0][1], 1),
            rss_last_mb=round(steady[-1][1], 1),
            rss_slope_mb_per_hour=round(slope(steady) * 3600, 1),
            watched_seconds=round(steady[-1][0] - steady[0][0], 1),
        )


def orphans_of(head: psutil.Process, bots: Collection[int]) -> list[psutil.Process]:
    """Browsers and drivers below `head` that no bot process holds any more."""
    return [process for process in head.children(recursive=True) if _is_hand(process) and not _held(process, bots)]


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """How fast the second of each pair grows with the first: the line of least squares."""
    if len(samples) < 2:
        return 0.0
    middle = sum(at for at, _ in samples) / len(samples)
    mean = sum(value for _, value in samples) / len(samples)
    spread = sum((at - middle) ** 2 for at, _ in samples)
    return sum((at - middle) * (value - mean) for at, value in samples) / spread


def _is_hand(process: psutil.Process) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        words = process.cmdline()
    except GONE:
        return False
    return "run-driver" in words or any(word.startswith(("--remote-debugging", "--user-data-dir=")) for word in words)


def _held(process: psutil.Process, bots: Collection[int]) -> bool:
    try:
        return any(parent.pid in bots for parent in process.parents())
    except GONE:
        return True


def _size(*folders: Path) -> int:
    total = 0
    for path in chain.from_iterable(folder.rglob("*") for folder in folders):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue
    return total
