"""Figures as they stood at the end of a day, so that a later page can show how they moved."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel, col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment


class FigureRow(SQLModel, table=True):
    """One number of one day: `name` says what was counted, `key` of what it is a part ("with_service", "absence")."""

    __tablename__ = "figures"
    __table_args__ = (
        UniqueConstraint("day", "name", "journey", "key", name="uq_figures_day"),
        Index("ix_figures_name", "name", "journey", "day"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    day: date
    name: str
    journey: str
    key: str
    value: int
    counted_at: datetime = moment()


class Figure(BaseModel):
    """One count, as `measures` makes it."""

    model_config = ConfigDict(frozen=True)

    name: str
    journey: str
    key: str
    value: int


async def begin(session: AsyncSession) -> None:
    """Make the transaction see one moment, and let nobody else keep figures until it ends; must be its first call."""
    connection = await session.connection()
    await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    await connection.exec_driver_sql("LOCK TABLE figures IN SHARE ROW EXCLUSIVE MODE")


async def keep(session: AsyncSession, day: date, names: Iterable[str], counted: Iterable[Figure], now: datetime) -> int:
    """Keep what was counted as the day's figures of these names, in place of what was kept before; how many."""
    connection = await session.connection()
    await connection.execute(delete(FigureRow).where(col(FigureRow.day) == day, col(FigureRow.name).in_(list(names))))
    kept = [FigureRow(day=day, counted_at=now, **figure.model_dump()) for figure in counted]
    session.add_all(kept)
    await session.flush()
    return len(kept)
