"""A person's word to a running case or work item: a Temporal Update, and its answer as a sentence."""

import asyncio
import uuid
from datetime import timedelta

from pydantic import BaseModel
from temporalio.client import (
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from console.collaborators import Collaborators
from console.problems import Problem, temporal_away
from workflows.acts import Told

PATIENCE = timedelta(seconds=15)
"""A person waits no longer for an answer; the Update itself is not lost by that."""
LOOKS_FIRST = ("done_by_hand", "give_back")
"""What reads the screen before it answers: that may take longer than a person waits."""
_TODO = {"not_found_on_screen": "Compare the system with what is to be keyed; saved there, press again."}
_STATUS = {"not_allowed": 403, "input_refused": 422, "already_a_case": 409}


async def tell(parts: Collaborators, workflow_id: str, update: str, act: BaseModel, key: str) -> Told:
    """Send the Update and wait until the record is written; `key` is the form's, so pressing twice tells once.

    Raises Problem: the workflow's own refusal with its sentence (403, 409 or 422), or 503 when nobody answers.
    """
    handle = parts.temporal.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            told: Told = await handle.execute_update(update, act, id=key, result_type=Told, rpc_timeout=PATIENCE)
            return told
    except WorkflowUpdateFailedError as refusal:
        raise _refused(refusal) from refusal
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as silence:
        raise (_still_looking() if update in LOOKS_FIRST else _unanswered()) from silence
    except RPCError as trouble:
        if trouble.status is RPCStatusCode.NOT_FOUND:
            raise _gone() from trouble
        raise temporal_away() from trouble
    except RuntimeError as trouble:  # what a lazily connected client raises while nobody listens
        raise temporal_away() from trouble


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


def _unanswered() -> Problem:
    return Problem(
        503,
        "no_answer_yet",
        "The case did not answer in time.",
        kept="What you sent may still be taken up.",
        todo="Look at the case again in a minute before you send it once more.",
    ).with_headers({"Retry-After": "30"})


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
