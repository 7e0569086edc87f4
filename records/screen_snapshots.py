"""How a screen looked when it was good last, by version of the bot: its layout, and its picture as it was masked."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import document, moment

EVERY = timedelta(hours=1)
"""How old the last good one is before another takes its place."""


class ScreenSnapshot(SQLModel, table=True):
    """The last good pass of a screen by one version of a bot; `layout` is a `failure.difference.Layout`.

    The picture is kept beyond the time of other evidence as long as it is the newest good one of its screen.
    """

    __tablename__ = "screen_snapshots"

    system: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    screen: str = Field(primary_key=True)
    bot_version: str = Field(primary_key=True)
    layout: dict[str, Any] = document()
    evidence_id: uuid.UUID = Field(foreign_key="evidence.id")
    at: datetime = moment()


async def keep(session: AsyncSession, snapshot: ScreenSnapshot) -> None:
    """Keep it, unless the one that is kept is younger than an hour."""
    statement = insert(ScreenSnapshot).values(**snapshot.model_dump())
    put = statement.on_conflict_do_update(
        index_elements=["system", "environment", "screen", "bot_version"],
        set_={"layout": snapshot.layout, "evidence_id": snapshot.evidence_id, "at": snapshot.at},
        where=col(ScreenSnapshot.at) <= snapshot.at - EVERY,
    )
    await (await session.connection()).execute(put)


async def last_good(session: AsyncSession, system: str, environment: str, screen: str) -> ScreenSnapshot | None:
    """The newest good pass of that screen, by whatever version; None when it was never seen well."""
    known = select(ScreenSnapshot).where(
        ScreenSnapshot.system == system, ScreenSnapshot.environment == environment, ScreenSnapshot.screen == screen
    )
    return (await session.exec(known.order_by(col(ScreenSnapshot.at).desc()).limit(1))).first()


def newest_pictures() -> Select[tuple[uuid.UUID]]:
    """The picture of each screen as it was good last."""
    screen = (col(ScreenSnapshot.system), col(ScreenSnapshot.environment), col(ScreenSnapshot.screen))
    newest = sql_select(col(ScreenSnapshot.evidence_id)).distinct(*screen)
    return newest.order_by(*screen, col(ScreenSnapshot.at).desc())
