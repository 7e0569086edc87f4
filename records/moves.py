"""Which open handoffs a supervisor is about to move: those of named cases, of a person, or of a queue."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.states import HandoffState
from records.case import Case
from records.desk import AtDesk
from records.handoff import Handoff

AT_ONCE = 100
"""Handoffs that are moved together at most; more is another move."""


async def of_cases(session: AsyncSession, numbers: Sequence[str]) -> list[AtDesk]:
    """The open handoffs of these cases; a case that has none, or is not known, is left out."""
    return await _found(session, col(Case.number).in_(numbers[:AT_ONCE]))


async def of_holder(session: AsyncSession, email: str) -> list[AtDesk]:
    """What this person has."""
    return await _found(session, *_holds(email))


async def of_queue(session: AsyncSession, queue: str) -> list[AtDesk]:
    """What nobody has in this queue, what waited longest first."""
    return await _found(session, *_waits(queue))


async def count(session: AsyncSession, *, holder: str = "", queue: str = "") -> int:
    """How many there are in all."""
    wanted = _holds(holder) if holder else _waits(queue)
    asked = select(func.count()).select_from(Handoff).where(col(Handoff.ended_at).is_(None), *wanted)
    return (await session.exec(asked)).one()


def _holds(email: str) -> list[ColumnElement[bool]]:
    return [col(Handoff.picked_up_by) == email]


def _waits(queue: str) -> list[ColumnElement[bool]]:
    return [col(Handoff.queue) == queue, col(Handoff.state) == HandoffState.OFFERED]


async def _found(session: AsyncSession, *wanted: ColumnElement[bool]) -> list[AtDesk]:
    asked = (
        select(Handoff, Case)
        .join(Case, col(Case.id) == col(Handoff.case_id))
        .where(col(Handoff.ended_at).is_(None), *wanted)
        .order_by(col(Handoff.offered_at), col(Handoff.id))
        .limit(AT_ONCE)
    )
    return [AtDesk(handoff, case) for handoff, case in await session.exec(asked)]
