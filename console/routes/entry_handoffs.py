"""A handoff by its own address: an entry that a bot passed on is taken, put back and worked on there."""

import uuid
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import bench_page, desk_page, entry_desk, telling
from console.access import Parts, PicksUp, SeesDesk
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import Problem
from console.routes.releases import ReleaseAsked
from records.stuck import BOT
from workflows.acts import Act, Release

router = APIRouter(prefix="/desk/handoffs/{handoff_id}", route_class=KeepsTyped)


@router.get("")
async def one(request: Request, parts: Parts, person: SeesDesk, handoff_id: uuid.UUID) -> Response:
    """Everything known about it, and what can be done."""
    found = await entry_desk.find(parts, handoff_id)
    if found.handoff.kind != BOT:
        return await bench_page.draw(request, found, person)
    return await entry_desk.draw(request, parts, found, person)


@router.get("/pickups")
@router.get("/releases")
async def elsewhere(_person: PicksUp, handoff_id: uuid.UUID) -> Response:
    """Both are done on its page."""
    return go(f"/desk/handoffs/{handoff_id}")


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
