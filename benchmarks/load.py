"""Who used the processors: CPU time of this process and all it has started, by part. Steady where wall time is not."""

import psutil
from pydantic import BaseModel

PARTS = ("worker", "systems", "client", "temporal", "postgres")
"""Workflows and records; bots or what stands for them; intake, relay and clients; the two servers."""


class Cpu(BaseModel):
    """CPU seconds by part."""

    worker: float = 0.0
    systems: float = 0.0
    client: float = 0.0
    temporal: float = 0.0
    postgres: float = 0.0

    def since(self, earlier: "Cpu", count: int) -> "Cpu":
        """What was used in between, divided among so many."""
        return Cpu(**{part: (getattr(self, part) - getattr(earlier, part)) / count for part in PARTS})

    @property
    def total(self) -> float:
        """All parts."""
        return sum(float(getattr(self, part)) for part in PARTS)


def used() -> Cpu:
    """As of now, over this process and its whole family."""
    seconds = dict.fromkeys(PARTS, 0.0)
    mine = psutil.Process()
    for process in [mine, *mine.children(recursive=True)]:
        try:
            times, part = process.cpu_times(), _part(process)
        except psutil.NoSuchProcess:
            continue
        seconds[part] += times.user + times.system
    return Cpu(**seconds)


def _part(process: psutil.Process) -> str:
    name, last = process.name(), process.cmdline()[-1:]
    if name.startswith(("temporal", "postgres")):
        return "temporal" if name.startswith("temporal") else "postgres"
    return last[0] if last and last[0] in PARTS else "client"
