"""One id from form to screen: what a case starts logs under the case's id, on whatever worker."""

import uuid

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
