"""Delivering a person's act at Temporal: an Update under its form's key, so that delivered twice it is one."""

import asyncio
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from fallbacks.pressing import press
from fallbacks.relay import EngineAway, WorkflowGone

ANSWER = timedelta(seconds=5)
"""So long one delivery waits for its answer; one that takes longer is asked again under the same key."""

_NEVER = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE})
_NOT_TAKEN = "Temporal does not take it as it is; IT must look. Nothing was changed."
_ENDED = "It ended before this was taken up; nothing was changed."


class NoAnswer(Exception):
    """Temporal is there and the workflow has not answered yet: nobody works for it, or it is busy."""


class LateAct(BaseModel):
    """An Update to deliver: to which workflow, under which key."""

    model_config = ConfigDict(frozen=True)

    workflow_id: str
    update: str
    key: str
    argument: dict[str, Any]


class Answered(BaseModel):
    """What the workflow said: done, or refused."""

    model_config = ConfigDict(frozen=True)

    done: bool
    said: str


class TemporalActs:
    """Delivers acts at Temporal; the client may be lazy, so that it may be made while Temporal is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def deliver(self, act: LateAct) -> Answered:
        """The workflow's answer, also to an act that it has answered before.

        Raises EngineAway, NoAnswer or WorkflowGone, all without Temporal's own words.
        """
        try:
            async with asyncio.timeout(ANSWER.total_seconds()):
                await self._is_there()
                return await self._deliver(act)
        except WorkflowUpdateFailedError as refusal:
            return _refused(refusal)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            await self._is_there()
            raise NoAnswer from None
        except RPCError as trouble:
            if trouble.status is RPCStatusCode.NOT_FOUND:
                raise WorkflowGone from None
            if trouble.status in _NEVER:
                return Answered(done=False, said=_NOT_TAKEN)
            raise EngineAway from None
        except RuntimeError:  # what a lazy client raises when it cannot connect
            raise EngineAway from None

    async def _deliver(self, act: LateAct) -> Answered:
        handle = self._client.get_workflow_handle(act.workflow_id)
        said: Any = await press(handle, act.update, act.argument, key=act.key, rpc_timeout=ANSWER)
        return Answered(done=True, said=str(said.get("message", "")) if isinstance(said, dict) else "")

    async def _is_there(self) -> None:
        try:
            await self._client.service_client.check_health(timeout=ANSWER)
        except (RPCError, RuntimeError):
            raise EngineAway from None


def _refused(refusal: WorkflowUpdateFailedError) -> Answered:
    cause = refusal.cause
    if not isinstance(cause, ApplicationError) or cause.type == "AcceptedUpdateCompletedWorkflow":
        return Answered(done=False, said=_ENDED)
    return Answered(done=False, said=cause.message)
