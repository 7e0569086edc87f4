"""A release: an agent puts a case back into the queue, with a word for whoever takes it next."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from console import telling, workbench
from console.access import Parts, PicksUp
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import ErrorAnswer, Problem
from records.access import Person
from workflows.acts import Release, Told

router = APIRouter(prefix="/cases/{number}/releases", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/releases", tags=["desk"])


class ReleaseAsked(BaseModel):
    """Why it is put back; may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """A case is put back on the workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def release(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Put it back; the clock goes on."""
    form = await typed(request)
    asked, errors = check(ReleaseAsked, form)
    if asked is None:
        return go(f"/desk/{number}", f"Reason: {errors[0].message}", "bad")
    try:
        told = await _put_back(parts, person, number, asked, form.get("key", ""))
    except Problem as problem:
        if problem.status == 503:
            raise
        return go(f"/desk/{number}", problem.message, "bad")
    return go("/desk", f"{number}: {told.message}")


@api.post("", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def release_by_program(
    parts: Parts,
    person: PicksUp,
    number: str,
    asked: ReleaseAsked,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Told:
    """Put a case back that this person has; 409 when they do not have it."""
    return await _put_back(parts, person, number, asked, idempotency_key)


async def _put_back(parts: Collaborators, person: Person, number: str, asked: ReleaseAsked, key: str) -> Told:
    found = await workbench.find(parts, number)
    workflow = telling.handoff_workflow(found.handoff.id)
    act = Release(by=person.id, reason=asked.reason)
    return await telling.tell(parts, workflow, "release", act, key or new_key())
