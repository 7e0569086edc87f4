"""Spans of the work, from the form to the screen: what every room says of it, without effect until a part sends them.

A trace is read by everybody who runs the machines, so nothing of customers, people or secrets stands in it: a span has
the marks that are listed here and no other (`baton/seen/tracing.py` lets nothing else out), and a trouble is its type.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NoOpTracer, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict, WrappedLogger

PREFIX = "baton."
MARKS = frozenset(
    PREFIX + name
    for name in ("correlation", "journey", "workflow", "system", "way", "step", "attempt", "outcome", "code")
)
"""What a span may say: whose work it is, where, how often it was tried, and how it ended."""
PROPAGATOR = TraceContextTextMapPropagator()
"""The W3C's `traceparent` alone: what others hang on a trace (`baggage`) goes no further."""

_DIGITS = re.compile(r"\d+")


class _Sent:
    """To whom this process says its spans: nobody, until a part has been told of a collector."""

    def __init__(self) -> None:
        self.tracer: Tracer = NoOpTracer()
        self.on = False


_sent = _Sent()


def send_by(tracer: Tracer | None) -> None:
    """From now on the spans of this process go by that tracer; None: nowhere."""
    _sent.tracer, _sent.on = tracer or NoOpTracer(), tracer is not None


def tracer() -> Tracer | None:
    """By what the spans of this process go; None when nobody wants them."""
    return _sent.tracer if _sent.on else None


@contextmanager
def span(
    name: str, *, parent: str = "", alone: bool = False, kind: SpanKind = SpanKind.INTERNAL, **marks: str | int
) -> Iterator[None]:
    """A span for the length of a block, current in it; what leaves the block as an exception stands there by its type.

    `parent`: the `traceparent` that it hangs on, in place of the current span. `alone`: it begins a trace, which points
    at the current span. `name` and `marks` are our own words and ids, never what somebody typed.
    """
    if not _sent.on:
        yield
        return
    context, links = _placed(parent, alone=alone)
    with _sent.tracer.start_as_current_span(
        name,
        context,
        kind,
        _named(marks),
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield
        except Exception as trouble:
            made.set_attribute("error.type", type(trouble).__name__)
            made.set_status(Status(StatusCode.ERROR))
            raise


def _placed(parent: str, *, alone: bool) -> tuple[Context | None, list[Link]]:
    if alone:
        current = trace.get_current_span().get_span_context()
        return Context(), [Link(current)] if current.is_valid else []
    return PROPAGATOR.extract({"traceparent": parent}) if parent else None, []


def note(**marks: str | int) -> None:
    """Say more of the current span."""
    trace.get_current_span().set_attributes(_named(marks))


def about(correlation: str) -> None:
    """From here on the lines and spans of this request are about that case."""
    structlog.contextvars.bind_contextvars(correlation=correlation)
    trace.get_current_span().set_attributes(of_case())


def _named(marks: dict[str, str | int]) -> dict[str, str | int]:
    return {PREFIX + name: value for name, value in marks.items() if value != ""}


def traceparent() -> str:
    """The current span as another process can hang its own on it; empty when there is none."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    return carrier.get("traceparent", "")


def steps(taken: Sequence[dict[str, float | str]], began: float) -> None:
    """A span for each step of a job that ends now; `at_seconds` counts from `began`, of the monotonic clock."""
    current = trace.get_current_span()
    if not current.is_recording():
        return
    now, spent = time.time_ns(), time.monotonic() - began
    first = now - int(spent * 1e9)
    moments = [first + int(float(one["at_seconds"]) * 1e9) for one in taken]
    for one, at, end in zip(taken, moments, [*moments[1:], now], strict=True):
        name = plain(str(one["step"]))
        _sent.tracer.start_span(f"step {name}", start_time=at, attributes=_named({"step": name})).end(max(at, end))


def plain(step: str) -> str:
    """A step's name without what a page may have put into it: what follows a colon, and numbers."""
    return _DIGITS.sub("#", step.partition(":")[0])[:60]


def in_log(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For structlog: the trace and span that a line belongs to."""
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        event["trace_id"] = trace.format_trace_id(current.trace_id)
        event["span_id"] = trace.format_span_id(current.span_id)
    return event


def of_case() -> dict[str, Any]:
    """Whose work is done here, as the log's lines say it."""
    bound = structlog.contextvars.get_contextvars()
    correlation = str(bound.get("correlation", ""))
    journey = correlation.rpartition("/")[0]
    return _named({"correlation": correlation, "journey": journey, "workflow": str(bound.get("workflow", ""))})
