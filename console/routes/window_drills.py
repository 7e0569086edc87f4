"""Drills on real systems: a window is asked for, approved by a second person, begun within it, and stopped."""

import uuid
from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from console import moments, window_view
from console.access import Parts, SteersSystems
from console.collaborators import Collaborators
from console.forms import check, typed
from console.kept import KeepsTyped
from console.pages import go
from fallbacks.window_drills import LONGEST, WindowDrills, WindowRefused
from systems.drill_ground import Grounds
from systems.seating import Seatings
from systems.way import Way

router = APIRouter(prefix="/window-drills", route_class=KeepsTyped)

BACK = "/drills"


class Asked(BaseModel):
    """Which way is to be out of use, for how many minutes, and why."""

    model_config = ConfigDict(frozen=True)

    way: Annotated[str, Field(title="Way")]
    lasts: int = Field(30, title="For how many minutes", ge=1, le=int(LONGEST.total_seconds() / 60))
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300), Field(title="Why")]


@router.post("")
async def create(request: Request, parts: Parts, person: SteersSystems) -> Response:
    """Ask for a window."""
    values, now = await typed(request), parts.clock()
    asked, errors = check(Asked, values)
    begins, wrong = moments.read(values, "begins", now, moments.zone(values.get("zone", "")))
    if asked is None or begins is None:
        return go(BACK, f"Nothing was asked for. {(*errors, *wrong)[0].message}", "bad")
    if asked.way not in dict(window_view.ways(parts.places())):
        return go(BACK, "Nothing was asked for. There is no such way here.", "bad")
    asking = _drills(parts).ask(
        Way(*asked.way.split("/")), begins, timedelta(minutes=asked.lasts), asked.why, person.email, now
    )
    return await _done(asking, "Asked for. Somebody else who may steer systems approves it.")


@router.post("/{drill_id}/approvals")
async def approve(parts: Parts, person: SteersSystems, drill_id: uuid.UUID) -> Response:
    """The second person says yes."""
    approving = _drills(parts).approve(drill_id, person.email, parts.clock())
    return await _done(approving, "Approved. It can be started within its window.")


@router.post("/{drill_id}/starts")
async def start(parts: Parts, person: SteersSystems, drill_id: uuid.UUID) -> Response:
    """Take the way out of use until the window ends."""
    starting = _drills(parts).start(drill_id, person.email, parts.clock())
    return await _done(starting, "It runs: the way is out of use, and comes back by itself when the window ends.")


@router.post("/{drill_id}/stops")
async def stop(parts: Parts, person: SteersSystems, drill_id: uuid.UUID) -> Response:
    """End it before its window does."""
    stopping = _drills(parts).stop(drill_id, person.email, parts.clock())
    return await _done(stopping, "Stopped: the way is asked at once, and then used again.")


@router.post("/{drill_id}/withdrawals")
async def withdraw(parts: Parts, person: SteersSystems, drill_id: uuid.UUID) -> Response:
    """It will not be."""
    return await _done(_drills(parts).withdraw(drill_id, person.email, parts.clock()), "Withdrawn.")


def _drills(parts: Collaborators) -> WindowDrills:
    return WindowDrills(parts.database, Grounds(Seatings(parts.settings.systems_file)))


async def _done(deed: Awaitable[object], said: str) -> Response:
    try:
        await deed
    except WindowRefused as refusal:
        return go(BACK, str(refusal), "bad")
    return go(BACK, said)
