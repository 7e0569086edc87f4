"""Where a trace begins: at what somebody sends to the console, and at each row of a file."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id
from sqlmodel import select
from structlog.testing import capture_logs

from core import tracing
from records.outbox import OutboxRow
from tests.console.conftest import Console
from tests.console.test_files import checked, finished, rows


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans of this process."""
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing.send_by(provider.get_tracer("test"))
    yield kept
    tracing.send_by(None)


def said(spans: InMemorySpanExporter) -> list[tuple[str, dict[str, Any]]]:
    return [(one.name, dict(one.attributes or {})) for one in spans.get_finished_spans()]


async def test_each_row_of_a_file_has_a_line_and_a_trace(
    ops: httpx.AsyncClient, console: Console, spans: InMemorySpanExporter
) -> None:
    """Before Temporal hears of it the log names its case; its own trace points at the request that started the file."""
    with capture_logs() as lines:
        place = await checked(ops, rows(3))
        await ops.post(f"{place}/starts")
        await finished(console, place)

    async with console.database.session() as session:
        begun = {row.workflow_id: row.traceparent for row in await session.exec(select(OutboxRow))}
    assert [line["correlation"] for line in lines if line["event"] == "case.kept"] == sorted(begun)
    (start,) = [one for one in spans.get_finished_spans() if one.name == "POST /files/{file_id}/starts"]
    of_rows = [one for one in spans.get_finished_spans() if one.name == "row of a file"]
    traces = [format_trace_id(one.context.trace_id) for one in of_rows]
    assert [dict(one.attributes or {})["baton.correlation"] for one in of_rows] == sorted(begun)
    assert [begun[name].split("-")[1] for name in sorted(begun)] == traces
    assert len({*traces, format_trace_id(start.context.trace_id)}) == 4
    assert {link.context.trace_id for one in of_rows for link in one.links} == {start.context.trace_id}


async def test_a_request_is_named_by_its_route(ops: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    """Neither an address, which may hold a customer's link, nor what only reads makes a span of its own."""
    await ops.get("/intake")
    await ops.post("/answers/a-secret-token")
    await ops.post("/no-such-page/greta")
    await ops.post("/cases/FD-000001/presences")

    names = [name for name, _ in said(spans)]
    assert names == ["POST /answers/{token}", "POST"]
    assert not any("secret" in str(marks) or "greta" in str(marks) for _, marks in said(spans))


async def test_what_begins_a_trace_elsewhere_is_not_believed(
    ops: httpx.AsyncClient, spans: InMemorySpanExporter
) -> None:
    """A `traceparent` that somebody sends along neither joins a trace nor keeps one from being told."""
    theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

    await ops.post("/failed-deliveries", headers={"traceparent": theirs})

    (one,) = spans.get_finished_spans()
    assert format_trace_id(one.context.trace_id) not in theirs
