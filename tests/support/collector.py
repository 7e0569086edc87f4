"""A collector of OpenTelemetry: takes spans by OTLP over HTTP, as Jaeger and Tempo do, and knows what hangs on what."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.patience import PATIENCE
from tests.support.receiver import Receiver, receiving


@dataclass(frozen=True)
class Seen:
    """A span as it came in, and which part said it."""

    part: str
    span: Span

    @property
    def name(self) -> str:
        """What it is called."""
        return self.span.name

    @property
    def trace(self) -> str:
        """The trace it belongs to."""
        return self.span.trace_id.hex()

    @property
    def id(self) -> str:
        """Its own id."""
        return self.span.span_id.hex()

    @property
    def parent(self) -> str:
        """What it hangs on; empty at the root."""
        return self.span.parent_span_id.hex()

    @cached_property
    def marks(self) -> dict[str, str | int]:
        """What it says."""
        return _plain(self.span.attributes)

    @property
    def events(self) -> list[tuple[str, dict[str, str | int]]]:
        """What happened in it."""
        return [(one.name, _plain(one.attributes)) for one in self.span.events]


class Collector(Receiver):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(answer="200 OK")
        self._news = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, and whoever waits looks again."""
        await super().take(reader, writer)
        self._news.set()

    async def until(self, what: Callable[[], object]) -> None:
        """Wait until that holds, asked anew whenever something came in."""
        async with asyncio.timeout(PATIENCE):
            while not what():
                self._news.clear()
                await self._news.wait()

    def spans(self) -> list[Seen]:
        """Every span so far."""
        found = []
        for call in self.calls:
            assert call.path == "/v1/traces"
            for group in ExportTraceServiceRequest.FromString(call.body).resource_spans:
                part = str(_plain(group.resource.attributes)["service.name"])
                found += [Seen(part, span) for scope in group.scope_spans for span in scope.spans]
        return found

    def named(self, name: str) -> list[Seen]:
        """Those of that name."""
        return [one for one in self.spans() if one.name == name]

    def above(self, one: Seen) -> list[str]:
        """The names of what a span hangs on, up to the root; a parent that never came is called "missing"."""
        known = {(other.trace, other.id): other for other in self.spans()}
        names: list[str] = []
        while one.parent:
            if (one.trace, one.parent) not in known:
                return [*names, "missing"]
            one = known[one.trace, one.parent]
            names.append(one.name)
        return names


@asynccontextmanager
async def collecting(collector: Receiver) -> AsyncIterator[dict[str, str]]:
    """A collector on a port of its own, as the environment that leads a part to it."""
    async with receiving(collector) as address:
        yield {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100"}


def _plain(said: Iterable[KeyValue]) -> dict[str, str | int]:
    return {one.key: one.value.string_value or one.value.int_value for one in said}
