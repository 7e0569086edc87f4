"""How work stands right now, for whoever steers it: queues, clocks that run out, people, waits. A few grouped reads."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func
from sqlalchemy import select as rows
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage
from handoff.states import HandoffState
from measures import pressing
from measures.pressing import Pressing
from records import queues as kept
from records import routing
from records.case import Case
from records.handoff import Handoff
from records.queues import Member, Queue

EACH = 4
"""Handoffs that are named beside each person."""
WORTH_SAYING = timedelta(minutes=5)
"""A time without anybody that is shorter says nothing about a breach."""


class Counted(BaseModel):
    """Base of what is counted here."""

    model_config = ConfigDict(frozen=True)


class QueueStands(Counted):
    """One queue: what waits, what people have, its clocks, and who is there."""

    name: str
    title: str
    push: bool = False
    waiting: int = 0
    oldest: datetime | None = None
    held: int = 0
    at_risk: int = 0
    breached: int = 0
    people: int = 0
    there: int = 0
    room: int = 0


class Held(Counted):
    """A handoff that somebody has."""

    case: str
    queue: str
    since: datetime | None
    wait_for: str


class Works(Counted):
    """One person: what they have, how much they can take, whether they are there."""

    email: str
    name: str
    load: int
    capacity: int
    away: str
    away_until: datetime | None
    queues: tuple[str, ...]
    skills: tuple[str, ...]
    held: tuple[Held, ...]
    held_in_all: int


class StageWaits(Counted):
    """The open cases at one stage: how long the middle one and the longest have waited."""

    stage: Stage
    cases: int
    median: datetime
    longest: datetime


class Board(Counted):
    """Everything on the board, but for the breaches of the past (`measures/breaches.py`)."""

    queues: tuple[QueueStands, ...]
    pressing: tuple[Pressing, ...]
    people: tuple[Works, ...]
    stages: tuple[StageWaits, ...]


async def board(session: AsyncSession, now: datetime) -> Board:
    """How work stands at this moment."""
    queues, members = await kept.queues(session, now), await kept.members(session, now)
    loads = await routing.loads(session)
    return Board(
        queues=await _queues(session, queues, members, loads, now),
        pressing=await pressing.most(session, now),
        people=await _people(session, members, loads, now),
        stages=await _stages(session),
    )


async def _queues(
    session: AsyncSession, queues: Mapping[str, Queue], members: list[Member], loads: Mapping[str, int], now: datetime
) -> tuple[QueueStands, ...]:
    offered = col(Handoff.state) == HandoffState.OFFERED
    asked = (
        select(
            Handoff.queue,
            func.count().filter(offered),
            func.min(Handoff.offered_at).filter(offered),
            func.count().filter(~offered),
        )
        .where(col(Handoff.ended_at).is_(None))
        .group_by(col(Handoff.queue))
    )
    work = {name: (waiting, oldest, held) for name, waiting, oldest, held in await session.exec(asked)}
    clocks = await pressing.by_queue(session, now)
    known = {**queues, **{name: kept.shipped(name, now) for name in work if name not in queues}}
    return tuple(
        _stands(queue, work.get(name), clocks.get(name, (0, 0)), members, loads, now) for name, queue in known.items()
    )


def _stands(
    queue: Queue,
    work: tuple[int, datetime | None, int] | None,
    clocks: tuple[int, int],
    members: list[Member],
    loads: Mapping[str, int],
    now: datetime,
) -> QueueStands:
    on_it = [one for one in members if queue.name in one.agent.queues]
    there = [one for one in on_it if not one.away(now)]
    waiting, oldest, held = work or (0, None, 0)
    return QueueStands(
        name=queue.name,
        title=queue.title,
        push=queue.mode is kept.Mode.PUSH,
        waiting=waiting,
        oldest=oldest,
        held=held,
        at_risk=clocks[0],
        breached=clocks[1],
        people=len(on_it),
        there=len(there),
        room=sum(max(one.agent.capacity - loads.get(one.email, 0), 0) for one in there),
    )


async def _people(
    session: AsyncSession, members: list[Member], loads: Mapping[str, int], now: datetime
) -> tuple[Works, ...]:
    held, in_all = await _held(session)
    return tuple(
        Works(
            email=one.email,
            name=one.name,
            load=loads.get(one.email, 0),
            capacity=one.agent.capacity,
            away=one.away(now),
            away_until=one.agent.away_until if one.agent.away(now) else None,
            queues=tuple(one.agent.queues),
            skills=tuple(one.agent.skills),
            held=tuple(held.get(one.email, ())),
            held_in_all=in_all.get(one.email, 0),
        )
        for one in members
    )


async def _held(session: AsyncSession) -> tuple[dict[str, list[Held]], dict[str, int]]:
    """What everybody has: the few that they have longest, and how many in all."""
    whose = col(Handoff.picked_up_by)
    ranked = (
        rows(
            col(Handoff.picked_up_by).label("who"),
            col(Handoff.queue).label("queue"),
            col(Handoff.case_id).label("case_id"),
            col(Handoff.picked_up_at).label("since"),
            col(Handoff.wait_for).label("wait_for"),
            func.row_number()
            .over(partition_by=whose, order_by=[col(Handoff.picked_up_at), col(Handoff.id)])
            .label("place"),
            func.count().over(partition_by=whose).label("in_all"),
        )
        .where(col(Handoff.ended_at).is_(None), col(Handoff.picked_up_by).is_not(None))
        .subquery()
    )
    row = ranked.c
    asked = (
        rows(row.who, row.case_id, row.queue, row.since, row.wait_for, row.in_all)
        .where(row.place <= EACH)
        .order_by(row.who, row.place)
    )
    found = list(await (await session.connection()).execute(asked))
    named = await session.exec(select(Case.id, Case.number).where(col(Case.id).in_([one.case_id for one in found])))
    numbers = dict(named.all())
    held: dict[str, list[Held]] = {}
    in_all: dict[str, int] = {}
    for who, case_id, queue, since, wait_for, count in found:
        held.setdefault(who, []).append(Held(case=numbers[case_id], queue=queue, since=since, wait_for=wait_for))
        in_all[who] = count
    return held, in_all


async def _stages(session: AsyncSession) -> tuple[StageWaits, ...]:
    median = func.percentile_disc(0.5).within_group(col(Case.wait_since))
    asked = (
        rows(col(Case.stage), func.count(), median, func.min(Case.wait_since))
        .where(col(Case.closed_at).is_(None))
        .group_by(col(Case.stage))
    )
    order = list(Stage)
    found = [
        StageWaits(stage=Stage(stage), cases=cases, median=middle, longest=longest)
        for stage, cases, middle, longest in await (await session.connection()).execute(asked)
    ]
    return tuple(sorted(found, key=lambda one: order.index(one.stage)))
