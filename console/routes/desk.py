"""The desk: the queue with what matters most in front, and the workbench of one case."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console import bench_page, desk_page, event_words, workbench
from console.access import Parts, SeesDesk
from console.pages import go, page

router = APIRouter(prefix="/desk")

PAGE = 50


@router.get("")
async def queue(request: Request, parts: Parts, person: SeesDesk, shown: int | None = None) -> Response:
    """What waits, what this person has, and what others have; `shown` is the count on the page that asks again."""
    wanted = desk_page.wanted_by(request.query_params)
    view = await desk_page.read(parts, person, size=PAGE, wanted=wanted)
    return page(request, "desk/queue.html", view=view, queue=view.queue, wanted=wanted, shown=shown, said=event_words)


@router.get("/next")
async def most_urgent(parts: Parts, person: SeesDesk) -> Response:
    """Straight to the case that matters most now, with the reason why."""
    first = await desk_page.first_for(parts, person)
    if first is None:
        return go("/desk", "Nothing waits for you at the moment.", "note")
    path = first.path + ("" if first.held else "?next=1")
    return go(path, f"First because: {first.choice.sentence()}.", "note")


@router.get("/{number}")
async def one(request: Request, parts: Parts, person: SeesDesk, number: str, macro: str = "") -> Response:
    """Everything known about one case, and the decision; `macro` names a ready text that fills its form."""
    found = await workbench.find(parts, number)
    if found.path != f"/desk/{found.case.number}":  # an entry that a bot passed on has a page of its own
        return RedirectResponse(found.path, 303)
    return await bench_page.draw(request, found, person, bench_page.ready(found, macro))
