"""Who looks at a handoff's workbench now: written by the console's pages, read by colleagues and by the idle timer."""

import uuid
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.handoff import DeskPresence
from records.people import User

LASTS = timedelta(seconds=75)
"""An open page beats every 30 seconds; who has missed two beats is gone."""


class Looker(BaseModel):
    """Somebody else at the same workbench."""

    model_config = ConfigDict(frozen=True)

    email: str
    name: str
    typing: bool
    seen_at: datetime


async def beat(session: AsyncSession, handoff_id: uuid.UUID, email: str, now: datetime, *, typing: bool) -> None:
    """This person has the workbench open now."""
    row = {"handoff_id": handoff_id, "email": email, "seen_at": now, "typing": typing}
    statement = insert(DeskPresence).values(**row)
    kept = statement.on_conflict_do_update(
        index_elements=["handoff_id", "email"], set_={"seen_at": now, "typing": typing}
    )
    await (await session.connection()).execute(kept)


async def others(session: AsyncSession, handoff_id: uuid.UUID, email: str, now: datetime) -> list[Looker]:
    """Who else has it open, whoever types first."""
    asked = (
        select(DeskPresence, User.name)
        .join(User, col(User.email) == col(DeskPresence.email), isouter=True)
        .where(
            DeskPresence.handoff_id == handoff_id, DeskPresence.email != email, col(DeskPresence.seen_at) > now - LASTS
        )
        .order_by(col(DeskPresence.typing).desc(), col(DeskPresence.email))
    )
    return [
        Looker(email=row.email, name=name or row.email, typing=row.typing, seen_at=row.seen_at)
        for row, name in await session.exec(asked)
    ]
