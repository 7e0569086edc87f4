"""What somebody sends a workflow by hand, from the Temporal UI or the `temporal` command, is named with who sent it.

Every workflow takes a signal that nobody in it listens to, so that it is not kept for ever unread; nothing comes of it.
One that Baton knows, and an Update, are taken as Baton's own, in their order, and named too: Baton's own bear a mark.
Of many alike only the first, the tenth, the hundredth and so on are named: no timeline is filled from outside.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

import structlog
from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.service import RPCError
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from activities import marks
from core import clock
from records import processes
from records.database import Database
from records.processes import Sent

log = structlog.get_logger(__name__)

LONGEST_NAME = 100
NOTED_WITHIN = timedelta(seconds=10)
PATCH = "strays-are-noted"
"""Histories from before it hold such signals too, and nothing was noted of them."""
BY_HAND = "what-is-sent-by-hand-is-noted"
"""The same of what Baton knows."""
LOOKED_BACK = 200
"""Events of the history, the newest first, in which the sender is looked for."""

A_PROGRAM = re.compile(r"\d+@.*")
"""How the SDK calls its process where nobody says otherwise: so did the parts of a Baton that marked nothing."""
Sort = Literal["signal", "Update"]


class Strays(Interceptor):
    """Worker interceptor: every workflow hears what nobody in it listens to, and what does not come from Baton."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002  (the SDK's)
    ) -> type[WorkflowInboundInterceptor]:
        """One for each run."""
        return _Hearing


class _Hearing(WorkflowInboundInterceptor):
    def __init__(self, following: WorkflowInboundInterceptor) -> None:
        super().__init__(following)
        self._heard: Counter[tuple[Sort, str]] = Counter()

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002  (the SDK's name)
        async def stray(name: str, _: Sequence[RawValue]) -> None:
            if workflow.patched(PATCH):
                await self._note("signal", name)

        workflow.set_dynamic_signal_handler(stray)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        known = workflow.get_signal_handler(input.signal) is not None
        await super().handle_signal(input)  # first: what waits to be noted would be overtaken by the next signal
        if known and marks.HEADER not in input.headers and workflow.patched(BY_HAND):
            await self._note("signal", input.signal, known=True)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002
        told = await super().handle_update_handler(input)
        if marks.HEADER not in input.headers and workflow.patched(BY_HAND):
            await self._note("Update", input.update, known=True)
        return told

    async def _note(self, sort: Sort, name: str, *, known: bool = False) -> None:
        self._heard[sort, name] += 1
        times = self._heard[sort, name]
        if not _is_round(times):
            return
        try:
            await workflow.execute_activity(
                "note_stray",
                Sent(name=name[:LONGEST_NAME], times=times, sort=sort, known=known),
                start_to_close_timeout=NOTED_WITHIN,
                retry_policy=RetryPolicy(maximum_attempts=3),
            )
        except ActivityError:
            workflow.logger.warning("what was sent by hand could not be noted")


def _is_round(number: int) -> bool:
    return str(number).rstrip("0") == "1"


class StrayNotes:
    """Names on the timeline who sent it, as far as Temporal's history says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="note_stray")
    async def note_stray(self, sent: Sent) -> None:
        """Noted on the timeline of its case, whatever it did there; of what has no case only while it is open."""
        info = activity.info()
        assert info.workflow_id is not None
        assert info.workflow_run_id is not None
        by = await sender(activity.client(), info.workflow_id, info.workflow_run_id, sent)
        if sent.known and A_PROGRAM.fullmatch(by):
            return
        async with self._database.session() as session:
            said = sent.model_copy(update={"by": by})
            named = await processes.note_stray(session, info.workflow_id, said, clock.now())
        if not named:
            log.warning("stray.signal", workflow=info.workflow_id, name=sent.name, times=sent.times)


async def sender(client: Client, workflow_id: str, run_id: str, sent: Sent) -> str:
    """Who sent the newest of that name, as its sender called itself; empty when Temporal does not tell."""
    asked = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        maximum_page_size=LOOKED_BACK,
    )
    try:
        found = await client.workflow_service.get_workflow_execution_history_reverse(asked)
    except RPCError:
        return ""
    return next((by for name, by in map(_sent, found.history.events) if name[:LONGEST_NAME] == sent.name), "")


def _sent(event: HistoryEvent) -> tuple[str, str]:
    """The name of what an event says was sent, and who sent it."""
    if event.HasField("workflow_execution_update_accepted_event_attributes"):
        request = event.workflow_execution_update_accepted_event_attributes.accepted_request
        return request.input.name, request.meta.identity
    signal = event.workflow_execution_signaled_event_attributes
    return signal.signal_name, signal.identity
