"""What routing reads and writes: who is offered what, how much everybody has, and each choice as a decision."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, func, text, union_all
from sqlalchemy.orm import QueryableAttribute, defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from handoff import skill_rules
from handoff.clock import ClockKind
from handoff.routing import Choice, Offer, Worker
from handoff.states import HandoffState
from records.case import Case
from records.handoff import Handoff, HandoffClock
from records.outbox import CHANNEL, OutboxRow
from records.queues import Member, Queue, shipped
from records.trail import Decision

LOOKED_AT = 60
"""Handoffs of a queue that are weighed: so many that are due first, waited longest, or bear a priority."""
SIGNAL = "assigned"
UNDERWAY = timedelta(minutes=1)
"""How long a workflow may take to write down what it was told; before that nobody else is chosen."""


@dataclass(frozen=True)
class Standing:
    """A handoff as routing sees it; `since` is when its `assigned_to` was given it, `acceptance` the clock that its
    workflow began for this giving, where its policy has a target for that."""

    offer: Offer
    handoff: Handoff
    case: Case
    since: datetime | None = None
    acceptance: HandoffClock | None = None
    gone: bool = False
    """Nothing runs any more that could be told to whom it goes."""


async def standing(
    session: AsyncSession, queues: Mapping[str, Queue], names: Iterable[str], now: datetime, *, holder: str = ""
) -> list[Standing]:
    """What waits in the queues of these names, and what this holder has; of long queues what can matter most."""
    parts = [part for name in sorted(set(names)) for part in _weighed(name)]
    if holder:
        held = select(Handoff.id).where(_open(), col(Handoff.picked_up_by) == holder).order_by(col(Handoff.due_at))
        parts.append(held.limit(LOOKED_AT))
    if not parts:
        return []
    together = union_all(*(select(part.subquery().c.id) for part in parts)).subquery()
    return await seen(session, queues, col(Handoff.id).in_(select(together.c.id)), now)


async def seen(
    session: AsyncSession, queues: Mapping[str, Queue], wanted: ColumnElement[bool], now: datetime
) -> list[Standing]:
    """The handoffs that fit, each with its case, its tightest clock, and whom it was given to so far."""
    asked = select(Handoff, Case).join(Case, col(Case.id) == col(Handoff.case_id)).where(wanted)
    asked = asked.options(
        defer(cast(QueryableAttribute[Any], Handoff.packet))
    )  # the largest part of a row, and nothing here reads it
    found = list(await session.exec(asked))
    ids = [handoff.id for handoff, _ in found]
    due, given = await _tightest(session, ids), await _given(session, ids)
    stand = [
        _standing(handoff, case, queues.get(handoff.queue), due.get(handoff.id, handoff.due_at), given, now)
        for handoff, case in found
    ]
    clocks = await _accepting(session, [one.handoff.id for one in stand if one.offer.assigned_to])
    return [_with(one, clocks.get(one.handoff.id)) for one in stand]


async def loads(session: AsyncSession) -> dict[str, int]:
    """How many handoffs everybody works on: what they have and do not wait with, and what was given to them."""
    who = func.coalesce(col(Handoff.picked_up_by), col(Handoff.assigned_to))
    asked = select(who, func.count()).where(_open(), who.is_not(None), Handoff.wait_for == "").group_by(who)
    return dict((await session.exec(asked)).all())


async def waiting(session: AsyncSession) -> dict[str, int]:
    """How many handoffs nobody has, by queue; one in which nothing waits is not named."""
    asked = select(Handoff.queue, func.count()).where(_open(), Handoff.state == HandoffState.OFFERED)
    return dict((await session.exec(asked.group_by(col(Handoff.queue)))).all())


def workers(members: Sequence[Member], loads: Mapping[str, int], now: datetime) -> list[Worker]:
    """People as the formula takes them."""
    return [worker(member, loads, now) for member in members]


def worker(member: Member, loads: Mapping[str, int], now: datetime) -> Worker:
    """One person as the formula takes them."""
    return Worker(
        email=member.email,
        queues=tuple(member.agent.queues),
        skills=tuple(member.agent.skills),
        capacity=member.agent.capacity,
        load=loads.get(member.email, 0),
        away=member.away(now),
    )


def log(session: AsyncSession, choice: Choice, found: Standing, among: int, now: datetime, *, by: str) -> uuid.UUID:
    """Keep the choice as a decision of its case; `by` is next or push, `among` how many were weighed."""
    decision = Decision(
        case_id=found.case.id,
        rule=choice.rule,
        version=choice.version,
        inputs={"offer": found.offer.model_dump(mode="json"), "among": among, "by": by},
        verdict=choice.model_dump(mode="json", exclude={"rule", "version"}),
        at=now,
    )
    session.add(decision)
    return decision.id


async def tell(session: AsyncSession, choice: Choice, found: Standing, decision: uuid.UUID, now: datetime) -> None:
    """Have the handoff's workflow told who gets it, in the transaction of the decision."""
    seen = {"queue": found.offer.queue, "was": found.offer.assigned_to or ""}
    argument = {"to": choice.to, "reason": choice.sentence(), "decision": str(decision), **seen}
    session.add(
        OutboxRow(
            case_id=found.case.id,
            workflow_type="HandoffWorkflow",
            workflow_id=f"handoff/{choice.handoff}",
            signal=SIGNAL,
            key=str(decision),
            task_queue="",  # a signal goes to what runs already
            argument=argument,
            created_at=now,
            next_try_at=now,
        )
    )
    await session.flush()
    await (await session.connection()).execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def _open() -> ColumnElement[bool]:
    return col(Handoff.ended_at).is_(None)


