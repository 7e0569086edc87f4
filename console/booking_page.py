"""The page *A booking*: the form as it was typed, and the upload of a file of them."""

from collections.abc import Mapping, Sequence

from fastapi import Request
from starlette.responses import Response

from console import booking_forms
from console.collaborators import Collaborators
from console.file_kinds import KINDS
from console.forms import FieldError, new_key
from console.pages import page
from handoff.booking import JOURNEY


def draw(
    request: Request,
    parts: Collaborators,
    values: Mapping[str, str],
    errors: Sequence[FieldError],
    refusal: tuple[str, str] | None = None,
) -> Response:
    """The page; with `errors` beside the fields, or `refusal` (what, what to do) above the upload, and then 422."""
    return page(
        request,
        "intake/booking.html",
        path="/intake",
        status=422 if errors or refusal else 200,
        fields=booking_forms.fields(values, errors, parts.clock().date()),
        errors=errors,
        titles=booking_forms.TITLES,
        key=values.get("key") or new_key(),
        kind=KINDS[JOURNEY],
        refusal=refusal,
        file_key=new_key(),
    )
