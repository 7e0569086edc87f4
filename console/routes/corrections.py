"""A correction: the submitter mends an order number that the order desk does not know, or says that it is right."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import col, select
from starlette.responses import Response

from console import reports, telling, words
from console.access import CorrectsOrders, Parts
from console.collaborators import Collaborators
from console.forms import FieldError, inputs, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from core.case import Stage
from handoff.failed_delivery import FailedDeliveryReport
from records.case import Case
from records.submission import Submission
from workflows.acts import Act, CorrectOrder

router = APIRouter(prefix="/cases/{number}", route_class=KeepsTyped)

FIELDS = ("order_no", "parcel_no")


@router.get("/correction")
async def form(request: Request, parts: Parts, _person: CorrectsOrders, number: str) -> Response:
    """The two numbers as they were handed in, to be mended or confirmed."""
    case, content = await _find(parts, number)
    return _draw(request, case, content, content)


@router.post("/correction")
async def correct(request: Request, parts: Parts, person: CorrectsOrders, number: str) -> Response:
    """Tell the case the right numbers; it reads the order again."""
    case, content = await _find(parts, number)
    values = await typed(request)
    numbers = {name: values.get(name, "") for name in FIELDS}
    report, errors = reports.check({**content, **numbers})
    if report is None:
        return _draw(request, case, content, values, errors)
    if all(getattr(report, name) == content[name] for name in FIELDS):
        same = FieldError(field="order_no", message="This is what was handed in; change it, or say that it is right.")
        return _draw(request, case, content, values, [same])
    act = CorrectOrder(by=person.id, order_no=report.order_no, parcel_no=report.parcel_no)
    try:
        told = await telling.tell(parts, _workflow(case), "correct_order", act, values.get("key") or new_key())
    except Problem as problem:
        return _draw(request, case, content, values, problem=problem)
    return go(f"/cases/{case.number}", told.message)


@router.get("/confirmation")
async def elsewhere(_person: CorrectsOrders, number: str) -> Response:
    """It is confirmed on the page of the correction."""
    return go(f"/cases/{number}/correction")


@router.post("/confirmation")
async def confirm(request: Request, parts: Parts, person: CorrectsOrders, number: str) -> Response:
    """The number is right: the case goes to the desk."""
    case, content = await _find(parts, number)
    values = await typed(request)
    try:
        act = Act(by=person.id)
        told = await telling.tell(parts, _workflow(case), "confirm_order", act, values.get("key") or new_key())
    except Problem as problem:
        return _draw(request, case, content, content, problem=problem)
    return go(f"/cases/{case.number}", told.message)


async def _find(parts: Collaborators, number: str) -> tuple[Case, dict[str, Any]]:
    """The case, and what was first handed in for it, with the numbers that the case has now."""
    async with parts.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == number.upper()))).one_or_none()
        if case is None:
            raise not_found("Case", number)
        asked = select(Submission).where(Submission.case_id == case.id).order_by(col(Submission.received_at)).limit(1)
        submission = (await session.exec(asked)).one_or_none()
    if submission is None:
        raise not_found("The report of case", number)
    return case, {**submission.content, "order_no": case.order_no, "parcel_no": case.parcel_no}


def _draw(
    request: Request,
    case: Case,
    content: Mapping[str, Any],
    values: Mapping[str, Any],
    errors: Sequence[FieldError] = (),
    problem: Problem | None = None,
) -> Response:
    return page(
        request,
        "corrections/correction.html",
        path="/intake",
        status=problem.status if problem else 422 if errors else 200,
        case=case,
        asked=case.stage is Stage.CORRECTION,
        fields=inputs(FailedDeliveryReport, values, errors, only=FIELDS),
        facts=[
            (title, words.given(name, str(content[name])))
            for name, title in reports.TITLES.items()
            if content.get(name)
        ],
        errors=errors,
        titles=reports.TITLES,
        problem=problem,
        key=_key(values, problem),
    )


def _key(values: Mapping[str, Any], problem: Problem | None) -> str:
    """The form's key goes on as long as nobody answered it; an answered one would give the same answer again."""
    unanswered = problem is None or problem.status == 503
    return str(values["key"]) if unanswered and values.get("key") else new_key()


def _workflow(case: Case) -> str:
    return telling.case_workflow(case.journey, case.number)
