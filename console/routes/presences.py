"""A presence: an open workbench says every half minute that it is looked at, and hears who else looks."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from console import workbench
from console.access import Parts, PicksUp
from console.forms import typed
from console.pages import fragment, go
from records import presence

router = APIRouter(prefix="/cases/{number}/presences")


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """Who looks at a case stands on its workbench."""
    return go(f"/desk/{number}")


@router.post("")
async def beat(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Note that this person looks, or types, now; who else does."""
    found = await workbench.find(parts, number)
    typing = (await typed(request)).get("typing") == "yes"
    async with parts.database.session() as session:
        if not found.handoff.ended_at:
            await presence.beat(session, found.handoff.id, person.email, parts.clock(), typing=typing)
        others = await presence.others(session, found.handoff.id, person.email, parts.clock())
    return HTMLResponse(fragment(request, "desk/others.html", others=others))