def _weighed(queue: str) -> list[SelectOfScalar[uuid.UUID]]:
    """The ids in one queue that can matter most; each part follows an index, however long the queue is."""
    waiting = select(Handoff.id).where(Handoff.queue == queue, Handoff.state == HandoffState.OFFERED, _open())
    pressing = waiting.where(col(Handoff.priority).in_(["urgent", "high"]))
    return [
        waiting.order_by(col(Handoff.due_at)).limit(LOOKED_AT),
        waiting.order_by(col(Handoff.offered_at)).limit(LOOKED_AT),
        pressing.order_by(col(Handoff.offered_at)).limit(LOOKED_AT),
    ]


async def _tightest(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    asked = (
        select(HandoffClock.handoff_id, func.min(HandoffClock.due_at))
        .where(
            col(HandoffClock.handoff_id).in_(ids),
            col(HandoffClock.ended_at).is_(None),
            col(HandoffClock.due_at).is_not(None),
        )
        .group_by(col(HandoffClock.handoff_id))
    )
    return {handoff: at for handoff, at in await session.exec(asked) if at is not None}


async def _accepting(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, HandoffClock]:
    """The clock of being picked up that runs for each of these, or stands."""
    asked = select(HandoffClock).where(
        col(HandoffClock.handoff_id).in_(ids),
        HandoffClock.kind == ClockKind.ACCEPTANCE.value,
        col(HandoffClock.ended_at).is_(None),
    )
    return {clock.handoff_id: clock for clock in await session.exec(asked)}


def _with(one: Standing, clock: HandoffClock | None) -> Standing:
    """One that was begun before this giving counts for whoever had it before."""
    ours = clock is not None and one.since is not None and clock.started_at >= one.since
    return replace(one, acceptance=clock) if ours else one


async def _given(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[str, list[OutboxRow]]:
    """To whom routing gave these before, by workflow, the latest last."""
    asked = (
        select(OutboxRow)
        .where(col(OutboxRow.workflow_id).in_([f"handoff/{one}" for one in ids]), OutboxRow.signal == SIGNAL)
        .order_by(col(OutboxRow.created_at), col(OutboxRow.id))
    )
    rows: dict[str, list[OutboxRow]] = {}
    for row in await session.exec(asked):
        rows.setdefault(row.workflow_id, []).append(row)
    return rows


def _standing(
    handoff: Handoff,
    case: Case,
    queue: Queue | None,
    due_at: datetime | None,
    given: Mapping[str, list[OutboxRow]],
    now: datetime,
) -> Standing:
    rows = given.get(f"handoff/{handoff.id}", [])
    last = rows[-1] if rows else None
    to, since = handoff.assigned_to, handoff.assigned_at
    if last is not None and _underway(last, since, now):
        to, since = last.argument["to"], last.created_at
    facts = {
        "cause": case.cause,
        "journey": case.journey,
        "tier": case.tier,
        "kind": handoff.kind,
        "channel": handoff.channel,
        "persona": handoff.persona,
    }
    offer = Offer(
        handoff=handoff.id,
        queue=handoff.queue,
        offered_at=handoff.offered_at,
        due_at=due_at,
        skills=skill_rules.wanted((queue or shipped(handoff.queue, now)).rules(), facts),
        priority=handoff.priority,
        tier=case.tier,
        assigned_to=to,
        held_by=handoff.picked_up_by if handoff.state is HandoffState.PICKED_UP else None,
        passed=tuple(row.argument["to"] for row in rows),
    )
    gone = last is not None and last.sent_at is not None and bool(last.last_error)
    return Standing(offer=offer, handoff=handoff, case=case, since=since, gone=gone)


def _underway(row: OutboxRow, since: datetime | None, now: datetime) -> bool:
    """Whether this was told after what the workflow wrote last, and so short ago that it may still write it."""
    return (since is None or row.created_at > since) and (row.sent_at is None or now - row.sent_at < UNDERWAY)
