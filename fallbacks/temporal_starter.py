"""Starting a workflow at Temporal by its type's name: the same id twice is one workflow, whoever asks."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    Priority as Place,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from core.case import Stage
from core.work_item import Priority
from fallbacks.relay import EngineAway, Start, StartRefused, StillCloses, WorkflowGone

CALL_TIMEOUT = timedelta(seconds=5)
"""A start takes milliseconds; a Temporal that hangs must not hold outbox rows for long."""

JOURNEY = SearchAttributeKey.for_keyword("BatonJourney")
STAGE = SearchAttributeKey.for_keyword("BatonStage")
CASE_URL = SearchAttributeKey.for_keyword("BatonCaseUrl")

RUN = "baton_run"
"""What a run's memo says: how many there were of its id, itself included."""

_REFUSALS = frozenset(
    {
        RPCStatusCode.INVALID_ARGUMENT,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.UNIMPLEMENTED,
        RPCStatusCode.OUT_OF_RANGE,
    }
)


class TemporalStarter:
    """Starts workflows at Temporal; the client may be lazy, so that it may be made while Temporal is away."""

    def __init__(self, client: Client, console_url: str) -> None:
        self._client = client
        self._console_url = console_url.rstrip("/")

    async def start(self, wanted: Start) -> None:
        """Start it unless it runs or has run, or deliver its signal.

        Raises EngineAway, StartRefused, StillCloses or WorkflowGone, all without Temporal's own words.
        """
        try:
            # Asked first, since a client whose server is gone tries by itself for ten seconds before it says so.
            await self._client.service_client.check_health(timeout=CALL_TIMEOUT)
            await (self._signal(wanted) if wanted.signal else self._begin(wanted))
        except WorkflowAlreadyStartedError:
            return
        except RPCError as error:
            if wanted.signal and error.status is RPCStatusCode.NOT_FOUND:
                raise WorkflowGone from None
            if error.status in _REFUSALS:
                raise StartRefused from None
            raise EngineAway from None
        except RuntimeError:  # what a lazy client raises when it cannot connect
            raise EngineAway from None

    async def _signal(self, wanted: Start) -> None:
        handle = self._client.get_workflow_handle(wanted.workflow_id)
        await handle.signal(wanted.signal, wanted.argument, rpc_timeout=CALL_TIMEOUT)

    async def _begin(self, wanted: Start) -> None:
        if wanted.run > 1 and await self._began(wanted):
            return
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if wanted.run > 1 else WorkflowIDReusePolicy.REJECT_DUPLICATE
        await self._client.start_workflow(
            wanted.workflow_type,
            wanted.argument,
            id=wanted.workflow_id,
            task_queue=wanted.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse,
            memo={RUN: wanted.run} if wanted.run > 1 else None,
            search_attributes=self._attributes(wanted),
            priority=_place(wanted.argument),
            rpc_timeout=CALL_TIMEOUT,
        )

    async def _began(self, wanted: Start) -> bool:
        """Whether this very run was begun before. StillCloses while the one before it runs: that must not be taken
        for it."""
        try:
            last = await self._client.get_workflow_handle(wanted.workflow_id).describe(rpc_timeout=CALL_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # its history was deleted meanwhile
                return False
            raise
        if (await last.memo()).get(RUN, 1) >= wanted.run:
            return True
        if last.status is WorkflowExecutionStatus.RUNNING:
            raise StillCloses
        return False

    def _attributes(self, wanted: Start) -> TypedSearchAttributes:
        if not wanted.of_case:
            return TypedSearchAttributes.empty
        journey, _, number = wanted.workflow_id.rpartition("/")
        return TypedSearchAttributes(
            [
                SearchAttributePair(JOURNEY, journey),
                SearchAttributePair(STAGE, Stage.RECEIVED.value),
                SearchAttributePair(CASE_URL, f"{self._console_url}/cases/{number}"),
            ]
        )


def _place(argument: dict[str, Any]) -> Place:
    """Where the workflow and all that it starts stand among what waits for a seat: what intake wrote beside it."""
    priority = Priority(argument.get("priority", Priority.NORMAL.value))
    return Place(priority_key=priority.key, fairness_key=argument.get("fairness"))
