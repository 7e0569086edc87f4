"""When somebody looked at the failure queue, so that it can open on what happened since."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import maybe_moment, moment

PAUSE = timedelta(minutes=30)
"""Whoever comes back after a longer pause was away; a shorter one is the same visit."""
FIRST = timedelta(hours=24)
"""What somebody is told of who never was here."""

_ARRIVE = text(
    """
    INSERT INTO failure_visits (email, since, seen_at) VALUES (:email, NULL, :now)
    ON CONFLICT (email) DO UPDATE
       SET since = CASE WHEN failure_visits.seen_at < :before THEN failure_visits.seen_at ELSE failure_visits.since END,
           seen_at = greatest(failure_visits.seen_at, EXCLUDED.seen_at)
    RETURNING since
    """
)


class FailureVisit(SQLModel, table=True):
    """One person's visit: `since` is when the one before it ended, none for the first; `seen_at` the last look."""

    __tablename__ = "failure_visits"

    email: str = Field(primary_key=True)
    since: datetime | None = maybe_moment()
    seen_at: datetime = moment()


async def arrive(session: AsyncSession, email: str, now: datetime) -> datetime | None:
    """Somebody opens the queue; until when they were here last, None when they never were."""
    values = {"email": email, "now": now, "before": now - PAUSE}
    since: datetime | None = (await (await session.connection()).execute(_ARRIVE, values)).scalar_one()
    return since
