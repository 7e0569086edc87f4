"""An answer to a return: the submitter reads why service gave the case back, and says what is missing."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from console import case_view, reports, telling, words
from console.access import CorrectsOrders, Parts
from console.collaborators import Collaborators
from console.deeds import ANSWERS
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from handoff.states import HandoffState
from records import desk, workbench
from records.access import Person
from records.case import Case
from records.desk import AtDesk
from workflows.acts import AnswerReturn, Told
from workflows.handoff_acts import Words

router = APIRouter(prefix="/cases/{number}/return-answer", route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/return-answers", tags=["cases"])


class AnswerAsked(BaseModel):
    """What whoever returned the case has to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: Words


@router.get("")
async def form(request: Request, parts: Parts, _person: CorrectsOrders, number: str) -> Response:
    """The reason, and room for the answer."""
    return await _draw(request, parts, number)


@router.post("")
async def answer(request: Request, parts: Parts, person: CorrectsOrders, number: str) -> Response:
    """Tell the case; it goes to the desk again, with the answer."""
    values = await typed(request)
    asked, errors = check(AnswerAsked, values)
    if asked is None:
        return await _draw(request, parts, number, values, errors[0].message)
    try:
        told = await _tell(parts, person, number, asked, values.get("key", ""))
    except Problem as problem:
        return await _draw(request, parts, number, values, problem=problem)
    return go(f"/cases/{number}", told.message)


@api.post("", responses=ANSWERS)
async def answer_by_program(
    parts: Parts,
    person: CorrectsOrders,
    number: str,
    asked: AnswerAsked,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Told:
    """Answer what service returned; 409 when the case does not wait for it."""
    return await _tell(parts, person, number, asked, idempotency_key)


def waits(case: Case, handoff_state: HandoffState | None) -> bool:
    """Whether the case waits for this answer."""
    return handoff_state is HandoffState.RETURNED and case.stage == "correction"


async def _tell(parts: Collaborators, person: Person, number: str, asked: AnswerAsked, key: str) -> Told:
    async with parts.database.session() as session:
        found = await _find(session, number)
    act = AnswerReturn(by=person.id, answer=asked.answer)
    workflow = telling.case_workflow(found.case.journey, found.case.number)
    return await telling.tell(parts, workflow, "answer_return", act, key or new_key())


async def _find(session: AsyncSession, number: str) -> AtDesk:
    found = await desk.newest(session, number.upper())
    if found is None or found.handoff.state is not HandoffState.RETURNED:
        raise not_found("A return of case", number)
    return found


async def _draw(
    request: Request,
    parts: Collaborators,
    number: str,
    values: dict[str, str] | None = None,
    error: str = "",
    problem: Problem | None = None,
) -> Response:
    async with parts.database.session() as session:
        found = await _find(session, number)
        view = await case_view.gather(session, found.case, parts.clock())
        returned = (await workbench.read(session, found.handoff)).of("handoff.returned", found.handoff.id)
        names = await workbench.names(session, [event.actor for event in returned])
    unanswered = problem is not None and problem.status == 503
    return page(
        request,
        "corrections/returned.html",
        path="/intake",
        status=problem.status if problem else 422 if error else 200,
        case=found.case,
        handoff=found.handoff,
        by=names.get(returned[-1].actor, returned[-1].actor) if returned else "Service",
        asked=waits(found.case, found.handoff.state),
        facts=[
            (title, words.given(name, str(view.report[name])))
            for name, title in reports.TITLES.items()
            if view.report.get(name)
        ],
        answer=(values or {}).get("answer", ""),
        error=error,
        problem=problem,
        key=(values or {}).get("key") if unanswered else new_key(),
    )
