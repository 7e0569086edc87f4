"""What Temporal's SDK counts in this process, given out with the part's own numbers: one port, one target.

The SDK can serve its numbers itself, on a second port that must be chosen before anybody knows whether it is free. Its
buffer is emptied here instead, and what could grow without end (a label that Baton does not know, ever new names of
workflows) is left out.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from temporalio.runtime import (
    BUFFERED_METRIC_KIND_COUNTER,
    BUFFERED_METRIC_KIND_GAUGE,
    BufferedMetricUpdate,
    LoggingConfig,
    MetricBuffer,
    MetricBufferDurationFormat,
    Runtime,
    TelemetryConfig,
)

LABELS = (
    *("task_queue", "workflow_type", "activity_type", "poller_type", "worker_type"),
    *("failure_reason", "operation", "status_code"),
)
"""Labels of the SDK that are passed on; all come from code, none from a case."""
MOST_SERIES = 2_000
"""Somebody can start workflows of made-up types from Temporal's own screens; no more series than this are kept."""
BUFFERED = 100_000
EMPTIED_EACH = 1.0
FAILED_TASK = "temporal_workflow_task_execution_failed"
STILL_TOLD_SECONDS = 15 * 60
"""Temporal tries a failing workflow task again at least each ten minutes: without one for so long it is over."""
Key = tuple[str, tuple[str, ...]]


class EngineMetrics(Collector):
    """The SDK's numbers of this process. `installed` before the first client is made."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kinds: dict[str, int] = {}
        self._totals: dict[Key, list[float]] = {}
        self._failed: deque[tuple[float, float]] = deque(maxlen=BUFFERED)
        self._buffer: MetricBuffer | None = None

    @classmethod
    def installed(cls) -> "EngineMetrics":
        """With a runtime of its own, which every client and worker of this process then uses."""
        made = cls()
        made._buffer = MetricBuffer(BUFFERED, MetricBufferDurationFormat.SECONDS)
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig.default, metrics=made._buffer)))
        return made

    async def empty_forever(self) -> None:
        """Empty the buffer again and again: what does not fit in it would be lost."""
        while True:
            self.empty()
            await asyncio.sleep(EMPTIED_EACH)

    def empty(self) -> None:
        """Take what the SDK has counted since."""
        if self._buffer is not None:
            self.take(self._buffer.retrieve_updates())

    def take(self, updates: Sequence[BufferedMetricUpdate]) -> None:
        """Add to what was counted before."""
        for update in updates:
            name, kind, value = update.metric.name, int(update.metric.kind), float(update.value)
            key = (name, tuple(str(update.attributes.get(label, "")) for label in LABELS))
            if key not in self._totals and len(self._totals) >= MOST_SERIES:
                continue
            self._kinds[name] = kind
            total = self._totals.setdefault(key, [0.0, 0.0])
            total[0] = value if kind == BUFFERED_METRIC_KIND_GAUGE else total[0] + value
            total[1] += 1
            if name == FAILED_TASK:
                self._failed.append((self._monotonic(), value))

    async def failing_tasks(self) -> str:
        """A sentence while workflow tasks fail, for /readyz; empty when none did lately."""
        self.empty()
        while self._failed and self._monotonic() - self._failed[0][0] > STILL_TOLD_SECONDS:
            self._failed.popleft()
        count = sum(value for _, value in self._failed)
        return f"{count:g} workflow tasks failed in the last {STILL_TOLD_SECONDS // 60} minutes." if count else ""

    def collect(self) -> Iterable[Metric]:
        """Everything, by name."""
        self.empty()
        families: dict[str, Metric] = {}
        for (name, values), (total, count) in sorted(self._totals.items()):
            if name not in families:
                families[name] = _family(name, self._kinds[name])
            used = {label: value for label, value in zip(LABELS, values, strict=True) if value}
            _add(families[name], used, total, count)
        return families.values()


def _family(name: str, kind: int) -> Metric:
    said = "Counted by Temporal's SDK."
    if kind == BUFFERED_METRIC_KIND_COUNTER:
        return CounterMetricFamily(name, said)
    if kind == BUFFERED_METRIC_KIND_GAUGE:
        return GaugeMetricFamily(name, said)
    return SummaryMetricFamily(name, said)


def _add(family: Metric, labels: dict[str, str], total: float, count: float) -> None:
    if family.type == "summary":
        family.add_sample(f"{family.name}_count", labels, count)
        family.add_sample(f"{family.name}_sum", labels, total)
    else:
        family.add_sample(f"{family.name}_total" if family.type == "counter" else family.name, labels, total)
