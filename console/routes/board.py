"""The supervisor's board: where work stands, the bottleneck first."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import board_page
from console.access import Parts, SeesBoard
from console.pages import page

router = APIRouter(prefix="/board")


@router.get("")
async def board(request: Request, parts: Parts, _person: SeesBoard) -> Response:
    """Queues, clocks that run out, who works on what, waits by stage, and last week's breaches."""
    view = await board_page.read(parts)
    return page(
        request,
        "board/board.html",
        view=view,
        clock_title=board_page.clock_title,
        reason=board_page.reason,
        late=board_page.late,
    )
