"""Which keys encrypted what Temporal and we keep: an id and a check value each, from which no key can be told."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment


class PayloadKey(SQLModel, table=True):
    """One key that was in use with this database."""

    __tablename__ = "payload_keys"

    id: str = Field(primary_key=True)
    check_value: str
    since: datetime = moment()


async def used(session: AsyncSession) -> dict[str, str]:
    """The check value of every key that was ever in use here, by its id."""
    return {key.id: key.check_value for key in await session.exec(select(PayloadKey))}


async def note(session: AsyncSession, check_values: dict[str, str], now: datetime) -> None:
    """Remember keys; those that are known stay as they are."""
    for key_id, value in check_values.items():
        row = {"id": key_id, "check_value": value, "since": now}
        await (await session.connection()).execute(insert(PayloadKey).values(row).on_conflict_do_nothing())


async def since(session: AsyncSession, key_id: str) -> datetime | None:
    """Since when that key is in use here; None when it never was."""
    key = await session.get(PayloadKey, key_id)
    return key.since if key is not None else None


async def forget(session: AsyncSession, key_id: str) -> None:
    """That key need not be here any more."""
    await (await session.connection()).execute(delete(PayloadKey).where(col(PayloadKey.id) == key_id))
