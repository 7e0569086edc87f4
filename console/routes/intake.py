"""Start work: one page to report a failed delivery, upload a file, or correct what came back."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import start_page
from console.access import Parts, StartsWork

router = APIRouter()


@router.get("/intake")
async def start(request: Request, parts: Parts, person: StartsWork) -> Response:
    """The page as it is before anything is typed."""
    return await start_page.draw(request, parts, person)
