"""The first page: what should I do next, by role."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import figures
from console.access import Parts, SignedIn
from console.pages import page

router = APIRouter()


@router.get("/")
async def home(request: Request, parts: Parts, person: SignedIn) -> Response:
    """What waits for this person, and what waits longest."""
    async with parts.database.session() as session:
        tiles = await figures.tiles(session, person, parts.clock())
        longest = await figures.longest(session)
    return page(request, "home.html", tiles=tiles, longest=longest)
