"""Whether the beats beat: when each was last called, and when it last did its work."""

import time
from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

GRACE = 60.0
"""A beat may take its time, and a busy machine too: silent is one that is so much later than three of its intervals."""


class Pulse(Collector):
    """The beats of this process, by a clock that does not jump."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._intervals: dict[str, float] = {}
        self._called: dict[str, float] = {}
        self._done: dict[str, float] = {}

    def expect(self, beat: str, seconds: float) -> None:
        """From now on it should beat."""
        self._intervals[beat] = seconds
        self._called[beat] = self._done[beat] = self._monotonic()

    def called(self, beat: str) -> None:
        """The scheduler called it, and it came back: whether or not it was this process's turn, or it could work."""
        self._called[beat] = self._monotonic()

    def done(self, beat: str) -> None:
        """It did its work."""
        self._done[beat] = self._monotonic()

    async def silent(self) -> str:
        """A sentence when the scheduler calls a beat no more, for /readyz; the longest silence first."""
        now = self._monotonic()
        late = [(now - at, beat) for beat, at in self._called.items() if now - at > 3 * self._intervals[beat] + GRACE]
        if not late:
            return ""
        return "Silent: " + ", ".join(f"{beat} for {since:.0f} seconds" for since, beat in sorted(late, reverse=True))

    def collect(self) -> Iterable[Metric]:
        """How long each has not done its work, and how often it should. Of several processes one does it."""
        now = self._monotonic()
        silent = GaugeMetricFamily("baton_beat_silent_seconds", "Since this process last did it.", labels=["beat"])
        interval = GaugeMetricFamily("baton_beat_interval_seconds", "How often it is due.", labels=["beat"])
        for beat, seconds in self._intervals.items():
            silent.add_metric([beat], now - self._done[beat])
            interval.add_metric([beat], seconds)
        return (silent, interval)
