"""Drills: an outage of a demo system on a stage of its own; asked for here, watched, and its report read."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from console import canary_view, drill_view, window_view
from console.access import Parts, SeesSystems, SteersSystems
from console.collaborators import Collaborators
from console.forms import FieldError, check, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import Problem, not_found
from console.window_view import Window
from records import drills, window_drill
from records.access import Person
from records.drill import Drill, DrillState
from systems.drill_ground import Grounds
from systems.drills import LONGEST, MOST, OPERATIONS, Mode
from systems.seating import Seatings

router = APIRouter(prefix="/drills", route_class=KeepsTyped)

LISTED, WINDOWS = 50, 10
IN_FLIGHT = (
    "Each one that was held takes about a second once the outage is over: 60 take a minute more and still show what is "
    "lost, doubled or out of order; the 300 that “baton drill” proposes take five."
)


class Wanted(BaseModel):
    """Which drill."""

    model_config = ConfigDict(frozen=True)

    system: Annotated[str, Field(title="System", pattern="|".join(OPERATIONS), description="one of the list")]
    mode: Mode = Field(title="How it goes away")
    minutes: float = Field(2, title="For how many minutes", ge=0.2, le=LONGEST)
    items: int = Field(60, title="Entries in flight", description=IN_FLIGHT, ge=5, le=MOST)


@router.get("")
async def listing(request: Request, parts: Parts, person: SeesSystems) -> Response:
    """Every drill, the newest first, and the form for the next one."""
    return await _listing(request, parts, person)


@router.post("")
async def create(request: Request, parts: Parts, person: SteersSystems) -> Response:
    """Ask for a drill: it begins within seconds."""
    values = await typed(request)
    if not parts.settings.demo:
        raise Problem(409, "no_stage", drill_view.NO_STAGE, kept="Nothing was started.", todo=drill_view.ELSEWHERE)
    wanted, errors = check(Wanted, values)
    if wanted is None:
        return await _listing(request, parts, person, values, errors)
    asked = Drill(**wanted.model_dump(), asked_by=person.email, asked_at=parts.clock(), state=DrillState.ASKED)
    async with parts.database.session() as session:
        if not await drills.ask(session, asked):
            return go("/drills", "A drill runs already: there is one at a time. Nothing was started.", "bad")
    return go(f"/drills/{asked.id}", "Asked for. It begins within seconds.")


@router.get("/{drill_id}")
async def one(request: Request, parts: Parts, _person: SeesSystems, drill_id: uuid.UUID) -> Response:
    """One drill: how it stands, or what it showed."""
    drill = await _drill(parts, drill_id)
    return page(request, "drills/one.html", drill=drill, report=drills.report_of(drill), view=drill_view)


@router.post("/{drill_id}/stops")
async def stop(parts: Parts, person: SteersSystems, drill_id: uuid.UUID) -> Response:
    """Stop a drill; nothing that it started goes on."""
    await _drill(parts, drill_id)
    async with parts.database.session() as session:
        await drills.fail(session, drill_id, f"Stopped by {person.email}.", parts.clock())
    return go(f"/drills/{drill_id}", "Stopped. What it started ends within seconds.")


async def _drill(parts: Collaborators, drill_id: uuid.UUID) -> Drill:
    async with parts.database.session() as session:
        drill = await session.get(Drill, drill_id)
    if drill is None:
        raise not_found("This drill")
    return drill


async def _listing(
    request: Request,
    parts: Collaborators,
    person: Person,
    values: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
) -> Response:
    async with parts.database.session() as session:
        found = await drills.latest(session, LISTED)
        grounds = Grounds(Seatings(parts.settings.systems_file))
        windows = await _windows(session, person.email, parts.clock())
        ways = await canary_view.exercised(session, parts.places(), grounds)
    return page(
        request,
        "drills/list.html",
        status=422 if errors else 200,
        rows=[(drill, drills.report_of(drill)) for drill in found],
        ways=list(ways.values()),
        windows=windows,
        choices=window_view.ways(parts.places()),
        fields=drill_view.fields(Wanted, values, errors),
        errors=errors,
        labels={name: field.title for name, field in Wanted.model_fields.items()},
        view=drill_view,
        running=any(drill.ended_at is None for drill in found),
        refused="" if parts.settings.demo else drill_view.NO_STAGE,
    )


async def _windows(session: AsyncSession, me: str, now: datetime) -> list[Window]:
    """The drills on real systems, each with what the records tell of it."""
    return [
        Window(one, await window_drill.measured(session, one, now) if one.started_at else None, me, now)
        for one in await window_drill.latest(session, WINDOWS)
    ]
