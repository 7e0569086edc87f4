"""What the upkeep asks of the records: leases that ran out, an outbox that stands still, sessions that are over."""

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import State
from records.outbox import OutboxRow
from records.people import Session
from records.work_item import WorkItem


class LapsedLease(BaseModel):
    """A work item whose holder stopped renewing while it was at work."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    system: str
    state: State
    holder: str
    until: datetime


class OutboxAge(BaseModel):
    """How many starts wait, and since when the oldest does; None when none waits."""

    model_config = ConfigDict(frozen=True)

    waiting: int = 0
    oldest: datetime | None = None
    reason: str = ""


async def lapsed_leases(session: AsyncSession) -> list[LapsedLease]:
    """Items at work whose lease ran out by the database's clock, oldest first; nothing is changed."""
    found = await session.exec(
        select(WorkItem)
        .where(
            col(WorkItem.state).in_([State.RUNNING, State.SUBMITTING]),
            col(WorkItem.lease_until) < func.clock_timestamp(),
        )
        .order_by(col(WorkItem.lease_until))
    )
    return [
        LapsedLease(
            item_id=item.id,
            fence=item.fence,
            system=item.system,
            state=item.state,
            holder=item.lease_holder or "",
            until=item.lease_until,
        )
        for item in found
        if item.lease_until is not None
    ]


async def outbox_age(session: AsyncSession) -> OutboxAge:
    """What of the outbox Temporal has not been told."""
    waiting = col(OutboxRow.sent_at).is_(None)
    count = (await session.exec(select(func.count()).select_from(OutboxRow).where(waiting))).one()
    oldest = await session.exec(select(OutboxRow).where(waiting).order_by(col(OutboxRow.created_at)).limit(1))
    first = oldest.first()
    if first is None:
        return OutboxAge()
    return OutboxAge(waiting=count, oldest=first.created_at, reason=first.last_error)


async def forget_expired_sessions(session: AsyncSession, now: datetime) -> int:
    """Delete the sessions that ended before `now`; how many there were."""
    connection = await session.connection()
    gone = await connection.execute(delete(Session).where(col(Session.expires_at) < now))
    return gone.rowcount
