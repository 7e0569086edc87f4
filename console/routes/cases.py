"""Cases: the list with its filters and search, and the page of one."""

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import func, select
from starlette.responses import RedirectResponse, Response

from console import case_list, case_view
from console.access import Parts, SeesCases
from console.case_list import Wanted
from console.forms import field_errors
from console.next_step import next_step
from console.pages import page, with_query
from console.problems import Problem, not_found
from console.routes.withdrawals import may_withdraw
from records.trail import Event

router = APIRouter()


@router.get("/cases")
async def listing(request: Request, parts: Parts, person: SeesCases) -> Response:
    """The list; a search for exactly one number goes straight to its case."""
    wanted = read(request)
    async with parts.database.session() as session:
        if wanted.q:
            exact = await case_view.by_number(session, wanted.q)
            if exact is not None:
                return RedirectResponse(f"/cases/{exact.number}", 303)
        found = await case_list.find(session, wanted, person.email)
        newest = (await session.exec(select(func.max(Event.id)))).one()
    more = with_query("/cases", {**wanted.query(), "after": found.next}) if found.next else ""
    return page(request, "cases/list.html", wanted=wanted, found=found, more=more, last_event=newest or 0)


@router.get("/cases/{number}")
async def one(request: Request, parts: Parts, person: SeesCases, number: str) -> Response:
    """One case: what it is, whether it is all right, what to do next, and everything that happened."""
    async with parts.database.session() as session:
        case = await case_view.by_number(session, number)
        if case is None:
            raise not_found("Case", number)
        view = await case_view.gather(session, case, parts.clock())
    return page(
        request,
        "cases/case.html",
        view=view,
        next=next_step(view, person),
        facts=case_view.facts(view.report),
        may_withdraw=may_withdraw(case, person),
    )


def read(request: Request) -> Wanted:
    """The filters of the address; 422 names the one that is none."""
    try:
        return Wanted.read(request.query_params)
    except ValidationError as trouble:
        fields = field_errors(trouble.errors())
        raise Problem(
            422, "invalid", "This filter is not known here.", fields=fields, todo="Open the list anew."
        ) from None
