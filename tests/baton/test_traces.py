"""Spans of a process: none unless a collector is named, nothing of anybody in them, no harm when nobody takes them."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from sqlmodel import col, select
from structlog.testing import capture_logs
from temporalio.client import Client
from temporalio.worker import Replayer, Worker

from activities.correlation import Correlated
from activities.edge import FaultEdge
from baton import wiring
from baton.seen import traces
from baton.seen.collector import Gate
from core import clock, tracing
from records.database import Database
from records.intake import hand_in
from records.outbox import OutboxRow
from tests.support.collector import Collector, collecting
from tests.support.journey import handed, report_of
from tests.support.processes import Program
from tests.support.receiver import Receiver, receiving
from tests.support.seen_parts import NOBODY, environment, heard, running
from tests.support.servers import Temporal
from tests.support.traced_work import SECRET, Entry, Keying, key_in

SAMPLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Silent(Receiver):
    """A collector that takes connections and never says a word."""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read until whoever waits gives up."""
        await reader.read()
        writer.close()


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """One that the spans of this process go to."""
    collector = Collector()
    async with collecting(collector) as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        with traces.sent("test"):
            yield collector


async def _worked(temporal: Temporal, case: str, word: str) -> Client:
    """Carry one through, as relay and worker do."""
    client = await Client.connect(temporal.address, namespace=temporal.namespace, interceptors=traces.of_clients())
    async with Worker(
        client,
        task_queue=case,
        workflows=[Keying, Entry],
        activities=[key_in],
        workflow_runner=wiring.workflow_runner(),
        interceptors=[Correlated(), *traces.of_workers(), FaultEdge()],
    ):
        with tracing.span("form", alone=True, correlation=case):
            handle = await client.start_workflow(Keying.run, word, id=case, task_queue=case)
        await handle.result()
    return client


async def test_a_trouble_is_told_by_its_type_alone(temporal: Temporal, collector: Collector) -> None:
    """What failed stands in its span by type and code; neither its words nor where it happened leave the process."""
    case = f"failed-delivery/{uuid.uuid4()}"

    await _worked(temporal, case, "fail")
    await collector.until(lambda: collector.named("CompleteWorkflow:Keying") and collector.named("form"))

    failed = collector.named("RunActivity:key_in")[0]
    assert failed.marks["baton.code"] == "unforeseen"
    assert failed.span.status.code == failed.span.status.STATUS_CODE_ERROR
    assert failed.events == [("exception", {"exception.type": "temporalio.exceptions.ApplicationError"})]
    assert SECRET.encode() not in b"".join(call.body for call in collector.calls)


async def test_a_replay_makes_no_span_and_minds_none(temporal: Temporal, collector: Collector) -> None:
    """A history with our headers replays, with and without tracing, and is not told again."""
    case = f"failed-delivery/{uuid.uuid4()}"
    client = await _worked(temporal, case, "go")
    await collector.until(lambda: collector.named("CompleteWorkflow:Keying") and collector.named("form"))
    history = await client.get_workflow_handle(case).fetch_history()

    for interceptors in ([Correlated(), *traces.of_workers()], [Correlated()]):
        replayer = Replayer(workflows=[Keying], interceptors=interceptors, workflow_runner=wiring.workflow_runner())
        await replayer.replay_workflow(history)
    with tracing.span("last", alone=True):
        pass
    await collector.until(lambda: collector.named("last"))

    assert len(collector.named("RunWorkflow:Keying")) == 1
    assert len(collector.named("StartActivity:key_in")) == 2


async def test_each_row_of_a_file_is_a_trace_of_its_own(temporal: Temporal, collector: Collector) -> None:
    """An entry that a file's workflow begins points at the file's trace and does not make it longer."""
    case = f"legacy-entry/{uuid.uuid4()}"

    await _worked(temporal, case, "go")
    await collector.until(lambda: collector.named("CompleteWorkflow:Entry") and collector.named("form"))

    (form,), (begun,) = collector.named("form"), collector.named("StartChildWorkflow:Entry")
    (ran,) = collector.named("RunWorkflow:Entry")
    assert begun.trace == ran.trace != form.trace
    assert (collector.above(begun), collector.above(ran)) == ([], ["StartChildWorkflow:Entry"])
    assert [link.trace_id.hex() for link in begun.span.links] == [form.trace]


