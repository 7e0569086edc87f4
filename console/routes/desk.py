"""The desk: the queue with what matters most in front, and the workbench of one case."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import bench_page, desk_page, workbench
from console.access import Parts, SeesDesk
from console.pages import go, page

router = APIRouter(prefix="/desk")

PAGE = 50


@router.get("")
async def queue(
    request: Request, parts: Parts, person: SeesDesk, after: str = "", shown: int | None = None
) -> Response:
    """What waits, what this person has, and what others have; `shown` is the count on the page that asks again."""
    view = await desk_page.read(parts, person, size=PAGE, after=after)
    return page(request, "desk/queue.html", view=view, queue=view.queue, first_page=not after, shown=shown)


@router.get("/next")
async def most_urgent(parts: Parts, person: SeesDesk) -> Response:
    """Straight to the case that matters most now, with the reason why."""
    first = await desk_page.first_for(parts, person)
    if first is None:
        return go("/desk", "Nothing waits for you at the moment.", "note")
    path = f"/desk/{first.number}" + ("" if first.held else "?next=1")
    return go(path, f"First because: {first.choice.sentence()}.", "note")


@router.get("/{number}")
async def one(request: Request, parts: Parts, person: SeesDesk, number: str) -> Response:
    """Everything known about one case, and the decision."""
    return await bench_page.draw(request, await workbench.find(parts, number), person)
