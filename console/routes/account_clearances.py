"""A held account that somebody lets go on by hand, with a reason: without a sign-in that would prove it."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from console import words
from console.access import MindsAccounts, Parts
from console.collaborators import Collaborators
from console.forms import check, inputs, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from records import access, account_holds
from records.account_holds import AccountHold

router = APIRouter(prefix="/accounts/holds/{hold_id}/clearances", route_class=KeepsTyped)


class Reason(BaseModel):
    """Why it may sign in again."""

    model_config = ConfigDict(frozen=True)

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)] = Field(
        title="Why it may go on", description="Kept with your name and the time, for auditors."
    )


@router.get("")
async def form(request: Request, parts: Parts, _person: MindsAccounts, hold_id: uuid.UUID) -> Response:
    """What it means, and the question why."""
    hold = await _open_hold(parts, hold_id)
    return _draw(request, hold, inputs(Reason))


@router.post("")
async def create(request: Request, parts: Parts, person: MindsAccounts, hold_id: uuid.UUID) -> Response:
    """End the hold; the bots sign in again when they next need the account."""
    hold, values = await _open_hold(parts, hold_id), await typed(request)
    reason, errors = check(Reason, values)
    if reason is None:
        return _draw(request, hold, inputs(Reason, values, errors), errors)
    now = parts.clock()
    async with parts.database.session() as session:
        cleared = await account_holds.clear(session, hold.credential, person.email, reason.why, now)
        access.audit(session, now, person.email, "account.cleared", hold.who, why=reason.why, holds=cleared)
    return go("/accounts", f"{hold.account} may sign in again; waiting work goes on within five minutes.")


async def _open_hold(parts: Collaborators, hold_id: uuid.UUID) -> AccountHold:
    """The hold; 404 when there is none, 409 when somebody ended it already."""
    async with parts.database.session() as session:
        hold = await session.get(AccountHold, hold_id)
    if hold is None:
        raise not_found("This hold")
    if hold.cleared_at is not None:
        raise Problem(409, "hold_ended", f"This hold was ended by {hold.cleared_by}.", kept="Nothing was changed.")
    return hold


def _draw(request: Request, hold: AccountHold, fields: object, errors: tuple[object, ...] = ()) -> Response:
    return page(
        request,
        "accounts/clearance.html",
        status=422 if errors else 200,
        hold=hold,
        sentence=words.fault(hold.code),
        fields=fields,
        errors=errors,
    )
