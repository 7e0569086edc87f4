"""A handoff by its own address: an entry that a bot passed on is taken, put back and worked on there."""

import uuid
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import deeds, desk_page, entry_desk, telling
from console.access import Parts, PicksUp, SeesDesk
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import Problem
from console.routes.asides import ASIDE
from console.routes.desk_notes import NOTE
from console.routes.questions import ASK
from console.routes.releases import ReleaseAsked
from console.routes.replies import REPLY
from console.routes.takeups import TAKE_UP
from console.routes.transfers import TRANSFER
from workflows.acts import Act, Release

router = APIRouter(prefix="/desk/handoffs/{handoff_id}", route_class=KeepsTyped)


@router.get("")
async def one(request: Request, parts: Parts, person: SeesDesk, handoff_id: uuid.UUID) -> Response:
    """Everything known about it, and what can be done."""
    return await deeds.draw(request, parts, await entry_desk.find(parts, handoff_id), person)


@router.get("/pickups")
@router.get("/releases")
@router.get("/questions")
@router.get("/replies")
@router.get("/asides")
@router.get("/transfers")
@router.get("/takeups")
@router.get("/desk-notes")
async def elsewhere(_person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """All of them are done on its page."""
    return go(f"/desk/handoffs/{handoff_id}")


@router.post("/questions")
async def ask(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Ask somebody about it, and keep it."""
    return await deeds.post(request, parts, person, handoff_id, ASK)


@router.post("/replies")
async def reply(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Keep the answer to what was asked."""
    return await deeds.post(request, parts, person, handoff_id, REPLY)


@router.post("/asides")
async def put_aside(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Put it aside until a moment, and go on with the desk."""
    return await deeds.post(request, parts, person, handoff_id, ASIDE)


@router.post("/takeups")
async def take_up(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Go on with it before its moment has come."""
    return await deeds.post(request, parts, person, handoff_id, TAKE_UP)


@router.post("/transfers")
async def pass_on(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Pass it on to another queue, or offer it to a colleague."""
    return await deeds.post(request, parts, person, handoff_id, TRANSFER)


@router.post("/desk-notes")
async def note(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Keep a word for colleagues, or about a call, on the timeline."""
    return await deeds.post(request, parts, person, handoff_id, NOTE)


@router.post("/pickups")
async def pick_up(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Take it, and the entry with it; or say plainly that somebody else was quicker."""
    by_next = (await typed(request)).get("by_next")
    first = await desk_page.first_for(parts, person) if by_next else None
    answer = await _told(request, parts, handoff_id, "pick_up", Act(by=person.id))
    if first is not None and first.standing.handoff.id == handoff_id:
        taken = await entry_desk.find(parts, handoff_id)
        if taken.handoff.picked_up_by == person.email:
            await desk_page.log_taken(parts, first)
    return answer


@router.post("/releases")
async def release(request: Request, parts: Parts, person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Put it back, with a word for whoever takes it next; the clock goes on."""
    asked, errors = check(ReleaseAsked, await typed(request))
    if asked is None:
        return go(f"/desk/handoffs/{handoff_id}", f"Reason: {errors[0].message}", "bad")
    return await _told(request, parts, handoff_id, "release", Release(by=person.id, reason=asked.reason))


async def _told(request: Request, parts: Collaborators, handoff_id: uuid.UUID, update: str, act: Any) -> Response:
    key = (await typed(request)).get("key") or new_key()
    try:
        told = await telling.tell(parts, telling.handoff_workflow(handoff_id), update, act, key)
    except Problem as problem:
        if problem.status == 503:
            raise
        return go(f"/desk/handoffs/{handoff_id}", problem.message, "bad")
    return go(f"/desk/handoffs/{handoff_id}", told.message)
