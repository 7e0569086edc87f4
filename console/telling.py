"""A person's word to a running case or work item: a Temporal Update, and its answer as a sentence."""

import asyncio
import contextlib
import uuid
from datetime import timedelta

from temporalio.client import (
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from console.collaborators import Collaborators
from console.problems import Problem, temporal_away
from console.waiting import Waiting, Why
from core import tracing
from fallbacks.pressing import press
from workflows.acts import Act, Told

PATIENCE = timedelta(seconds=15)
"""A person waits no longer for an answer; the Update itself is not lost by that."""
KNOCKS = (timedelta(seconds=1.5), timedelta(seconds=3))
"""Temporal says within milliseconds that it is there; asked twice, for a machine may stand still while it is asked."""
PARTS_OF_CASES = ("handoff/", "item/")
"""Workflows that may belong to a case: their own id is not what its lines and spans are found by."""
LOOKS_FIRST = ("done_by_hand", "give_back")
"""What reads the screen before it answers: that may take longer than a person waits."""
_TODO = {"not_found_on_screen": "Compare the system with what is to be keyed; saved there, press again."}
_STATUS = {"not_allowed": 403, "input_refused": 422, "already_a_case": 409}


async def tell(
    parts: Collaborators, workflow_id: str, update: str, act: Act, key: str, *, may_wait: bool = True
) -> Told:
    """Send the Update and wait until the record is written; `key` is the form's, so pressing twice tells once.

    While Temporal is away, or something that was asked before still waits for it, an act that may wait is kept and
    delivered later in its order: the answer says so. Without `may_wait` it is not, whatever it is. Raises Problem: the
    workflow's own refusal with its sentence (403, 409 or 422), or 503 when nobody answers and it cannot wait.
    """
    if not workflow_id.startswith(PARTS_OF_CASES):
        tracing.about(workflow_id)
    waiting = Waiting(parts, workflow_id, update, act, key, may_wait)
    if await waiting.behind():
        return await waiting.keep(Why.BEHIND)
    if not await _is_there(parts):
        return await waiting.keep(Why.AWAY)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            handle = parts.temporal.get_workflow_handle(workflow_id)
            told: Told = await press(handle, update, act, key=key, result_type=Told, rpc_timeout=PATIENCE)
            return told
    except WorkflowUpdateFailedError as refusal:
        raise _refused(refusal) from refusal
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as silence:
        if update in LOOKS_FIRST:
            raise _still_looking() from silence
        return await waiting.keep(Why.SILENT)
    except RPCError as trouble:
        return await waiting.keep(await _why(waiting, trouble))


async def _why(waiting: Waiting, trouble: RPCError) -> Why:
    """Why it cannot be told now; raises Problem when it never can."""
    if trouble.status is not RPCStatusCode.NOT_FOUND:
        return Why.AWAY
    if not await waiting.begins():
        raise _gone() from trouble
    return Why.BEHIND


async def _is_there(parts: Collaborators) -> bool:
    """Whether Temporal answers at all: a client alone would try for ten seconds before it gave up."""
    for patience in KNOCKS:
        with contextlib.suppress(RPCError, RuntimeError):  # RuntimeError: a lazily connected client, nobody listens
            await parts.temporal.service_client.check_health(timeout=patience)
            return True
    return False


def case_workflow(journey: str, number: str) -> str:
    """The id of a case's workflow."""
    return f"{journey}/{number}"


def handoff_workflow(handoff_id: uuid.UUID) -> str:
    """The id of a handoff's workflow."""
    return f"handoff/{handoff_id}"


def item_workflow(item_id: uuid.UUID) -> str:
    """The id of a work item's workflow."""
    return f"item/{item_id}"


def _refused(refusal: WorkflowUpdateFailedError) -> Problem:
    cause = refusal.cause
    if not isinstance(cause, ApplicationError):
        return temporal_away()
    code = cause.type or "refused"
    kept = "" if "nothing was changed" in cause.message.lower() else "Nothing was changed."
    return Problem(_STATUS.get(code, 409), code, cause.message, kept=kept, todo=_TODO.get(code, ""))


def _still_looking() -> Problem:
    return Problem(
        503,
        "no_answer_yet",
        "Baton is still reading the screen.",
        kept="What you sent goes on without you. Where the screen does not show the entry, nothing is changed.",
        todo="Load the entry again in a minute: what came of it stands there. Pressed again, it counts once.",
    ).with_headers({"Retry-After": "30"})


def _gone() -> Problem:
    return Problem(
        409,
        "not_running",
        "There is nothing running that could take this: the case has ended, or has not started yet.",
        kept="Nothing was changed.",
        todo="Load the case again. If it stays open, tell IT.",
    )
