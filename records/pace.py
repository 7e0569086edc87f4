"""How fast a system takes entries: one row a system, by database time, shared by every bot process."""

from datetime import datetime, timedelta

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment

LATE_SECONDS = 1.0
"""So late may an entry use its place without pushing everybody behind it back."""
FARTHEST = timedelta(minutes=1)
"""Nobody is told to come back later than this: what they wait for may have changed."""


class Pace(SQLModel, table=True):
    """The next free place on one system (`key` is system/environment), and the one that was last named to a waiter."""

    __tablename__ = "paces"

    key: str = Field(primary_key=True)
    next_at: datetime = moment()
    named_at: datetime = moment()


_READ = text("SELECT next_at, named_at, clock_timestamp() AS now FROM paces WHERE key = :key FOR UPDATE")
_WRITE = text("UPDATE paces SET next_at = :next_at, named_at = :named_at WHERE key = :key")


async def take(session: AsyncSession, key: str, per_minute: float, *, urgent: bool = False) -> datetime | None:
    """Take a place among the entries of this minute: None when it is ours, else when to come back.

    Never more than `per_minute` entries in any sixty seconds. Waiters are told different moments, in the order in which
    they asked; an urgent one is told the very next. Nothing is held while somebody waits.
    """
    late = timedelta(seconds=min(LATE_SECONDS, 30 / per_minute))
    step = (timedelta(minutes=1) + late) / per_minute
    connection = await session.connection()
    first = insert(Pace).values(key=key, next_at=func.clock_timestamp(), named_at=func.clock_timestamp())
    await connection.execute(first.on_conflict_do_nothing())
    next_at, named_at, now = (await connection.execute(_READ, {"key": key})).one()
    if next_at <= now:
        taken = {"key": key, "next_at": max(next_at, now - late) + step, "named_at": named_at}
        await connection.execute(_WRITE, taken)
        return None
    place = next_at if urgent else max(next_at, named_at)
    if not urgent:
        named = {"key": key, "next_at": next_at, "named_at": min(place + step, now + FARTHEST)}
        await connection.execute(_WRITE, named)
    later: datetime = min(place, now + FARTHEST)
    return later
