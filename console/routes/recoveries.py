"""A recovery: what Temporal does not carry any more begins anew from its records, with the reason of whoever asked."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from console.access import Parts, SteersSystems
from console.collaborators import Collaborators
from console.forms import check, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem
from records import processes, recovering
from records.access import Person
from records.recovering import NotRecovered

router = APIRouter(prefix="/recoveries", route_class=KeepsTyped)


class RecoveryAsked(BaseModel):
    """What is to begin anew (nothing named: everything that is gone), and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


@router.get("")
async def gone(request: Request, parts: Parts, _: SteersSystems) -> Response:
    """What is gone, the longest first."""
    return await _draw(request, parts)


@router.post("")
async def recover(request: Request, parts: Parts, person: SteersSystems) -> Response:
    """Begin one of them anew, or all."""
    values = await typed(request)
    asked, _ = check(RecoveryAsked, {name: values[name] for name in ("ref", "reason") if name in values})
    if asked is None:
        return await _draw(request, parts, problem=_refused("A recovery needs a reason, of at least 3 characters."))
    try:
        said = await _recovered(parts, person, asked)
    except NotRecovered as refused:
        return await _draw(request, parts, problem=_refused(str(refused)))
    return go("/recoveries", said)


async def _recovered(parts: Collaborators, person: Person, asked: RecoveryAsked) -> str:
    if asked.ref:
        async with parts.database.session() as session:
            one = await recovering.recover(session, asked.ref, person.email, asked.reason, parts.clock())
        return f"{one.label} begins anew from its records."
    count = 0
    while True:
        async with parts.database.session() as session:
            some = await recovering.recover_some(session, person.email, asked.reason, parts.clock())
        count += len(some)
        if not some:
            return f"{count:,} begin anew from their records." if count else "Nothing is gone."


def _refused(sentence: str) -> Problem:
    return Problem(422, "not_recovered", sentence, kept="Nothing was changed.")


async def _draw(request: Request, parts: Collaborators, problem: Problem | None = None) -> Response:
    async with parts.database.session() as session:
        found = await processes.gone(session)
    status = problem.status if problem else 200
    return page(request, "recoveries/list.html", status=status, gone=found, problem=problem, path="/systems")
