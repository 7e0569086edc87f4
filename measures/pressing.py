"""Clocks that run out: how many handoffs of each queue have one, and those that press most, for the board."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy import select as rows
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from records.case import Case
from records.handoff import Handoff, HandoffClock

PRESSING = 15
"""Clocks that are listed; how many more there are is said."""


class Pressing(BaseModel):
    """A clock that is at risk or breached and still runs."""

    model_config = ConfigDict(frozen=True)

    case: str
    queue: str
    clock: str
    due_at: datetime
    breached: bool
    holder: str
    waits_for: str


async def by_queue(session: AsyncSession, now: datetime) -> dict[str, tuple[int, int]]:
    """By queue, how many handoffs have a clock at risk, and how many one that is breached.

    Grouped before it is joined, so that both sides are read from their indexes alone.
    """
    clock = HandoffClock
    pressing = (
        rows(
            col(clock.handoff_id).label("id"),
            func.bool_or(~_breached(now)).label("at_risk"),
            func.bool_or(_breached(now)).label("breached"),
        )
        .where(_presses(now))
        .group_by(col(clock.handoff_id))
        .subquery()
    )
    of = pressing.c
    asked = (
        rows(col(Handoff.queue), func.count().filter(of.at_risk), func.count().filter(of.breached))
        .join(pressing, of.id == col(Handoff.id))
        .where(col(Handoff.ended_at).is_(None))
        .group_by(col(Handoff.queue))
    )
    found = await (await session.connection()).execute(asked)
    return {queue: (at_risk, breached) for queue, at_risk, breached in found}


async def most(session: AsyncSession, now: datetime) -> tuple[Pressing, ...]:
    """What can still be kept first, then what is past its time; each half follows the index of due times."""
    found = await _due_first(session, _presses(now), ~_breached(now), col(HandoffClock.due_at) > now)
    if len(found) < PRESSING:
        found += await _due_first(session, _presses(now), _breached(now))
    return tuple(
        Pressing(
            case=number,
            queue=queue,
            clock=name,
            due_at=due_at,
            breached=breached_at is not None or due_at <= now,
            holder=holder or "",
            waits_for=waits_for,
        )
        for number, queue, name, due_at, breached_at, holder, waits_for in found[:PRESSING]
    )


async def _due_first(session: AsyncSession, *wanted: ColumnElement[bool]) -> list[Any]:
    clock, handoff = HandoffClock, Handoff
    asked = (
        rows(
            col(Case.number),
            col(handoff.queue),
            col(clock.name),
            col(clock.due_at),
            col(clock.breached_at),
            col(handoff.picked_up_by),
            col(handoff.wait_for),
        )
        .join(Handoff, col(handoff.id) == col(clock.handoff_id))
        .join(Case, col(Case.id) == col(handoff.case_id))
        .where(*wanted, col(handoff.ended_at).is_(None))
        .order_by(col(clock.due_at), col(clock.id))
        .limit(PRESSING)
    )
    return list(await (await session.connection()).execute(asked))


def _presses(now: datetime) -> ColumnElement[bool]:
    """A running clock that is at risk or breached; a paused one is due at no time."""
    clock = HandoffClock
    return and_(col(clock.ended_at).is_(None), col(clock.due_at).is_not(None), col(clock.risk_at) <= now)


def _breached(now: datetime) -> ColumnElement[bool]:
    return or_(col(HandoffClock.breached_at).is_not(None), col(HandoffClock.due_at) <= now)
