"""A pickup: an agent takes a case out of the queue."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from console import desk_page, telling, workbench
from console.access import Parts, PicksUp
from console.collaborators import Collaborators
from console.forms import new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import ErrorAnswer, Problem
from records.access import Person
from workflows.acts import Act, Told

router = APIRouter(prefix="/cases/{number}/pickups", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/pickups", tags=["desk"])


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """A case is picked up on the workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def pick_up(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Take it, or say plainly that somebody else was quicker."""
    form = await typed(request)
    first = await desk_page.first_for(parts, person) if form.get("by_next") else None
    try:
        told = await _take(parts, person, number, form.get("key", ""))
    except Problem as problem:
        if problem.status == 503:
            raise
        return go(f"/desk/{number}", problem.message, "bad")
    if first is not None and first.number == number.upper():
        await desk_page.log_taken(parts, first)
    return go(f"/desk/{number}", told.message)


@api.post("", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def pick_up_by_program(
    parts: Parts, person: PicksUp, number: str, idempotency_key: Annotated[str, Header(max_length=200)] = ""
) -> Told:
    """Take a case that is offered; 409 when somebody has it or it has moved on."""
    return await _take(parts, person, number, idempotency_key)


async def _take(parts: Collaborators, person: Person, number: str, key: str) -> Told:
    found = await workbench.find(parts, number)
    workflow = telling.handoff_workflow(found.handoff.id)
    return await telling.tell(parts, workflow, "pick_up", Act(by=person.id), key or new_key())
