"""What a part of `baton up` is: one process with its readiness, its way to stop and its place in the order."""

import enum
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from baton.ready import Clean, Ready


class Wave(enum.IntEnum):
    """The order of stopping: parts of a wave stop together, the next wave begins when the last one is gone."""

    FACES = 1
    WORKERS = 2
    DEMO = 3
    TEMPORAL = 4
    DATABASE = 5


# Seconds a wave gets before its parts are killed; their sum stays below the fifteen that stopping may take. A bot that
# has clicked waits up to eight seconds for its answer, so the workers get a little more.
PATIENCE: Mapping[Wave, float] = {
    Wave.FACES: 1.2,
    Wave.WORKERS: 8.6,
    Wave.DEMO: 1.4,
    Wave.TEMPORAL: 1.6,
    Wave.DATABASE: 1.2,
}


Check = Callable[[Callable[[str], None]], None]
"""Given somebody to say sentences to."""
Explain = Callable[[str], str]
BACK_OFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True)
class Part:
    """One process that the supervisor starts, watches and stops."""

    name: str
    argv: tuple[str, ...]
    ready: Ready
    wave: Wave = Wave.FACES
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: str = "-"  # "uid:gid", or "-" for the supervisor's own
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL  # what the kernel sends when the supervisor is killed
    clean: Clean | None = None  # blocking; before each start and after a kill: what the dead one left
    check: Check | None = None  # blocking; before each start: PartHeld for not yet, PartFailed for not at all
    explain: Explain | None = None  # what a line of its log says of why it ends; empty for most
    again_after: tuple[float, ...] = BACK_OFF  # seconds before it is started again: after one loss, two, and so on


class PartFailed(Exception):
    """A part did not become ready, or must not start; the message says why, or carries the last lines of its log."""


class PartHeld(PartFailed):
    """A part cannot start yet; it is looked at again. The message ends a sentence that begins with the part's name."""
