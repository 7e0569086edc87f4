"""Mails nobody could place: assigned to a case by its number, or dismissed with a reason; and each mail as it came."""

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from console.access import Parts, PlacesMail, SeesCases
from console.collaborators import Collaborators
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from records import mails
from records.case import Case
from records.mails import MailError
from records.received_mail import ReceivedMail

router = APIRouter(prefix="/mails", route_class=KeepsTyped)

PAGE = 50
_NUMBER = re.compile(r"\b[A-Z]{2}-\d{6}\b")
_NOTHING: Mapping[str, str] = {}


@router.get("")
async def listing(request: Request, parts: Parts, _person: PlacesMail, before: datetime | None = None) -> Response:
    """What waits for a person, the newest first."""
    async with parts.database.session() as session:
        found = await mails.waiting(session, limit=PAGE + 1, before=before)
    more, found = len(found) > PAGE, found[:PAGE]
    older = quote(found[-1].received_at.isoformat()) if more else ""
    return page(request, "mails/list.html", mails=found, older=older, first_page=before is None)


@router.get("/{mail_id}")
async def one(request: Request, parts: Parts, _person: SeesCases, mail_id: uuid.UUID) -> Response:
    """One mail, whole."""
    return await _draw(request, parts, mail_id)


@router.post("/{mail_id}/placements")
async def place(
    request: Request,
    parts: Parts,
    person: PlacesMail,
    mail_id: uuid.UUID,
    number: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """It belongs to this case; whoever has the case is told."""
    try:
        async with parts.database.session() as session:
            await mails.assign(session, mail_id, number, by=person.email, now=parts.clock())
    except MailError as error:
        return await _draw(request, parts, mail_id, error=str(error), typed={"number": number})
    return go(f"/cases/{number.strip().upper()}", "The mail stands on this case now.")


@router.post("/{mail_id}/dismissals")
async def dismiss(
    request: Request,
    parts: Parts,
    person: PlacesMail,
    mail_id: uuid.UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Nothing is to be done about it, and why."""
    try:
        async with parts.database.session() as session:
            await mails.dismiss(session, mail_id, reason, by=person.email, now=parts.clock())
    except MailError as error:
        return await _draw(request, parts, mail_id, error=str(error), typed={"reason": reason})
    return go("/mails", "The mail is off the list. It is kept, with your reason.")


async def _draw(
    request: Request, parts: Collaborators, mail_id: uuid.UUID, error: str = "", typed: Mapping[str, str] = _NOTHING
) -> Response:
    async with parts.database.session() as session:
        mail = await session.get(ReceivedMail, mail_id)
        case = await session.get(Case, mail.case_id) if mail is not None and mail.case_id else None
    if mail is None:
        raise not_found("This mail")
    number = typed.get("number") or (case.number if case else _named(mail))
    context = {"mail": mail, "case": case, "error": error, "number": number, "reason": typed.get("reason", "")}
    return page(request, "mails/mail.html", status=422 if error else 200, **context)


def _named(mail: ReceivedMail) -> str:
    """A case number that the mail itself names: offered to the person, who decides; anybody can write one."""
    found = _NUMBER.search(f"{mail.subject}\n{mail.text}")
    return found.group() if found else ""
