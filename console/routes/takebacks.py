"""A take-back: whoever decided takes the decision back, as long as no bot has begun to key it."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from console import case_view, telling
from console.access import Parts, Resolves
from console.collaborators import Collaborators
from console.forms import new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import ErrorAnswer, Problem, not_found
from records.access import Person
from workflows.acts import Act, Told

router = APIRouter(prefix="/cases/{number}/takebacks", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/takebacks", tags=["desk"])


@router.get("")
async def elsewhere(_person: Resolves, number: str) -> Response:
    """A decision is taken back from the list of what is promised."""
    return go(f"/cases/{number}")


@router.post("")
async def take_back(request: Request, parts: Parts, person: Resolves, number: str) -> Response:
    """Tell the case; the desk has it again, or the sentence says why not."""
    form = await typed(request)
    try:
        told = await _tell(parts, person, number, form.get("key", ""))
    except Problem as problem:
        if problem.status == 503:
            raise
        return go("/desk", f"{number}: {problem.message}", "bad")
    return go("/desk", f"{number}: {told.message}")


@api.post("", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def take_back_by_program(
    parts: Parts, person: Resolves, number: str, idempotency_key: Annotated[str, Header(max_length=200)] = ""
) -> Told:
    """Take back a decision whose entry no bot has begun; 409 when it is keyed already."""
    return await _tell(parts, person, number, idempotency_key)


async def _tell(parts: Collaborators, person: Person, number: str, key: str) -> Told:
    async with parts.database.session() as session:
        case = await case_view.by_number(session, number)
    if case is None:
        raise not_found("Case", number)
    workflow = telling.case_workflow(case.journey, case.number)
    return await telling.tell(parts, workflow, "take_back", Act(by=person.id), key or new_key())
