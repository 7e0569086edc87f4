"""A booking that is handed in: by form or by a program, with a receipt that stands whatever Temporal does."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import booking_forms, booking_page
from console.access import Parts, StartsWork
from console.forms import typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import ErrorAnswer, Problem
from console.routes.failed_deliveries import form_id
from console.routes.receipts import ReceiptAnswer, found
from handoff.booking import BookingRequest
from records import receipts

router = APIRouter(prefix="/intake/bookings", route_class=KeepsTyped)
api = APIRouter(prefix="/api/bookings", tags=["intake"])


@router.get("")
async def form(request: Request, parts: Parts, _person: StartsWork) -> Response:
    """The form as it is before anything is typed."""
    return booking_page.draw(request, parts, {}, ())


@router.post("")
async def book_by_form(request: Request, parts: Parts, person: StartsWork) -> Response:
    """Hand the form in, once however often it is pressed; what is wrong stands beside the fields."""
    values = await typed(request)
    given = {name: values[name] for name in booking_forms.TITLES if name in values}
    made, errors = booking_forms.read(given, parts.clock().date())
    if made is None or errors:
        return booking_page.draw(request, parts, values, errors)
    identity = form_id(person.id, values.get("key", ""), made.model_dump_json())
    work = booking_forms.work_of(made, "form", person.email, identity)
    await receipts.hand_in_once(parts.database, work, parts.clock())
    return go(f"/receipts/{work.id}")


@api.post("", status_code=202, responses={413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}})
async def book_by_program(parts: Parts, person: StartsWork, booking: BookingRequest) -> ReceiptAnswer:
    """Hand a booking in. The same external reference twice is one case; `verdict` says what became of it.

    422: what is wrong with which field. 413: larger than 64 KB. 503: nothing was kept, send it again.
    """
    made, errors = booking_forms.read(booking.model_dump(mode="json"), parts.clock().date())
    if made is None or errors:
        raise Problem(422, "invalid", "Some of the values are not right.", fields=errors)
    work = booking_forms.work_of(made, "api", person.email)
    submission_id = await receipts.hand_in_once(parts.database, work, parts.clock())
    return ReceiptAnswer.of(await found(parts, submission_id), parts.settings.console_url)
