"""A question: whoever has a case asks somebody and keeps it, until the answer comes or the time is over."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, StringConstraints
from starlette.responses import Response

from console import deeds, moments
from console.access import Parts, PicksUp
from console.deeds import ANSWERS, Asked, Deed, Desk, Errors, Key
from console.forms import FieldError
from console.kept import KeepsTyped
from console.pages import go
from workflows.acts import Told
from workflows.handoff_acts import Ask, Words

router = APIRouter(prefix="/cases/{number}/questions", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/questions", tags=["desk"])

NAMES = {"to_kind": "to_kind", "to_address": "to_address", "question": "question"}


class QuestionAsked(Asked):
    """Who is asked what, until when, and whether the clocks stand meanwhile.

    A customer without an address is asked at the one that the order has; a colleague reads it on the case.
    """

    to_kind: Literal["customer", "depot", "carrier", "colleague"]
    to_address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    question: Words
    expires_at: AwareDatetime
    pauses: bool = False


def read(values: Mapping[str, str], desk: Desk) -> tuple[Asked | None, Errors]:
    """The question as it was typed."""
    until, wrong = moments.read(values, "ask", desk.now, desk.zone)
    typed = {**values, "to_address": _address(values, desk), "ask_until": until or desk.now}
    typed["ask_pauses"] = "yes" if values.get("ask_pauses") else "no"
    names = {**NAMES, "ask_until": "expires_at", "ask_pauses": "pauses"}
    made, errors = deeds.read(QuestionAsked, typed, names)
    errors = (*errors, *wrong, *(_unreachable(typed["to_kind"], str(typed["to_address"]), desk) if made else ()))
    return (None, errors) if errors else (made, ())


def _address(values: Mapping[str, str], desk: Desk) -> str:
    """Where it goes: as typed, or what is known; a colleague is chosen from a list of its own."""
    if values.get("to_kind") == "colleague":
        return values.get("to_colleague", "")
    customer = desk.found.packet.customer.email if values.get("to_kind") == "customer" else ""
    return values.get("to_address", "").strip() or customer


def _unreachable(kind: object, address: str, desk: Desk) -> Errors:
    if kind == "colleague":
        known = address in desk.people and address != desk.person.email
        return () if known else (FieldError(field="to_colleague", message="Choose a colleague."),)
    if "@" in address:
        return ()
    return (FieldError(field="to_address", message=f"No mail address of the {kind} is known: write one."),)


ASK = Deed(form="ask", update="ask", act=Ask, read=read)


@router.get("")
async def elsewhere(_person: PicksUp, number: str) -> Response:
    """Somebody is asked from the workbench."""
    return go(f"/desk/{number}#ask")


@router.post("")
async def ask(request: Request, parts: Parts, person: PicksUp, number: str) -> Response:
    """Ask, and keep the case."""
    return await deeds.post(request, parts, person, number, ASK)


@api.post("", responses=ANSWERS)
async def ask_by_program(
    parts: Parts, person: PicksUp, number: str, asked: QuestionAsked, idempotency_key: Key = ""
) -> Told:
    """Ask somebody about a case that this person has; outside the house by a mail with a link."""
    return await deeds.by_program(parts, person, number, ASK, asked, idempotency_key)
