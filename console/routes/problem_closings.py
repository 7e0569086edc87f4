"""Closing a problem: what it was is kept, and its cases may be tied to another."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from console import problem_page
from console.access import Parts, TiesCases
from console.forms import check, typed
from console.kept import KeepsTyped
from console.pages import go
from records import problems

router = APIRouter(prefix="/problems/{number}/closings", route_class=KeepsTyped)


class ClosingAsked(BaseModel):
    """Why it is closed."""

    model_config = ConfigDict(frozen=True)

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


@router.get("")
async def elsewhere(_person: TiesCases, number: str) -> Response:
    """A problem is closed on its page."""
    return go(f"/problems/{number}")


@router.post("")
async def close(request: Request, parts: Parts, person: TiesCases, number: str) -> Response:
    """Close it with a reason; closed already, it stays as it was."""
    asked, errors = check(ClosingAsked, await typed(request))
    async with parts.database.session() as session:
        problem = await problem_page.find(session, number, lock=True)
        if asked is None:
            return go(f"/problems/{problem.number}", f"Not closed: say why. {errors[0].message}", "bad")
        done = await problems.close(session, problem, person.email, asked.why, parts.clock())
    said = "It is closed; its cases go on at the desk as before." if done else "It had been closed already."
    return go(f"/problems/{problem.number}", said)
