"""A signal that Baton does not know, sent from the Temporal UI or by a program: it changes nothing, and is named.

Every workflow takes what nobody in it listens to, so that it is not kept for ever unread, and has its sender noted on
the timeline. Of many alike only the first, the tenth, the hundredth and so on are: no timeline is filled from outside.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.service import RPCError
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from core import clock
from records import processes
from records.database import Database

log = structlog.get_logger(__name__)

LONGEST_NAME = 100
NOTED_WITHIN = timedelta(seconds=10)
PATCH = "strays-are-noted"
"""Histories from before it hold such signals too, and nothing was noted of them."""
LOOKED_BACK = 200
"""Events of the history, the newest first, in which the sender is looked for."""


class Stray(BaseModel):
    """Such a signal; `times`: how many of that name the run has been sent."""

    model_config = ConfigDict(frozen=True)

    name: str
    times: int


class Strays(Interceptor):
    """Worker interceptor: every workflow hears what nobody in it listens to."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002  (the SDK's)
    ) -> type[WorkflowInboundInterceptor]:
        """One for each run."""
        return _Hearing


class _Hearing(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002  (the SDK's name)
        heard: Counter[str] = Counter()

        async def stray(name: str, _: Sequence[RawValue]) -> None:
            if not workflow.patched(PATCH):
                return
            heard[name] += 1
            if not _is_round(heard[name]):
                return
            try:
                await workflow.execute_activity(
                    "note_stray",
                    Stray(name=name[:LONGEST_NAME], times=heard[name]),
                    start_to_close_timeout=NOTED_WITHIN,
                    retry_policy=RetryPolicy(maximum_attempts=3),
                )
            except ActivityError:
                workflow.logger.warning("a stray signal could not be noted")

        workflow.set_dynamic_signal_handler(stray)
        return await super().execute_workflow(input)


def _is_round(number: int) -> bool:
    return str(number).rstrip("0") == "1"


class StrayNotes:
    """Names on the timeline who sent it, as far as Temporal's history says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="note_stray")
    async def note_stray(self, stray: Stray) -> None:
        """Noted where the process is open; a run whose case has ended has no timeline that goes on."""
        info = activity.info()
        assert info.workflow_id is not None
        assert info.workflow_run_id is not None
        by = await sender(activity.client(), info.workflow_id, info.workflow_run_id, stray.name)
        async with self._database.session() as session:
            named = await processes.note_stray(session, info.workflow_id, stray.name, stray.times, by, clock.now())
        if not named:
            log.warning("stray.signal", workflow=info.workflow_id, name=stray.name, times=stray.times)


async def sender(client: Client, workflow_id: str, run_id: str, name: str) -> str:
    """Who sent the newest signal of that name, as its sender called itself; empty when Temporal does not tell."""
    asked = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        maximum_page_size=LOOKED_BACK,
    )
    try:
        found = await client.workflow_service.get_workflow_execution_history_reverse(asked)
    except RPCError:
        return ""
    for event in found.history.events:
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name[:LONGEST_NAME] == name:
            return str(signal.identity)
    return ""
