"""Systems as a status page, and how people steer an outage: take a way out of use, bring it back, let go at a rate."""

import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import RedirectResponse, Response

from console import canary_view, failure_words, system_view, uptime
from console.access import Parts, SeesSystems, SteersSystems
from console.collaborators import Collaborators
from console.forms import check, typed
from console.item_acts import ROUTES
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from console.system_view import SystemView
from fallbacks.drains import FASTEST, DrainRefused, Drains
from fallbacks.forecast import Forecast, Forecasts
from fallbacks.health import Health, IsolationRefused, ways_of
from records import health, outage_figures, playbooks
from records.operation_holds import OperationHold
from systems.base import PRODUCTION
from systems.drill_ground import Grounds
from systems.seating import Seatings
from systems.way import WayState

router = APIRouter(prefix="/systems", route_class=KeepsTyped)

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
HOURS = (1, 4, 12, 24, 72)
"""For how long a way can be taken out of use, where it is to come back by itself."""


@dataclass(frozen=True)
class Line:
    """Whose entries stand in a line (journey, entries, cases), and how it will go on."""

    hit: list[tuple[str, int, int]]
    forecast: Forecast


class Isolation(BaseModel):
    """Which way is taken out of use (none: every one), why, and for how many hours (none: until somebody says so)."""

    model_config = ConfigDict(frozen=True)

    why: Why = Field(title="Why")
    route: str = ""
    hours: int | None = Field(None, ge=1, le=24 * 90)


class Pace(BaseModel):
    """How many held entries a minute are let go at most; none: as the system takes them."""

    model_config = ConfigDict(frozen=True)

    outage: uuid.UUID
    per_minute: float | None = None


class Resumption(BaseModel):
    """Which way is tried again, and why."""

    model_config = ConfigDict(frozen=True)

    why: Why = Field(title="Why")
    route: str = ""
    unlooked: bool = False


@router.get("")
async def listing(request: Request, parts: Parts, _person: SeesSystems) -> Response:
    """Every system: now, the last day, ninety days, and what is held."""
    async with parts.database.session() as session:
        found = await system_view.systems(session, parts.places(), parts.clock())
    said = system_view.sentence(found)
    return page(request, "systems/list.html", found=found, said=said, view=uptime)


@router.get("/{system}")
async def short(_person: SeesSystems, system: str) -> Response:
    """The system's page, of production."""
    return RedirectResponse(f"/systems/{quote(system, safe='')}/{PRODUCTION}", 307)


@router.get("/{system}/{environment}")
async def one(request: Request, parts: Parts, _person: SeesSystems, system: str, environment: str) -> Response:
    """One system: each of its ways, what to do about it, and its outages."""
    found = await _found(parts, system, environment)
    async with parts.database.session() as session:
        past = await outage_figures.outages(session, system, environment)
        books = {
            way.outage.id: await playbooks.chosen(session, way.outage) for way in found.ways if way.outage is not None
        }
        seatings, now = Seatings(parts.settings.systems_file), parts.clock()
        lines = await _lines(session, found, Forecasts(seatings), now)
        exercised = await canary_view.exercised(session, parts.places(), Grounds(seatings), (system, environment))
    return page(
        request,
        "systems/one.html",
        one=found,
        past=past,
        lines=lines,
        books=books,
        exercised=exercised,
        fastest=FASTEST,
        view=uptime,
        stages=system_view.STAGES,
        hours=HOURS,
        states=WayState,
        names=ROUTES,
        journey_name=failure_words.journey,
    )


async def _lines(
    session: AsyncSession, found: SystemView, forecasts: Forecasts, now: datetime
) -> dict[uuid.UUID, Line]:
    """How each line of the system stands and will go on, by the hold it stands behind."""
    lines = {}
    for hold_id in (way.outage.hold_id for way in found.ways if way.outage is not None):
        hold = await session.get(OperationHold, hold_id) if hold_id is not None else None
        if hold is not None:
            hit = await outage_figures.journeys(session, hold.id)
            lines[hold.id] = Line(hit, await forecasts.of(session, hold, now))
    return lines


@router.post("/{system}/{environment}/isolations")
async def isolate(request: Request, parts: Parts, person: SteersSystems, system: str, environment: str) -> Response:
    """Take a way out of use, or every way of the system."""
    found = await _found(parts, system, environment)
    asked, errors = check(Isolation, _chosen(await typed(request)))
    if asked is None:
        return go(found.path, f"Nothing was changed. Why it is taken out of use: {errors[0].message}", "bad")
    async with parts.database.session() as session:
        now = await health.database_now(session)
    until = now + timedelta(hours=asked.hours) if asked.hours else None
    try:
        ways = ways_of(system, environment, asked.route or None)
        await Health(parts.database).isolate(ways, by=person.email, why=asked.why, until=until)
    except IsolationRefused as refusal:
        return go(found.path, f"Nothing was changed. {refusal}", "bad")
    return go(found.path, "Out of use: nothing is sent there, what comes meanwhile is held in its order.")


@router.post("/{system}/{environment}/resumptions")
async def resume(request: Request, parts: Parts, person: SteersSystems, system: str, environment: str) -> Response:
    """Try a way again that was taken out of use, or that is down."""
    found = await _found(parts, system, environment)
    asked, errors = check(Resumption, _chosen(await typed(request)))
    if asked is None:
        return go(found.path, f"Nothing was changed. Why it may be tried again: {errors[0].message}", "bad")
    try:
        asked_for = ways_of(system, environment, asked.route or None)
        resumed = Health(parts.database).resume(asked_for, by=person.email, why=asked.why, unlooked=asked.unlooked)
        ways = await resumed
    except IsolationRefused as refusal:
        return go(found.path, f"Nothing was changed. {refusal}", "bad")
    if not ways:
        return go(found.path, "It is in use already; nothing was changed.", "note")
    return go(found.path, "It is asked at once, without entering anything; when it answers, one entry goes first.")


@router.post("/{system}/{environment}/paces")
async def pace(request: Request, parts: Parts, person: SteersSystems, system: str, environment: str) -> Response:
    """Say how fast what is held is let go."""
    found = await _found(parts, system, environment)
    asked, errors = check(Pace, _chosen(await typed(request)))
    if asked is None:
        return go(found.path, f"Nothing was changed. Entries a minute: {errors[0].message}", "bad")
    drains = Drains(parts.database)
    return await _said(found, drains.pace(asked.outage, asked.per_minute, person.email, parts.clock()))


@router.post("/{system}/{environment}/go-ons")
async def go_on(request: Request, parts: Parts, person: SteersSystems, system: str, environment: str) -> Response:
    """A line that halted by itself goes on."""
    found = await _found(parts, system, environment)
    asked, _ = check(Pace, _chosen(await typed(request)))
    if asked is None:
        return go(found.path, "Nothing was changed. There is no such outage.", "bad")
    return await _said(found, Drains(parts.database).go_on(asked.outage, person.email, parts.clock()))


async def _said(found: SystemView, steering: Awaitable[str]) -> Response:
    """What came of it, on the system's page."""
    try:
        return go(found.path, await steering)
    except DrainRefused as refusal:
        return go(found.path, str(refusal), "bad")


def _chosen(values: dict[str, str]) -> dict[str, str]:
    """Without what was left empty."""
    return {name: value for name, value in values.items() if value.strip()}


async def _found(parts: Collaborators, system: str, environment: str) -> SystemView:
    async with parts.database.session() as session:
        found = await system_view.systems(session, parts.places(), parts.clock(), system)
    for known in found:
        if known.environment == environment:
            return known
    raise not_found("This system")
