"""A withdrawal: whoever started a case takes it back; what is keyed already goes to a person who knows it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlmodel import col, select
from starlette.responses import Response

from console import case_view, telling
from console.access import Parts, StartsWork
from console.collaborators import Collaborators
from console.forms import FieldError, check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import ErrorAnswer, Problem, not_found
from core.work_item import State
from records.access import Person
from records.case import Case
from records.people import Role
from records.work_item import WorkItem
from systems.registry import SYSTEMS
from workflows.acts import Told, WithdrawCase

router = APIRouter(prefix="/cases/{number}/withdrawals", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/withdrawals", tags=["cases"])


class WithdrawalAsked(BaseModel):
    """Why the case is taken back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


def may_withdraw(case: Case, person: Person) -> bool:
    """Whether this person may take this case back now; its workflow checks the same once more."""
    own = person.email == case.submitted_by or person.role is Role.SUPERVISOR
    return case.closed_at is None and own


@router.get("")
async def form(request: Request, parts: Parts, person: StartsWork, number: str) -> Response:
    """What stands on the systems already, and the reason."""
    return await _draw(request, parts, await _find(parts, number), person, {})


@router.post("")
async def withdraw(request: Request, parts: Parts, person: StartsWork, number: str) -> Response:
    """Tell the case; its page shows what comes of it."""
    case, values = await _find(parts, number), await typed(request)
    asked, errors = check(WithdrawalAsked, values)
    if asked is None:
        return await _draw(request, parts, case, person, values, errors=errors)
    try:
        told = await _tell(parts, person, case, asked, values.get("key", ""))
    except Problem as problem:
        return await _draw(request, parts, case, person, values, problem=problem)
    return go(f"/cases/{case.number}", told.message)


@api.post("", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def withdraw_by_program(
    parts: Parts,
    person: StartsWork,
    number: str,
    asked: WithdrawalAsked,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Told:
    """Take back a case that this person has started, with a reason."""
    return await _tell(parts, person, await _find(parts, number), asked, idempotency_key)


async def _tell(parts: Collaborators, person: Person, case: Case, asked: WithdrawalAsked, key: str) -> Told:
    workflow = telling.case_workflow(case.journey, case.number)
    act = WithdrawCase(by=person.id, reason=asked.reason)
    return await telling.tell(parts, workflow, "withdraw", act, key or new_key())


async def _find(parts: Collaborators, number: str) -> Case:
    async with parts.database.session() as session:
        case = await case_view.by_number(session, number)
    if case is None:
        raise not_found("Case", number)
    return case


async def _draw(
    request: Request,
    parts: Collaborators,
    case: Case,
    person: Person,
    values: Mapping[str, str],
    *,
    errors: tuple[FieldError, ...] = (),
    problem: Problem | None = None,
) -> Response:
    async with parts.database.session() as session:
        done = select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.state == State.DONE)
        keyed = list(await session.exec(done.order_by(col(WorkItem.ended_at))))
    return page(
        request,
        "cases/withdrawal.html",
        path="/cases",
        status=problem.status if problem else 422 if errors else 200,
        case=case,
        keyed=[(SYSTEMS[item.system], SYSTEMS[item.system].operations[item.operation], item) for item in keyed],
        may=may_withdraw(case, person),
        reason=values.get("reason", ""),
        errors=errors,
        problem=problem,
        key=new_key(),
    )
