"""The page behind a mailed link: a customer sees an appointment, chooses another time or cancels, not signed in."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from console.access import Anybody, Parts
from console.collaborators import Collaborators
from console.forms import new_key
from console.kept import KeepsTyped
from console.pages import page
from console.strangers import Strangers, place_of
from handoff.booking import Window, spoken_day, spoken_hours
from records import bookings
from records.bookings import Seen
from records.case import Case

router = APIRouter(prefix="/bookings", route_class=KeepsTyped)

NOT_OFFERED = "Please choose one of the times below."


@router.get("/{token}")
async def show(request: Request, parts: Parts, _person: Anybody, token: str) -> Response:
    """The appointment and the other times that were free, or what has become of it."""
    case, seen = await _found(request, parts, token)
    return _draw(request, parts, case, seen)


@router.post("/{token}")
async def change(
    request: Request,
    parts: Parts,
    _person: Anybody,
    token: str,
    key: Annotated[str, Form(min_length=8, max_length=60)],
    time: Annotated[str, Form(max_length=20)] = "",
    cancel: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Keep what the customer chose, once for each page that was drawn; the case hears of it by itself."""
    case, seen = await _found(request, parts, token)
    if case is None or case.closed_at is not None:
        return _draw(request, parts, case, seen)
    chosen = _window(time)
    if not cancel and chosen not in seen.offers:
        return _draw(request, parts, case, seen, error=NOT_OFFERED)
    async with parts.database.session() as session:
        if cancel:
            await bookings.cancel(session, case, key, parts.clock())
        elif chosen is not None:
            await bookings.reschedule(session, case, key, chosen, parts.clock())
    return RedirectResponse(f"/bookings/{token}", 303)


async def _found(request: Request, parts: Collaborators, token: str) -> tuple[Case | None, Seen]:
    """The case and what its customer may see. Who tries links that are nobody's is slowed."""
    strangers: Strangers = request.app.state.strangers
    place = place_of(request)
    await strangers.refuse_if_many(place)
    async with parts.database.session() as session:
        case = await bookings.by_token(session, token)
        if case is not None:
            return case, await bookings.seen(session, case, parts.clock().date())
    await strangers.count(place)
    return None, Seen()


def _window(time: str) -> Window | None:
    day, _, slot = time.partition("/")
    try:
        return Window.model_validate({"day": day, "slot": slot})
    except ValidationError:
        return None


def _draw(request: Request, parts: Collaborators, case: Case | None, seen: Seen, *, error: str = "") -> Response:
    """The page as a stranger may see it: the appointment and the reference, nothing else of the case."""
    offers = [(f"{one.day}/{one.slot}", spoken_day(one.day), spoken_hours(one.slot)) for one in seen.offers]
    return page(
        request,
        "bookings/appointment.html",
        status=404 if case is None else 422 if error else 200,
        person=None,
        number=case.number if case else "",
        closed=case is not None and case.closed_at is not None,
        outcome=case.outcome if case else "",
        seen=seen,
        spoken=seen.place.spoken() if seen.place else "",
        offers=offers,
        company=parts.settings.company,
        error=error,
        key=new_key(),
    )
