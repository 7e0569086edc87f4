"""Look-ups of the workbench: what a bot shall read for whoever works on a case, and what came of it."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from console import entry_desk, look_up_view, workbench
from console.access import Parts, PicksUp
from console.collaborators import Collaborators
from console.deeds import ANSWERS
from console.forms import typed
from console.kept import AWAY, KeepsTyped
from console.pages import fragment, go
from console.problems import Problem, database_away, not_found
from console.reports import read_date
from handoff.lookups import LOOK_UPS, LookUp
from handoff.states import OPEN
from records import look_ups
from records.access import Person
from records.desk import AtDesk
from records.look_up import LookUpAsked, LookUpState
from records.look_ups import Wanted

router = APIRouter(route_class=KeepsTyped)
api = APIRouter(prefix="/api/cases/{number}/look-ups", tags=["desk"])
IN_PLACE = "X-In-Place"
"""The header of a page that puts the answer where it belongs, so that nothing else on it is lost."""
LATEST = timedelta(days=180)


class LookUpWanted(BaseModel):
    """Which of the journey's look-ups, and around which day where one is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=40)]
    day: date | None = None


class LookUpSeen(BaseModel):
    """A look-up as a program sees it; `code` says what is or was in the way."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    name: str
    asked_by: str
    asked_at: datetime
    state: LookUpState
    code: str
    answer: dict[str, Any] | None
    answered_at: datetime | None


@router.get("/cases/{number}/look-ups")
@router.get("/desk/handoffs/{handoff_id}/look-ups")
async def newest(request: Request, parts: Parts, _person: PicksUp) -> Response:
    """What came of them by now, for the part of the workbench that follows it."""
    found = await _here(request, parts)
    if IN_PLACE not in request.headers and "HX-Request" not in request.headers:
        return go(f"{found.path}#look-ups")
    return await _part(request, parts, found)


@router.post("/cases/{number}/look-ups")
@router.post("/desk/handoffs/{handoff_id}/look-ups")
async def look_up(request: Request, parts: Parts, person: PicksUp) -> Response:
    """Have it read; the workbench shows how far it is, and keeps all that is typed elsewhere on it."""
    values = await typed(request)
    if IN_PLACE not in request.headers:
        here = await _here(request, parts)
        row = await _ask(parts, person, here, _wanted(values))
        return go(f"{here.path}#look-ups", f"{LOOK_UPS[row.name].title}: a bot reads it now.")
    found = None
    try:
        found = await _here(request, parts)
        await _ask(parts, person, found, _wanted(values))
    except AWAY as trouble:
        return _said(request, database_away(trouble))
    except Problem as problem:
        return await _part(request, parts, found, problem) if found else _said(request, problem)
    return await _part(request, parts, found)


@api.post("", status_code=202, responses=ANSWERS)
async def look_up_by_program(parts: Parts, person: PicksUp, number: str, asked: LookUpWanted) -> LookUpSeen:
    """Have something read that the case's journey declares. It has no effect on the system."""
    return LookUpSeen.model_validate(await _ask(parts, person, await workbench.find(parts, number), asked))


@api.get("")
async def newest_by_program(parts: Parts, _person: PicksUp, number: str) -> list[LookUpSeen]:
    """What was looked up for the case's newest handoff, the newest first."""
    found = await workbench.find(parts, number)
    async with parts.database.session() as session:
        return [LookUpSeen.model_validate(row) for row in await look_ups.newest(session, found.handoff.id)]


async def _here(request: Request, parts: Collaborators) -> AtDesk:
    """The case's newest handoff, or this very one: an entry that a bot passed on has a page of its own."""
    if number := request.path_params.get("number"):
        return await workbench.find(parts, number)
    handoff = request.path_params["handoff_id"]
    try:
        return await entry_desk.find(parts, uuid.UUID(handoff))
    except ValueError:
        raise not_found("This handoff") from None


def _wanted(values: Mapping[str, str]) -> LookUpWanted:
    text = values.get("day", "").strip()
    day = read_date(text) if text else None
    if text and day is None:
        raise _refused("A day, please, as in 2026-11-30.")
    return LookUpWanted(name=values.get("look_up", "")[:40], day=day)


async def _ask(parts: Collaborators, person: Person, found: AtDesk, asked: LookUpWanted) -> LookUpAsked:
    look_up, today = LOOK_UPS.get(asked.name), parts.clock().date()
    if look_up is None or look_up.journey != found.case.journey:
        raise _refused("This cannot be looked up for this case.")
    if found.handoff.state not in OPEN:
        raise Problem(409, "wrong_state", "This case has been decided already.", kept="Nothing was looked up.")
    if asked.day is not None and not today <= asked.day <= today + LATEST:
        raise _refused(f"From today to {LATEST.days} days ahead.")
    key = look_up.key(found.packet.order, asked.day or today, today)
    if not key:
        raise _refused("What is known of this case does not say what to look for.")
    return await _kept(parts, person, found, look_up, key)


async def _kept(parts: Collaborators, person: Person, found: AtDesk, look_up: LookUp, key: str) -> LookUpAsked:
    before = look_up_view.known(look_up, found.packet.order)
    wanted = Wanted(by=person.email, by_id=person.id, key=key, before=before)
    async with parts.database.session() as session:
        return await look_ups.ask(session, found.handoff, look_up, wanted, parts.clock())


def _refused(sentence: str) -> Problem:
    return Problem(422, "invalid", sentence, kept="Nothing was looked up.")


async def _part(request: Request, parts: Collaborators, found: AtDesk, problem: Problem | None = None) -> Response:
    async with parts.database.session() as session:
        card = await look_up_view.gather(session, found, parts.clock())
    part = fragment(request, "desk/looked.html", looks=card, trouble=problem)
    return HTMLResponse(part, status_code=problem.status if problem else 200)


def _said(request: Request, problem: Problem) -> Response:
    part = fragment(request, "desk/looked.html", looks=None, trouble=problem)
    return HTMLResponse(part, status_code=problem.status)
