"""What runs at Temporal, asked in lists; what became of one process, asked where it is missing there."""

from collections.abc import Mapping
from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from fallbacks.relay import EngineAway
from records.gone import Became

CALL_TIMEOUT = timedelta(seconds=5)
"""Temporal that takes longer for one answer counts as away: the next beat asks again."""
PAGE = 1000
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

    async def became(self, workflow_id: str) -> Became | None:
        """What became of it; None when it runs after all. Raises EngineAway."""
        try:
            found = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=self._patience)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Became.VANISHED
            raise EngineAway from None
        return _BECAME.get(found.status) if found.status is not None else None

    async def was_reset(self, workflow_id: str) -> bool:
        """Whether what runs came from a reset, and is ended by this. Raises EngineAway."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            found = await handle.describe(rpc_timeout=self._patience)
            first = found.raw_description.workflow_execution_info.first_run_id
            if found.status is not WorkflowExecutionStatus.RUNNING or first in ("", found.run_id):
                return False
            await self._client.get_workflow_handle(workflow_id, run_id=found.run_id).terminate(
                reason=REASON, rpc_timeout=self._patience
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise EngineAway from None
        return True
