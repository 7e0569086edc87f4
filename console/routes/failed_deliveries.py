"""A failed delivery that is reported: by form or by a program, with a receipt that stands whatever Temporal does."""

import uuid

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import reports, start_page
from console.access import Parts, StartsWork
from console.forms import typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import ErrorAnswer, Problem
from console.routes.receipts import ReceiptAnswer, found
from handoff.failed_delivery import FailedDeliveryReport
from records import receipts

router = APIRouter(route_class=KeepsTyped)
api = APIRouter(prefix="/api/failed-deliveries", tags=["intake"])


@router.get("/failed-deliveries")
async def elsewhere(_person: StartsWork) -> Response:
    """The form is on the page Start work."""
    return go("/intake")


@router.post("/failed-deliveries")
async def report_by_form(request: Request, parts: Parts, person: StartsWork) -> Response:
    """Hand the form in, once however often it is pressed; what is wrong stands beside the fields."""
    values = await typed(request)
    made, errors = reports.check({name: values[name] for name in reports.TITLES if name in values})
    if made is None:
        return await start_page.draw(request, parts, person, values=values, errors=errors)
    identity = form_id(person.id, values.get("key", ""), made.model_dump_json())
    work = reports.work_of(made, "form", person.email, submission_id=identity)
    await receipts.hand_in_once(parts.database, work, parts.clock())
    return go(f"/receipts/{work.id}")


@api.post("", status_code=202, responses={413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}})
async def report_by_program(parts: Parts, person: StartsWork, report: FailedDeliveryReport) -> ReceiptAnswer:
    """Hand a report in. The same order, parcel and attempt twice is one case; `verdict` says what became of it.

    422: what is wrong with which field. 413: larger than 64 KB. 503: send it again; it is one case.
    """
    kept, errors = reports.check(report.model_dump(mode="json"))
    if kept is None:
        raise Problem(422, "invalid", "Some of the values are not right.", fields=errors)
    work = reports.work_of(kept, "api", person.email)
    submission_id = await receipts.hand_in_once(parts.database, work, parts.clock())
    return ReceiptAnswer.of(await found(parts, submission_id), parts.settings.console_url)


def form_id(person_id: uuid.UUID, key: str, content: str) -> uuid.UUID:
    """The id that one rendered form gives what it sends: pressed twice it is one, changed and sent again another.

    Without a key every sending is its own.
    """
    return uuid.uuid5(person_id, f"{key}\n{content}") if key else uuid.uuid4()
