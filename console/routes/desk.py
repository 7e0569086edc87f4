"""The desk: the queue with what matters most in front, and the workbench of one case."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console import workbench
from console.access import Parts, SeesDesk
from console.pages import go, page
from records import desk

router = APIRouter(prefix="/desk")

PAGE = 50


@router.get("")
async def queue(
    request: Request, parts: Parts, person: SeesDesk, after: str = "", shown: int | None = None
) -> Response:
    """What waits, what this person has, and what others have; `shown` is the count on the page that asks again."""
    async with parts.database.session() as session:
        found = await desk.queue(session, person.email, size=PAGE, after=after)
    return page(request, "desk/queue.html", queue=found, first_page=not after, shown=shown)


@router.get("/next")
async def most_urgent(parts: Parts, person: SeesDesk) -> Response:
    """Straight to the case that matters most now."""
    async with parts.database.session() as session:
        found = await desk.most_urgent(session, person.email)
    if found is None:
        return go("/desk", "Nothing waits at the moment.", "note")
    return RedirectResponse(f"/desk/{found.case.number}", 303)


@router.get("/{number}")
async def one(request: Request, parts: Parts, person: SeesDesk, number: str) -> Response:
    """Everything known about one case, and the decision."""
    return workbench.draw(request, await workbench.find(parts, number), person, {})