@pytest.mark.parametrize("collector_is", ["hanging", "gone"])
async def test_work_goes_on_when_nobody_takes_spans(
    collector_is: str, database_url: str, temporal: Temporal, tmp_path: Path
) -> None:
    """Ticks hand work to Temporal while their collector hangs or is gone; the log says so once, and they end."""
    database, silent = Database(database_url, pool_size=1), Silent()
    async with receiving(silent) as address:
        env = {
            **environment(database_url, temporal.address, tmp_path),
            "TEMPORAL_NAMESPACE": temporal.namespace,
            "OTEL_EXPORTER_OTLP_ENDPOINT": address if collector_is == "hanging" else f"http://{NOBODY}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with running("ticks", env) as ticks:
            await _kept(database, "4700123")
            await asyncio.to_thread(ticks.says, "tracing.collector_away")
            with heard(ticks):
                await _kept(database, "4700124")
                await _told(database, 2)
            assert sum("collector_away" in line for line in ticks.said) == 1
            assert not any("Traceback" in line or "opentelemetry" in line for line in ticks.said)
    await database.close()


async def _kept(database: Database, order_no: str) -> None:
    async with database.session() as session:
        await hand_in(session, handed(report_of(order_no)), clock.now())


async def _told(database: Database, many: int) -> None:
    found: list[OutboxRow] = []
    while len(found) < many:
        async with database.session() as session:
            found = list(await session.exec(select(OutboxRow).where(col(OutboxRow.sent_at).is_not(None))))


async def test_a_collector_that_comes_back_is_told_once() -> None:
    """Away is said at the first batch that is lost, back at the first that is taken."""
    collector = Collector()
    async with receiving(collector) as address:
        exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces", timeout=1)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(Gate(exporter, "test")))
        tracer = provider.get_tracer("test")
        with capture_logs() as lines:
            for answer in ("400 Bad Request", "404 Not Found", "200 OK", "200 OK"):
                collector.answer = answer
                await asyncio.to_thread(lambda: tracer.start_span("work").end())
        provider.shutdown()

    said = [(line["event"], line["log_level"]) for line in lines]
    assert said == [("tracing.collector_away", "warning"), ("tracing.collector_back", "info")]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({}, "off"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, "off"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, "off"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, "off"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "off, and said"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "on"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, "on"),
    ],
)
def test_the_standard_s_variables_say_whether_spans_are_sent(named: dict[str, str], told: str) -> None:
    """Nothing but OTEL_* counts; a protocol that is not spoken is said."""
    with capture_logs() as lines:
        on = traces.wanted(named)

    assert ("on" if on else "off, and said" if lines else "off") == told


def test_nothing_is_loaded_when_no_collector_is_named() -> None:
    """A part without traces carries none of the SDK's weight."""
    asks = "import sys, baton.worker, baton.bots_worker, baton.console_server, baton.ticks;"
    with Program("-c", f"{asks} print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])") as program:
        program.says("[]")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("fill the form", "fill the form"),
        ("find, page 2", "find, page #"),
        ("blocked: asking for Greta", "blocked"),
        ("read order 4711234", "read order #"),
    ],
)
def test_a_step_s_name_leaves_without_what_a_page_put_into_it(step: str, said: str) -> None:
    """What follows a colon, and numbers, stay here."""
    assert tracing.plain(step) == said


def test_without_traces_a_span_is_nothing() -> None:
    """No trace is begun, handed on or stored."""
    with tracing.span("work", parent=SAMPLE, attempt=1):
        tracing.note(outcome="done")
        handed_on = tracing.traceparent()

    assert handed_on == ""
    assert [*traces.of_workers(), *traces.of_clients()] == []
