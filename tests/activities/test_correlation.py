"""One id from form to screen: what a case starts logs under the case's id, on whatever worker."""

import io
import json
import logging
import uuid
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs
from temporalio import activity, workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.correlation import Correlated
from tests.support.patience import PATIENCE
from tests.support.servers import Temporal

with workflow.unsafe.imports_passed_through():
    from datetime import timedelta

log = structlog.get_logger(__name__)
WITHIN = timedelta(seconds=PATIENCE)


@activity.defn
async def key_in(word: str) -> None:
    """Says one line, as a bot would."""
    log.info("keyed", word=word)


@workflow.defn
class Entry:
    """A child that begins anew once, as an item may."""

    @workflow.run
    async def run(self, again: bool) -> None:
        """Key, both times."""
        await workflow.execute_activity(key_in, "child", schedule_to_close_timeout=WITHIN)
        if again:
            workflow.continue_as_new(False)


@workflow.defn
class OfCase:
    """A case: a step of its own, one in its own worker, and an entry."""

    @workflow.run
    async def run(self) -> None:
        """All of them."""
        await workflow.execute_activity(key_in, "own", schedule_to_close_timeout=WITHIN)
        await workflow.execute_local_activity(key_in, "local", schedule_to_close_timeout=WITHIN)
        await workflow.execute_child_workflow(Entry.run, True, id="item/1")


@workflow.defn
class Speaking:
    """Says a line wherever a workflow can; as a case it has an entry that does the same."""

    def __init__(self) -> None:
        self._ended = False

    @workflow.run
    async def run(self, entry: str) -> None:
        """Say it, begin the entry, wait to be ended."""
        workflow.logger.info("run")
        if entry:
            child = await workflow.start_child_workflow(Speaking.run, "", id=entry)
            await child.signal(Speaking.end)
            await child
        await workflow.wait_condition(lambda: self._ended)

    @workflow.signal
    def end(self) -> None:
        """Say it and end."""
        workflow.logger.info("signal")
        self._ended = True

    @workflow.query
    def asked(self) -> bool:
        """Say it."""
        logging.getLogger("temporalio.workflow").info("query")  # the SDK's own stays silent where nothing is new
        return self._ended

    @workflow.update
    async def act(self) -> None:
        """Say it."""
        workflow.logger.info("update")

    @act.validator
    def check(self) -> None:
        """Say it."""
        logging.getLogger("temporalio.workflow").info("validator")


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """The lines of workflows, written as a part of Baton writes them."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logger = logging.getLogger("temporalio.workflow")
    logger.addHandler(handler)
    with caplog.at_level(logging.INFO, logger=logger.name):
        yield lines
    logger.removeHandler(handler)


async def test_every_line_of_a_workflow_itself_carries_the_case(temporal: Temporal, written: io.StringIO) -> None:
    """Its run, a signal, a query, an update and its check; and those of the entry that the case began."""
    case, entry, queue = f"failed-delivery/{uuid.uuid4()}", f"item/{uuid.uuid4()}", str(uuid.uuid4())
    async with Worker(
        temporal.client,
        task_queue=queue,
        workflows=[Speaking],
        interceptors=[Correlated()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        of_case = await temporal.client.start_workflow(Speaking.run, entry, id=case, task_queue=queue)
        await of_case.execute_update(Speaking.act)
        await of_case.query(Speaking.asked)
        await of_case.signal(Speaking.end)
        await of_case.result()

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    said = {(line["event"].split(" ")[0], line["correlation"], line["workflow"]) for line in lines}
    assert said >= {(event, case, case) for event in ("run", "validator", "update", "query", "signal")}
    assert ("run", case, entry) in said


async def test_every_line_of_a_case_carries_its_id(temporal: Temporal) -> None:
    """An activity, a local one, and a child's before and after it began anew: one id, and each its own workflow."""
    queue = str(uuid.uuid4())
    worker = Worker(
        temporal.client,
        task_queue=queue,
        workflows=[OfCase, Entry],
        activities=[key_in],
        interceptors=[Correlated()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with worker:
            await temporal.client.execute_workflow(OfCase.run, id="failed-delivery/FD-000001", task_queue=queue)

    keyed = [line for line in lines if line["event"] == "keyed"]
    assert {line["correlation"] for line in keyed} == {"failed-delivery/FD-000001"}
    assert [(line["word"], line["workflow"]) for line in keyed] == [
        ("own", "failed-delivery/FD-000001"),
        ("local", "failed-delivery/FD-000001"),
        ("child", "item/1"),
        ("child", "item/1"),
    ]
