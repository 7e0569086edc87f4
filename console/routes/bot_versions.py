"""Which versions of bots run where and since when, as the bot processes said at their start."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Parts, SeesBoard
from console.item_acts import ROUTES
from console.pages import page
from records import bot_version

router = APIRouter(prefix="/bot-versions")


@router.get("")
async def listing(request: Request, parts: Parts, _person: SeesBoard) -> Response:
    """Every way to every system with its versions, what runs now first."""
    async with parts.database.session() as session:
        found = await bot_version.deployed(session)
    return page(request, "bot_versions/list.html", ways=found, names=ROUTES)
