"""Canaries: once a day each way enters something declared harmless, or its first entry of the day goes under watch.

Every way is known to work before it is needed.
"""

import uuid
from datetime import date, datetime

import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from core.faults import UnderWatch
from core.work_item import FINAL, NEEDS_PERSON, State
from records import canary, health, outbox
from records.canary import Canary, CanaryState
from records.database import Database
from records.events import Happened, append
from records.items import Intent
from records.watches import Watch
from records.work_item import WorkItem
from systems.drill_ground import Ground, GroundRefused, Grounds, Harmless
from systems.registry import SYSTEMS, operation_of
from systems.way import Way, WayState

log = structlog.get_logger(__name__)

BATON = "baton"
WHY = "the day's canary: the first entry by this way"
_SPACE = uuid.UUID("6f0f6a53-7d63-4a07-9a5e-3e6f6a0cba31")


class Canaries:
    """Places the canaries that are due, and settles those that have ended."""

    def __init__(self, database: Database, grounds: Grounds) -> None:
        self._database = database
        self._grounds = grounds
        self._refused = ""

    async def run_once(self, now: datetime) -> int:
        """Look once; how many canaries were placed or settled. What cannot be read is told once, and places nothing."""
        changed = 0
        async with self._database.session() as session:
            for one in await canary.open_ones(session):
                changed += await _settle(session, one, now)
        for way, ground, day in self._due(now):
            async with self._database.session() as session:
                changed += await _place(session, way, ground, day, now)
        return changed

    def _due(self, now: datetime) -> list[tuple[Way, Ground, date]]:
        """Every way whose canary is due, with what is allowed there."""
        try:
            grounds = {place: self._grounds.of(*place) for place in self._grounds.named()}
        except GroundRefused as refusal:
            if str(refusal) != self._refused:
                log.warning("canaries.refused", why=str(refusal))
            self._refused = str(refusal)
            return []
        self._refused = ""
        return [
            (Way(*place, route), ground, day)
            for place, ground in sorted(grounds.items())
            if (day := ground.day(now)) is not None
            for route in SYSTEMS[place[0]].routes
        ]


async def _place(session: AsyncSession, way: Way, ground: Ground, day: date, now: datetime) -> bool:
    """Place it, once; never on a way that is out, which is tried again as long as the day lasts."""
    standing = await health.state_of(session, way)
    if await canary.placed(session, way, day) or (standing is not None and standing.state is not WayState.UP):
        return False
    record = ground.record(day)
    new = Canary(**way._asdict(), day=day, state=CanaryState.WAITING, placed_at=now)
    if record is not None:
        new.item_id = uuid.uuid5(_SPACE, f"{'/'.join(way)}/{day}")
        new.owner = record.owner or "a test environment"
    if not await canary.place(session, new):
        return False
    if record is not None and new.item_id is not None:
        await _enter(session, way, record, day, new.item_id, now)
    else:
        await _watch(session, way, day, now)
    said = {"way": "/".join(way), "day": day.isoformat(), "under_watch": record is None}
    await append(session, None, now, Happened(name="canary.placed", actor=BATON, system=way.system, data=said))
    return True


async def _watch(session: AsyncSession, way: Way, day: date, now: datetime) -> None:
    """Have the first real entry stopped that goes this way."""
    watch = Watch(**way._asdict(), first_items=1, why=WHY, added_by=BATON, since=now)
    session.add(watch)
    await session.flush()
    (await session.get_one(Canary, (*way, day))).watch_id = watch.id


async def _enter(
    session: AsyncSession, way: Way, record: Harmless, day: date, item_id: uuid.UUID, now: datetime
) -> None:
    """Have the harmless record written: a work item of its own identity, started once."""
    operation = operation_of(way.system, record.operation)
    entry = record.content(operation, day, way.route)
    intent = Intent(
        id=item_id,
        system=way.system,
        operation=operation.name,
        kind=operation.kind,
        target_key=operation.target(entry),
        occurrence=f"canary/{way.route}/{day}",
        content=entry.model_dump(mode="json"),
        route=way.route,
        environment=way.environment,
    )
    start = outbox.OutboxRow(
        workflow_type="WorkItemWorkflow",
        workflow_id=f"item/{item_id}",
        task_queue="baton",
        argument={"intent": intent.model_dump(mode="json")},
        created_at=now,
        next_try_at=now,
    )
    connection = await session.connection()
    await connection.execute(insert(outbox.OutboxRow).values(**start.model_dump()).on_conflict_do_nothing())
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": outbox.CHANNEL})


async def _settle(session: AsyncSession, one: Canary, now: datetime) -> bool:
    """Say what became of a canary; whether that is other than before."""
    before = (one.state, one.ended_at)
    item = await session.get(WorkItem, one.item_id) if one.item_id is not None else None
    if item is not None:
        await _judge(session, one, item, now)
    elif await _next_day(session, one):
        one.state, one.ended_at = CanaryState.MISSED, now
        watch = await session.get(Watch, one.watch_id) if one.watch_id is not None else None
        if watch is not None and not watch.over:
            watch.ended_at = now
    if (one.state, one.ended_at) == before:
        return False
    session.add(one)
    if one.ended_at is not None:
        said = {"way": "/".join(one.way), "day": one.day.isoformat(), "state": one.state.value}
        await append(session, None, now, Happened(name="canary.ended", actor=BATON, system=one.system, data=said))
    return True


async def _judge(session: AsyncSession, one: Canary, item: WorkItem, now: datetime) -> None:
    """How its entry stands: it counts only once it is in and a bot saved it by this very way."""
    waits = item.code == UnderWatch.code
    if item.state in FINAL:
        one.ended_at = now
        if item.state is State.DONE:
            mine = await canary.clicked(session, item.id, one.route)
            one.state = CanaryState.VERIFIED if mine else CanaryState.MISSED
        elif one.state is CanaryState.WAITING:
            one.state = CanaryState.MISSED
    elif item.state in NEEDS_PERSON and not waits:
        one.state, one.code = CanaryState.FAILED, item.code


async def _next_day(session: AsyncSession, one: Canary) -> bool:
    """Whether a later canary of its way was placed."""
    found = (await canary.latest(session)).get(one.way)
    return found is not None and found.day > one.day
