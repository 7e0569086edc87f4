"""What the tests of lost processes share: ways to lose one, the beat that sees it, and the recovery."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus

from core import clock
from fallbacks.gone_processes import GoneProcesses
from fallbacks.temporal_processes import TemporalProcesses
from records import processes, recovering
from records.gone import GoneProcess
from tests.support.journey import Journey
from tests.support.patience import PATIENCE

WHY = "somebody pressed the wrong button"
BY = "it@example.org"

Way = Callable[[Client, str], Awaitable[None]]


async def terminate(client: Client, workflow_id: str) -> None:
    """End it at Temporal, at once."""
    await client.get_workflow_handle(workflow_id).terminate(reason="by mistake")
    await listed(client, workflow_id)


async def cancel(client: Client, workflow_id: str) -> None:
    """Ask it at Temporal to end; it does."""
    handle = client.get_workflow_handle(workflow_id)
    await handle.cancel()
    async for _ in handle.fetch_history_events(wait_new_event=True):
        pass
    await listed(client, workflow_id)


async def reset(client: Client, workflow_id: str) -> None:
    """Set it back to its first task."""
    described = await client.get_workflow_handle(workflow_id).describe()
    execution = WorkflowExecution(workflow_id=workflow_id, run_id=described.run_id)
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution,
        workflow_task_finish_event_id=3,
        request_id=described.run_id,
        reason="by mistake",
    )
    await client.workflow_service.reset_workflow_execution(request)
    await listed(client, workflow_id)


async def listed(client: Client, workflow_id: str) -> None:
    """Wait until Temporal's list, which follows behind, says of it what Temporal says when it is asked about it."""
    found = await client.get_workflow_handle(workflow_id).describe()
    runs = [found.run_id] if found.status is WorkflowExecutionStatus.RUNNING else []
    query = f'WorkflowId = "{workflow_id}" AND ExecutionStatus = "Running"'
    async with asyncio.timeout(PATIENCE):
        while [one.run_id async for one in client.list_workflows(query)] != runs:
            await asyncio.to_thread(os.sched_yield)


WAYS: dict[str, Way] = {"terminated": terminate, "cancelled": cancel, "reset": reset}


def beat(journey: Journey, client: Client | None = None) -> GoneProcesses:
    """The beat of `ticks`, on that Temporal."""
    return GoneProcesses(journey.database, TemporalProcesses(client or journey.client, timedelta(seconds=PATIENCE)))


async def seen(journey: Journey, client: Client | None = None) -> list[GoneProcess]:
    """What is gone, once the beat has come."""
    await beat(journey, client).run_once(clock.now() + timedelta(minutes=1))
    async with journey.database.session() as session:
        return await processes.gone(session)


async def recovered(journey: Journey, ref: str, why: str = WHY) -> GoneProcess:
    """Recovered by somebody, with a reason."""
    async with journey.database.session() as session:
        return await recovering.recover(session, ref, BY, why, clock.now())
