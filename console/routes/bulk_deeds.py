"""What people say to a bulk action: approve, decline, release in an emergency, pause, go on, cancel; one noun each."""

import uuid

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from console import telling
from console.access import ActsInBulk, ApprovesBulk, Parts
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import Problem
from records import bulk
from workflows.acts import Act
from workflows.bulk_acts import CancelBulk, DeclineBulk, ReleaseAnyway

router = APIRouter(prefix="/bulk-actions/{bulk_id}", route_class=KeepsTyped)


class Why(BaseModel):
    """Why, where it must be said."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(title="Reason", min_length=3, max_length=500)


@router.post("/approvals")
async def approve(request: Request, parts: Parts, person: ApprovesBulk, bulk_id: uuid.UUID) -> Response:
    """Agree to what somebody else asked for."""
    return await _say(request, parts, bulk_id, "approve", Act(by=person.id))


@router.post("/refusals")
async def decline(request: Request, parts: Parts, person: ApprovesBulk, bulk_id: uuid.UUID) -> Response:
    """Say no, with a reason."""
    why = await _reason(request)
    if isinstance(why, str):
        return go(bulk.path_of(bulk_id), why, "bad")
    return await _say(request, parts, bulk_id, "decline", DeclineBulk(by=person.id, reason=why.reason))


@router.post("/emergency-releases")
async def release(request: Request, parts: Parts, person: ApprovesBulk, bulk_id: uuid.UUID) -> Response:
    """Begin without approval, with a reason; the lead is told."""
    why = await _reason(request)
    if isinstance(why, str):
        return go(bulk.path_of(bulk_id), why, "bad")
    return await _say(request, parts, bulk_id, "release_anyway", ReleaseAnyway(by=person.id, reason=why.reason))


@router.post("/pauses")
async def pause(request: Request, parts: Parts, person: ActsInBulk, bulk_id: uuid.UUID) -> Response:
    """Send nothing more for now."""
    return await _say(request, parts, bulk_id, "pause", Act(by=person.id))


@router.post("/resumptions")
async def go_on(request: Request, parts: Parts, person: ActsInBulk, bulk_id: uuid.UUID) -> Response:
    """Go on after a pause, or after it halted by itself."""
    return await _say(request, parts, bulk_id, "go_on", Act(by=person.id))


@router.post("/cancellations")
async def cancel(request: Request, parts: Parts, person: ActsInBulk, bulk_id: uuid.UUID) -> Response:
    """Send nothing more, ever."""
    reason = (await typed(request)).get("reason", "")[:500]
    return await _say(request, parts, bulk_id, "cancel", CancelBulk(by=person.id, reason=reason))


async def _reason(request: Request) -> Why | str:
    """The reason, or what to say without one."""
    why, errors = check(Why, await typed(request))
    return why if why is not None else f"Nothing was changed. The reason: {errors[0].message}"


async def _say(request: Request, parts: Collaborators, bulk_id: uuid.UUID, update: str, act: Act) -> Response:
    """Tell the action; its page says what is true now."""
    key = (await typed(request)).get("key") or new_key()
    try:
        told = await telling.tell(parts, f"bulk/{bulk_id}", update, act, f"{update}-{key}")
    except Problem as problem:
        if problem.status != 409:
            raise
        return go(bulk.path_of(bulk_id), f"{problem.message} {problem.kept}".strip(), "bad")
    return go(bulk.path_of(bulk_id), told.message)
