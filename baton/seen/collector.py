"""Where spans go: to a collector, by OTLP over HTTP, as OTEL_* say.

What leaves the process passes one gate, whoever made the span (ours, Temporal's SDK): marks that are not listed are
left out, of an exception its type alone stays. A collector that is away or hangs costs the work nothing: spans wait
in a queue of fixed length, a thread of its own sends them, and the log says once that they are lost.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import AttributeValue

from core import tracing

log = structlog.get_logger(__name__)

ALLOWED = tracing.MARKS | {
    *("temporalWorkflowID", "temporalRunID", "temporalActivityID"),
    *("http.request.method", "http.route", "http.response.status_code", "error.type"),
}
"""Of a span everything else stays in the process."""
OF_AN_EVENT = frozenset({"exception.type"})
LAST_SECONDS = 2.0
"""So long a part that ends waits for its last spans to be taken."""


@contextmanager
def sent(part: str) -> Iterator[None]:
    """Send the spans of this process for the length of a block; with settings that cannot be used, none, and say so."""
    try:
        provider = _provider(part)
    except (ValueError, OSError) as wrong:
        log.warning("tracing.off", why=str(wrong))
        yield
        return
    tracing.send_by(provider.get_tracer("baton"))
    try:
        yield
    finally:
        tracing.send_by(None)
        last = threading.Thread(target=provider.shutdown, daemon=True)  # alone it would wait for half a minute
        last.start()
        last.join(LAST_SECONDS)


def _provider(part: str) -> TracerProvider:
    called = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: f"baton-{part}"}
    provider = TracerProvider(resource=Resource.create(called), shutdown_on_exit=False)
    provider.add_span_processor(OfCase())
    provider.add_span_processor(BatchSpanProcessor(Gate(OTLPSpanExporter(), part)))
    return provider


class OfCase(SpanProcessor):
    """Each span says whose work it is: the correlation that the log's lines carry."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        """Mark it."""
        span.set_attributes(tracing.of_case())


class Gate(SpanExporter):
    """The only way out: leaves out what is not allowed, and says once when nobody takes it."""

    def __init__(self, exporter: SpanExporter, part: str) -> None:
        self._exporter = exporter
        self._log = log.bind(part=part)  # another thread knows nothing of what the process's lines carry
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send what may be sent."""
        try:
            came = self._exporter.export([sifted(span) for span in spans])
        except Exception as trouble:  # noqa: BLE001  (whatever a collector does, no trace is worth a piece of work)
            self._log.debug("tracing.trouble", kind=type(trouble).__name__)
            came = SpanExportResult.FAILURE
        away = came is not SpanExportResult.SUCCESS
        if away and not self._away:
            self._log.warning("tracing.collector_away", lost=len(spans))
        elif self._away and not away:
            self._log.info("tracing.collector_back")
        self._away = away
        return came

    def shutdown(self) -> None:
        """End what waits to be tried again."""
        self._exporter.shutdown()


def sifted(span: ReadableSpan) -> ReadableSpan:
    """The span with what may leave the process."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_of(span.attributes, ALLOWED),
        events=[Event(one.name, _of(one.attributes, OF_AN_EVENT), one.timestamp) for one in span.events],
        links=[Link(one.context) for one in span.links],
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _of(said: Mapping[str, AttributeValue] | None, names: frozenset[str]) -> dict[str, AttributeValue]:
    return {name: value for name, value in (said or {}).items() if name in names}
