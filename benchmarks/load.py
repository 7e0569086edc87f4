"""Who used the processors: CPU time of this process and all it has started, by kind. Steady where wall time is not."""

import psutil
from pydantic import BaseModel


class Cpu(BaseModel):
    """CPU seconds: Baton's or the peer's Python, the Temporal server, PostgreSQL."""

    python: float = 0.0
    temporal: float = 0.0
    postgres: float = 0.0

    def since(self, earlier: "Cpu") -> "Cpu":
        """What was used in between."""
        return Cpu(
            python=self.python - earlier.python,
            temporal=self.temporal - earlier.temporal,
            postgres=self.postgres - earlier.postgres,
        )

    def each(self, count: int) -> "Cpu":
        """Divided among so many."""
        return Cpu(python=self.python / count, temporal=self.temporal / count, postgres=self.postgres / count)


def used() -> Cpu:
    """As of now, over this process and its whole family."""
    found = Cpu()
    mine = psutil.Process()
    for process in [mine, *mine.children(recursive=True)]:
        try:
            times, name = process.cpu_times(), process.name()
        except psutil.NoSuchProcess:
            continue
        seconds = times.user + times.system
        if name.startswith("temporal"):
            found.temporal += seconds
        elif name.startswith("postgres"):
            found.postgres += seconds
        else:
            found.python += seconds
    return found
