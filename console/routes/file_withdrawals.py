"""The withdrawal of a whole file: what it would come to, case by case, and the one action that carries it out."""

import uuid
from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Parts, StartsWork
from console.collaborators import Collaborators
from console.forms import FieldError, check, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem
from console.routes.files import find, may_withdraw
from console.routes.withdrawals import WithdrawalAsked
from records import file_withdrawal
from records.access import Person
from records.file_withdrawal import Comes, Wanted
from records.submission import IntakeFile
from systems.registry import operation_of

router = APIRouter(prefix="/files/{file_id}/withdrawals", route_class=KeepsTyped)

LISTED = 50
"""Entries that stand already, of which so many are listed; the rest is counted."""


@router.get("")
async def form(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """What would stop, what is keyed already with its confirmation, what is left as it is; and the reason."""
    file = await find(parts, file_id)
    if file.withdrawn_at is not None:
        return go(f"/files/{file_id}")
    return await _draw(request, parts, file, person, {})


@router.post("")
async def withdraw(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """Withdraw the file, once; its page shows what comes of each case."""
    file, values = await find(parts, file_id), await typed(request)
    if file.withdrawn_at is not None:
        return go(f"/files/{file_id}", "The file is withdrawn already.")
    if not may_withdraw(file, person):
        raise Problem(
            403, "not_allowed", "Whoever uploaded this file, or a supervisor, can withdraw it.", kept="Nothing stopped."
        )
    asked, errors = check(WithdrawalAsked, values)
    if asked is None:
        return await _draw(request, parts, file, person, values, errors)
    wanted = Wanted(file_id=file_id, by=person.email, by_id=person.id, reason=asked.reason)
    async with parts.database.session() as session:
        await file_withdrawal.withdraw(session, wanted, parts.clock())
    return go(f"/files/{file_id}", "The file is withdrawn.")


async def _draw(
    request: Request,
    parts: Collaborators,
    file: IntakeFile,
    person: Person,
    values: Mapping[str, str],
    errors: tuple[FieldError, ...] = (),
) -> Response:
    async with parts.database.session() as session:
        found = await file_withdrawal.preview(session, file.id, limit=LISTED)
    return page(
        request,
        "files/withdrawal.html",
        path="/files",
        status=422 if errors else 200,
        file=file,
        found=found,
        of=lambda name: found.cases.get(Comes(name), 0),
        keyed=[(operation_of(one.system, one.operation), one) for one in found.keyed],
        may=may_withdraw(file, person),
        reason=values.get("reason", ""),
        errors=errors,
    )
