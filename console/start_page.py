"""The *Start work* page: the form as it was typed, the files, and what comes back to the submitter first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastapi import Request
from starlette.responses import Response

from console.collaborators import Collaborators
from console.file_kinds import KINDS
from console.forms import FieldError, Input, inputs, new_key
from console.pages import page
from console.reports import TITLES
from handoff.failed_delivery import JOURNEY, FailedDeliveryReport
from records import intake_files, receipts
from records.access import Person

LATEST = 5


async def draw(
    request: Request,
    parts: Collaborators,
    person: Person,
    *,
    values: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
    refusal: tuple[str, str] | None = None,
) -> Response:
    """The page; with `errors` beside the fields, or `refusal` (what, what to do) above the upload, and then 422."""
    async with parts.database.session() as session:
        corrections = await receipts.to_correct(session, person.email)
        latest = await receipts.latest_of(session, person.email, LATEST)
        files = await intake_files.latest(session, limit=LATEST)
        counts = await intake_files.counts(session, *(file.id for file in files))
    shown = values or {"failed_on": parts.clock().date().isoformat()}
    return page(
        request,
        "intake/start.html",
        path="/intake",
        status=422 if errors or refusal else 200,
        fields={field.name: _said_once(field) for field in inputs(FailedDeliveryReport, shown, errors)},
        errors=errors,
        titles=TITLES,
        key=shown.get("key") or new_key(),
        kind=KINDS[JOURNEY],
        kinds=KINDS,
        refusal=refusal,
        corrections=corrections,
        latest=latest,
        files=files,
        counts=counts,
        file_key=new_key(),
    )


def _said_once(field: Input) -> Input:
    """A field whose error says what is wanted needs no hint that says it again."""
    return replace(field, help="") if field.error and field.help in field.error else field
