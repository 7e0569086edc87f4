"""The last values that were read of a record, kept for the hours in which its system cannot be read."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import document, moment
from systems.base import PRODUCTION

KEPT = timedelta(days=30)
"""How long values are kept that nobody has read anew: older ones would help nobody."""


class LastKnown(SQLModel, table=True):
    """A record as it was last read: `what` is for example "order"."""

    __tablename__ = "last_known"

    system: str = Field(primary_key=True)
    environment: str = Field(default=PRODUCTION, primary_key=True)
    what: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fields: dict[str, Any] = document()
    read_at: datetime = moment(index=True)


class Record(BaseModel):
    """Which record it is about."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str = PRODUCTION
    what: str
    key: str


async def keep(session: AsyncSession, record: Record, fields: dict[str, Any], now: datetime) -> None:
    """Keep what was read of it; what was read later stays."""
    new = insert(LastKnown).values(**record.model_dump(), fields=fields, read_at=now)
    values = {"fields": new.excluded.fields, "read_at": new.excluded.read_at}
    keys = ["system", "environment", "what", "key"]
    newer = col(LastKnown.read_at) < new.excluded.read_at
    await (await session.connection()).execute(new.on_conflict_do_update(index_elements=keys, set_=values, where=newer))


async def find(session: AsyncSession, record: Record) -> LastKnown | None:
    """What is known of it."""
    return await session.get(LastKnown, (record.system, record.environment, record.what, record.key))


async def forget(session: AsyncSession, before: datetime, most: int) -> int:
    """Remove what was last read before that moment, so many at most; how many those were."""
    removed = await (await session.connection()).execute(_FORGET, {"before": before, "most": most})
    return int(removed.rowcount)


_FORGET = text(
    """
    DELETE FROM last_known
     WHERE (system, environment, what, key) IN
           (SELECT system, environment, what, key FROM last_known WHERE read_at < :before LIMIT :most)
    """
)
