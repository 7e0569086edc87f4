"""Drills on real systems: a way is taken out of use within a window that two people agreed on, and nothing else.

No fault is made and nothing is written: real work goes over its fallbacks, and the way comes back by itself.
"""

import uuid
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from fallbacks.health import Health, IsolationRefused, ways_of
from records import health, window_drill
from records.database import Database
from records.events import Happened, append
from records.window_drill import WindowDrill, WindowState
from systems.drill_ground import GroundRefused, Grounds
from systems.way import Way, WayState

LONGEST = timedelta(hours=8)
NOBODY = "nobody (a test environment)"
NEEDED = (
    "Nothing was changed: a drill of {place} needs a window that one person asks for and another one approves, "
    "on the page Drills, and there is none for now."
)


class WindowRefused(Exception):
    """It cannot be done; the message says why, and nothing changed."""


class WindowDrills:
    """Asks, approves, starts, stops: each under a row lock, each with its event."""

    def __init__(self, database: Database, grounds: Grounds) -> None:
        self._database = database
        self._grounds = grounds
        self._health = Health(database)

    async def ask(self, way: Way, begins: datetime, lasts: timedelta, why: str, by: str, now: datetime) -> WindowDrill:
        """Ask for a window; of a test environment it is approved by that. Raises WindowRefused."""
        try:
            ways_of(way.system, way.environment, way.route)
            test = self._grounds.of(way.system, way.environment).test
        except (IsolationRefused, GroundRefused) as refusal:
            raise WindowRefused(f"Nothing was changed. {refusal}") from None
        if len(why.strip()) < 3:
            raise WindowRefused("Nothing was changed. Say why, in a few words that others understand.")
        if not timedelta() < lasts <= LONGEST or begins + lasts <= now:
            raise WindowRefused(f"Nothing was changed. A window is still to come, and at most {LONGEST} long.")
        drill = WindowDrill(**way._asdict(), begins_at=begins, ends_at=begins + lasts, why=why.strip(), asked_by=by,
                            asked_at=now, state=WindowState.ASKED)  # fmt: skip
        if test:
            drill.sqlmodel_update({"state": WindowState.APPROVED, "approved_by": NOBODY, "approved_at": now})
        async with self._database.session() as session:
            session.add(drill)
            await _said(session, drill, "window_drill.asked", by, now)
        return drill

    async def approve(self, drill_id: uuid.UUID, by: str, now: datetime) -> None:
        """The second person says yes. Raises WindowRefused."""
        async with self._database.session() as session:
            drill = await _open(session, drill_id, WindowState.ASKED)
            if by.casefold() == drill.asked_by.casefold():
                raise WindowRefused("Nothing was changed: a second person approves it, not the one who asked for it.")
            if drill.ends_at <= now:
                raise WindowRefused("Nothing was changed: its window is over.")
            drill.sqlmodel_update({"state": WindowState.APPROVED, "approved_by": by, "approved_at": now})
            await _said(session, drill, "window_drill.approved", by, now)

    async def withdraw(self, drill_id: uuid.UUID, by: str, now: datetime) -> None:
        """It will not be. Raises WindowRefused."""
        async with self._database.session() as session:
            drill = await _open(session, drill_id, WindowState.ASKED, WindowState.APPROVED)
            drill.sqlmodel_update({"state": WindowState.WITHDRAWN, "ended_by": by, "ended_at": now})
            await _said(session, drill, "window_drill.withdrawn", by, now)

    async def start(self, drill_id: uuid.UUID, by: str, now: datetime) -> WindowDrill:
        """Take its way out of use until its window ends. Raises WindowRefused."""
        async with self._database.session() as session:
            drill = await _open(session, drill_id, WindowState.APPROVED)
            if not drill.begins_at <= now < drill.ends_at:
                raise WindowRefused("Nothing was changed: it is outside its window.")
            standing = await health.state_of(session, drill.way)
            if standing is not None and standing.state is not WayState.UP:
                raise WindowRefused(
                    "Nothing was changed: the way is out already, so there is no drill to be had of it."
                )
            drill.sqlmodel_update({"state": WindowState.RUNNING, "started_by": by, "started_at": now})
            await _said(session, drill, "window_drill.started", by, now)
        await self._health.isolate([drill.way], by=by, why=_reason(drill), until=drill.ends_at, now=now)
        return drill

    async def start_now(self, system: str, environment: str, route: str, by: str, now: datetime) -> WindowDrill:
        """Start the one that is approved for now. Raises WindowRefused."""
        async with self._database.session() as session:
            found = await window_drill.approved(session, system, environment, route, now)
        if not found:
            raise WindowRefused(NEEDED.format(place=f"{system}/{environment}"))
        return await self.start(found[0].id, by, now)

    async def stop(self, drill_id: uuid.UUID, by: str, now: datetime) -> None:
        """End it early: the way is used again, unless somebody else keeps it out of use. Raises WindowRefused."""
        async with self._database.session() as session:
            drill = await _open(session, drill_id, WindowState.RUNNING)
            drill.sqlmodel_update({"state": WindowState.ENDED, "ended_by": by, "ended_at": now})
            await _said(session, drill, "window_drill.ended", by, now)
            standing = await health.state_of(session, drill.way)
            ours = standing is not None and standing.isolated_why == _reason(drill)
        if ours:
            await self._health.resume([drill.way], by=by, why="The drill is over.", now=now)

    async def run_once(self, now: datetime) -> int:
        """End those whose window is over, or whose way somebody uses again; how many those were."""
        ended = 0
        async with self._database.session() as session:
            for one in await window_drill.running(session):
                drill = await window_drill.locked(session, one.id)
                standing = await health.state_of(session, one.way)
                out = standing is not None and standing.isolated_why == _reason(one)
                if drill is None or (out and now < drill.ends_at) or not _begun(drill, now):
                    continue
                drill.sqlmodel_update({"state": WindowState.ENDED, "ended_by": "baton", "ended_at": now})
                await _said(session, drill, "window_drill.ended", "baton", now)
                ended += 1
        return ended


def _begun(drill: WindowDrill, now: datetime) -> bool:
    """Whether it had the time to take its way out of use."""
    return drill.started_at is not None and now - drill.started_at > timedelta(seconds=30)


def _reason(drill: WindowDrill) -> str:
    return f"Drill: {drill.why}"


async def _open(session: AsyncSession, drill_id: uuid.UUID, *states: WindowState) -> WindowDrill:
    drill = await window_drill.locked(session, drill_id)
    if drill is None or drill.state not in states:
        raise WindowRefused("Nothing was changed: it does not stand so any more. See where it stands now.")
    return drill


async def _said(session: AsyncSession, drill: WindowDrill, event: str, by: str, now: datetime) -> None:
    session.add(drill)
    said = {"way": "/".join(drill.way), "drill": str(drill.id), "why": drill.why}
    await append(session, None, now, Happened(name=event, actor=by, system=drill.system, data=said))
