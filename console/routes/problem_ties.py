"""Ties of a problem: more cases are tied to it, and ties are undone."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import problem_page
from console.access import Parts, TiesCases
from console.forms import typed
from console.kept import KeepsTyped
from console.pages import go
from console.routes.shared_problems import ticked, told
from records import problems

router = APIRouter(prefix="/problems/{number}/ties", route_class=KeepsTyped)


@router.get("")
async def elsewhere(_person: TiesCases, number: str) -> Response:
    """Cases are tied on the problem's page."""
    return go(f"/problems/{number}")


@router.post("")
async def tie(request: Request, parts: Parts, person: TiesCases, number: str) -> Response:
    """Tie what is ticked, or, with `undo`, untie it; each is told truly."""
    values, chosen = await typed(request), await ticked(request)
    undo = bool(values.get("undo"))
    async with parts.database.session() as session:
        problem = await problem_page.find(session, number, lock=True)
        done = problems.untie if undo else problems.tie
        results = await done(session, problem, chosen, person.email, parts.clock())
    if not chosen:
        return go(f"/problems/{problem.number}", "Tick at least one case first.", "note")
    return go(f"/problems/{problem.number}", *told(results, "untied" if undo else "tied"))
