"""Canaries: one entry a day by each way to a system, so that every way is known to work before it is needed."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import choice, maybe_moment, moment
from systems.way import Way


class CanaryState(StrEnum):
    """Waiting for its entry, or for that one's end; in, by this way; not in; nothing went this way that day."""

    WAITING = "waiting"
    VERIFIED = "verified"
    FAILED = "failed"
    MISSED = "missed"


class Canary(SQLModel, table=True):
    """The canary of one way on one day, by the system's clock.

    `owner` declared the record that it writes to harmless. Without such a record, `watch_id` stops the first real entry
    of that way, which is then `item_id`. `ended_at` is empty as long as what became of it may change.
    """

    __tablename__ = "canaries"
    __table_args__ = (
        Index("ix_canaries_open", "placed_at", postgresql_where=text("ended_at IS NULL")),
        Index("ix_canaries_watch", "watch_id", postgresql_where=text("watch_id IS NOT NULL")),
    )

    system: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    state: CanaryState = choice(CanaryState)
    placed_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()
    owner: str = ""
    watch_id: uuid.UUID | None = Field(default=None, foreign_key="watches.id")
    item_id: uuid.UUID | None = None
    code: str = ""

    @property
    def way(self) -> Way:
        """Which way it is for."""
        return Way(self.system, self.environment, self.route)


_TAKEN = text("UPDATE canaries SET item_id = :item WHERE watch_id = ANY(:watches) AND item_id IS NULL")
_CLICKED = text(
    "SELECT EXISTS (SELECT 1 FROM attempts WHERE item_id = :item AND route = :route AND purpose = 'enter'"
    " AND submitted_at IS NOT NULL)"
)


async def place(session: AsyncSession, canary: Canary) -> bool:
    """Keep the canary of its day and way; False, and nothing kept, when there is one already."""
    once = insert(Canary).values(**canary.model_dump()).on_conflict_do_nothing().returning(col(Canary.day))
    return (await (await session.connection()).execute(once)).first() is not None


async def placed(session: AsyncSession, way: Way, day: date) -> bool:
    """Whether that way has its canary of that day."""
    return await session.get(Canary, (*way, day)) is not None


async def took(session: AsyncSession, watches: list[uuid.UUID], item_id: uuid.UUID) -> None:
    """Those of these watches that were placed for a canary have their entry."""
    await (await session.connection()).execute(_TAKEN, {"item": item_id, "watches": watches})


async def open_ones(session: AsyncSession) -> list[Canary]:
    """Canaries of which it is not settled yet what became of them, the oldest first."""
    asked = select(Canary).where(col(Canary.ended_at).is_(None)).order_by(col(Canary.placed_at))
    return list(await session.exec(asked))


async def clicked(session: AsyncSession, item_id: uuid.UUID, route: str) -> bool:
    """Whether a bot has saved that entry by this way."""
    asked = {"item": item_id, "route": route}
    return bool((await (await session.connection()).execute(_CLICKED, asked)).scalar_one())


async def latest(session: AsyncSession) -> dict[Way, Canary]:
    """The newest canary of each way."""
    order = (col(Canary.system), col(Canary.environment), col(Canary.route))
    asked = select(Canary).distinct(*order).order_by(*order, col(Canary.day).desc())
    return {one.way: one for one in await session.exec(asked)}


async def verified(session: AsyncSession) -> dict[Way, Canary]:
    """The newest one of each way that is in."""
    order = (col(Canary.system), col(Canary.environment), col(Canary.route))
    asked = select(Canary).where(Canary.state == CanaryState.VERIFIED)
    found = await session.exec(asked.distinct(*order).order_by(*order, col(Canary.day).desc()))
    return {one.way: one for one in found}
