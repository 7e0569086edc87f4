"""When somebody looked at the failure queue, so that it can open on what happened since."""

from datetime import datetime, timedelta

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import maybe_moment, moment

PAUSE = timedelta(minutes=30)
"""Whoever comes back after a longer pause was away; a shorter one is the same visit."""
FIRST = timedelta(hours=24)
"""What somebody is told of who never was here."""


class FailureVisit(SQLModel, table=True):
    """One person's visit: `since` is when the one before it ended, none for the first; `seen_at` the last look."""

    __tablename__ = "failure_visits"

    email: str = Field(primary_key=True)
    since: datetime | None = maybe_moment()
    seen_at: datetime = moment()


async def arrive(session: AsyncSession, email: str, now: datetime) -> datetime | None:
    """Somebody opens the queue; until when they were here last, None when they never were."""
    here = insert(FailureVisit).values(email=email, since=None, seen_at=now)
    was = col(FailureVisit.seen_at)
    since = case((was < now - PAUSE, was), else_=col(FailureVisit.since))
    again = {"since": since, "seen_at": func.greatest(was, here.excluded.seen_at)}
    kept = here.on_conflict_do_update(index_elements=["email"], set_=again).returning(col(FailureVisit.since))
    found: datetime | None = (await (await session.connection()).execute(kept)).scalar_one()
    return found
