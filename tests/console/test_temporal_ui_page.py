"""docs/temporal_ui.md: every query and every command on the page is run against a real server."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from baton.codec import AesGcmCodec, data_converter
from baton.payload_keys import KeyRing
from baton.temporal_server import RETENTION, find_binary
from console.app import create_app
from records import access
from tests.conftest import ROOT
from tests.console.conftest import NOW, Console
from tests.support.patience import PATIENCE
from tests.support.served import served
from tests.support.servers import Temporal

PAGE = (ROOT / "docs" / "temporal_ui.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^\| [^|`]+ \| `(.+)` \|$", PAGE, re.MULTILINE)
COMMANDS = re.findall(r"^temporal .+$", PAGE, re.MULTILINE)
CASE = "failed-delivery/FD-000123"
SECRET = "Ada Lovelace, 12 Analytical Row"
KEY = b"k" * 32
STUCK = next(query for query in QUERIES if "TemporalReportedProblems" in query)
STAGE = SearchAttributeKey.for_keyword("BatonStage")


@workflow.defn(name="FailedDeliveryWorkflow")
class Standing:
    """A case that waits until somebody ends it."""

    def __init__(self) -> None:
        self.over = False

    @workflow.run
    async def run(self, told: str) -> str:
        """Wait."""
        await workflow.wait_condition(lambda: self.over)
        return told

    @workflow.signal
    def finish(self) -> None:
        """End."""
        self.over = True


@workflow.defn(name="FailedDeliveryWorkflow")
class Broken:
    """The same case in the hands of a build that cannot take a step."""

    @workflow.run
    async def run(self, told: str) -> str:
        """Fail the task, not the case."""
        raise RuntimeError("a build that does not fit")


@asynccontextmanager
async def standing(temporal: Temporal, code: type = Standing) -> AsyncIterator[Client]:
    """A namespace with one case in it, encrypted, and a worker."""
    converter = data_converter(KEY)
    client = await Client.connect(temporal.address, namespace=temporal.namespace, data_converter=converter)
    async with Worker(client, task_queue="baton", workflows=[code], workflow_runner=UnsandboxedWorkflowRunner()):
        found = TypedSearchAttributes([SearchAttributePair(STAGE, "with_service")])
        await client.start_workflow(
            "FailedDeliveryWorkflow", SECRET, id=CASE, task_queue="baton", search_attributes=found
        )
        yield client


async def run(temporal: Temporal, command: str, **environment: str) -> str:
    """What a shell makes of one line of the page."""
    line = command.replace("temporal ", f"{find_binary()} ", 1)
    known = {"TEMPORAL_ADDRESS": temporal.address, "TEMPORAL_NAMESPACE": temporal.namespace, "HOME": "/nonexistent"}
    piped = asyncio.subprocess.PIPE
    made = await asyncio.create_subprocess_shell(line, stdout=piped, stderr=piped, env={**known, **environment})
    out, err = await asyncio.wait_for(made.communicate(), PATIENCE)
    assert made.returncode == 0, err.decode()
    return out.decode()


def test_the_page_is_not_read_past() -> None:
    """The patterns of these tests find what the page has, so that a changed table does not empty them."""
    assert (len(QUERIES), len(COMMANDS)) == (PAGE.count("` |\n"), PAGE.count("\ntemporal "))


async def test_every_query_is_one_that_temporal_takes(temporal: Temporal) -> None:
    """No query names an attribute that is not there, in lists and in counts."""
    for query in QUERIES:
        await temporal.client.count_workflows(query)
        async for _ in temporal.client.list_workflows(query):
            pass

    assert QUERIES


async def test_every_command_does_what_it_says(temporal: Temporal, console: Console) -> None:
    """Each line runs as it stands, on a case that stands at a desk; with a codec it shows what was written."""
    app = create_app(replace(console.parts, payloads=AesGcmCodec(KeyRing([KEY]))))
    async with console.database.session() as session:
        token = await access.create_token(session, "it@example.org", "terminal", timedelta(days=1), NOW)

    async with served(app) as address, standing(temporal):
        here = [command.replace("http://127.0.0.1:8400", address) for command in COMMANDS]
        said = [await run(temporal, command, BATON_TOKEN=token) for command in here]

    decoded = base64.b64encode(f'"{SECRET}"'.encode()).decode()
    clear = [decoded in one for one in said]
    assert clear == ["--codec-endpoint" in command for command in COMMANDS]


async def test_a_stuck_task_is_found(temporal: Temporal) -> None:
    """A case whose build cannot take a step is found by the page's query, and by no query of ended ones."""
    async with standing(temporal, Broken) as client, asyncio.timeout(PATIENCE):
        while not (await client.count_workflows(STUCK)).count:
            pass
        ended = await client.count_workflows('ExecutionStatus IN ("Terminated", "Canceled")')

    assert ended.count == 0


async def test_a_stray_message_changes_nothing(temporal: Temporal) -> None:
    """An Update that nobody knows is refused, a signal that nobody knows is left lying; the case goes on to its end."""
    async with standing(temporal) as client:
        case = client.get_workflow_handle(CASE)
        with pytest.raises(WorkflowUpdateFailedError):
            await case.execute_update("made_up_in_the_ui", "word")
        await case.signal("made_up_in_the_ui", "word")
        await case.signal("finish")

        assert await asyncio.wait_for(case.result(), PATIENCE) == SECRET


async def test_a_history_is_kept_as_long_as_the_page_says(temporal: Temporal) -> None:
    """Thirty days, on the page and on the server."""
    asked = DescribeNamespaceRequest(namespace=temporal.namespace)
    found = await temporal.client.workflow_service.describe_namespace(asked)

    kept = found.config.workflow_execution_retention_ttl.ToTimedelta()
    assert (kept, RETENTION) == (timedelta(days=30), timedelta(days=30))
    assert "Thirty days after a workflow ended" in PAGE


async def test_a_payload_says_whose_it_is(temporal: Temporal) -> None:
    """What lies in Temporal names its workflow, readable without a key, and tells nothing else."""
    async with standing(temporal) as client:
        history = await client.get_workflow_handle(CASE).fetch_history()

    kept = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    assert kept.metadata["baton-workflow"] == CASE.encode()
    assert SECRET.encode() not in kept.data
