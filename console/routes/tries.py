"""A try: all screens that one run left behind, side by side, or one of them with the next and the one before."""

import uuid

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Parts, SeesCases
from console.item_view import one_card
from console.kept import KeepsTyped
from console.pages import page
from console.problems import not_found
from records.case import Case
from records.work_item import Attempt

router = APIRouter(prefix="/tries", route_class=KeepsTyped)


@router.get("/{attempt_id}")
async def one(request: Request, parts: Parts, _person: SeesCases, attempt_id: uuid.UUID, screen: int = 0) -> Response:
    """The try; `screen` counts from one and shows that screen alone."""
    async with parts.database.session() as session:
        attempt = await session.get(Attempt, attempt_id)
        card = await one_card(session, attempt.item_id) if attempt is not None else None
        case = await session.get(Case, card.item.case_id) if card is not None and card.item.case_id else None
    if card is None:
        raise not_found("This try")
    shown = next(one for one in card.tries if one.attempt.id == attempt_id)
    if screen < 0 or screen > len(shown.frames):
        raise not_found("This screen")
    return page(request, "tries/try.html", card=card, case=case, shown=shown, screen=screen)
