"""What runs at Temporal, asked in lists; what became of one process, asked where it is missing there."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from fallbacks.relay import EngineAway
from records.gone import Became, Fate

CALL_TIMEOUT = timedelta(seconds=5)
"""Temporal that takes longer for one answer counts as away: the next beat asks again."""
PAGE = 1000
LAST_EVENTS = 200
"""Who ended or reset a process stands near the end of its history: so far back is looked."""
NOBODY = "history-service"
"""Temporal itself, where it names nobody."""
RUNNING = 'ExecutionStatus = "Running"'
REASON = "It was reset: Baton ends it, and goes on from its records once somebody recovers it."

_BECAME = {
    WorkflowExecutionStatus.TERMINATED: Became.TERMINATED,
    WorkflowExecutionStatus.CANCELED: Became.CANCELLED,
    WorkflowExecutionStatus.FAILED: Became.FAILED,
    WorkflowExecutionStatus.TIMED_OUT: Became.TIMED_OUT,
    WorkflowExecutionStatus.COMPLETED: Became.ENDED,
}


class TemporalProcesses:
    """Asks one Temporal; the client may be lazy. `patience`: how long one answer may take."""

    def __init__(self, client: Client, patience: timedelta = CALL_TIMEOUT) -> None:
        self._client = client
        self._patience = patience

    async def running(self) -> Mapping[str, str]:
        """The workflow ids that run now, each with the id of its run. Raises EngineAway."""
        try:
            listed = self._client.list_workflows(RUNNING, page_size=PAGE, rpc_timeout=self._patience)
            return {one.id: one.run_id async for one in listed}
        except (RPCError, RuntimeError):  # a lazy client raises the latter when it cannot connect
            raise EngineAway from None

    async def terminated(self, since: datetime) -> set[str]:
        """The ids of which a run was terminated since, as a reset does to the run before. Raises EngineAway."""
        query = f'ExecutionStatus = "Terminated" AND CloseTime > "{since.isoformat()}"'
        try:
            listed = self._client.list_workflows(query, page_size=PAGE, rpc_timeout=self._patience)
            return {one.id async for one in listed}
        except (RPCError, RuntimeError):
            raise EngineAway from None

    async def became(self, workflow_id: str) -> Fate | None:
        """What became of it; None when it runs after all. Raises EngineAway."""
        try:
            found = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=self._patience)
            what = _BECAME.get(found.status) if found.status is not None else None
            if what in (Became.TERMINATED, Became.CANCELLED):
                return await self._fate(what, workflow_id, found.run_id)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Fate(what=Became.VANISHED)
            raise EngineAway from None
        return None if what is None else Fate(what=what)

    async def was_reset(self, workflow_id: str) -> Fate | None:
        """Who reset what runs, which is ended by this; None when nobody did. Raises EngineAway."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            found = await handle.describe(rpc_timeout=self._patience)
            back = found.raw_description.workflow_extended_info.HasField("last_reset_time")
            if found.status is not WorkflowExecutionStatus.RUNNING or not back:
                return None
            fate = await self._fate(Became.RESET, workflow_id, found.run_id)
            await self._client.get_workflow_handle(workflow_id, run_id=found.run_id).terminate(
                reason=REASON, rpc_timeout=self._patience
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise EngineAway from None
        return fate

    async def _fate(self, what: Became, workflow_id: str, run_id: str) -> Fate:
        """By whom, and why, as the end of its history says."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
            maximum_page_size=LAST_EVENTS,
        )
        service = self._client.workflow_service
        found = await service.get_workflow_execution_history_reverse(request, timeout=self._patience)
        said = (told for event in found.history.events for told in _told(event, what))
        by, reason = next(said, ("", ""))
        if reason == REASON:
            return Fate(what=Became.RESET)
        return Fate(what=what, by="" if by == NOBODY else by, reason=reason)


def _told(event: HistoryEvent, what: Became) -> Iterator[tuple[str, str]]:
    """Who did this and why, when the event is about it."""
    if what is Became.TERMINATED and event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        ended = event.workflow_execution_terminated_event_attributes
        yield ended.identity, ended.reason
    if what is Became.CANCELLED and event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
        asked = event.workflow_execution_cancel_requested_event_attributes
        yield asked.identity, asked.cause
    if what is Became.RESET and event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
        failed = event.workflow_task_failed_event_attributes
        if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
            yield failed.identity, failed.failure.message
