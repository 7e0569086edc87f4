"""Whether this process was paused: a job that slept must not click, for the world went on without it."""

import time
from dataclasses import dataclass

PAUSE_LIMIT_SECONDS = 4.0
"""A job that has not run for longer than this was paused and must not click."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


@dataclass(frozen=True)
class Instant:
    """A moment by three clocks, for each kind of pause stops another one.

    A stopped process sees all three go on. While a machine sleeps its monotonic clock stands still, the one since boot
    does not. While a virtual machine is frozen both stand still, and only the wall clock jumps when it wakes.
    """

    monotonic: float
    boot: float
    wall: float

    @classmethod
    def now(cls) -> "Instant":
        """This moment."""
        monotonic = time.monotonic()
        boot = monotonic if _BOOT is None else time.clock_gettime(_BOOT)
        return cls(monotonic, boot, time.time())

    def until(self, later: "Instant") -> float:
        """Seconds that went by, by the clock that saw the most; one that was set back counts for nothing."""
        return max(later.monotonic - self.monotonic, later.boot - self.boot, later.wall - self.wall)
