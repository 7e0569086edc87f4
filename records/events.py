"""Appending events: the one way anything gets onto a timeline, with a NOTIFY that wakes the live pages."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records.trail import Event

CHANNEL = "baton_case"
"""NOTIFY channel; the payload is the case's id, or what else a page is about (`records/told.py`)."""


class Happened(BaseModel):
    """An event to append: its name, who or what did it, and fields without secrets."""

    model_config = ConfigDict(frozen=True)

    name: str
    actor: str = "baton"
    system: str = ""
    item_id: uuid.UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict)


async def append(session: AsyncSession, case_id: uuid.UUID | None, at: datetime, *happened: Happened) -> None:
    """Append events of one case and wake whoever looks at it, in the transaction of the change they tell of."""
    for one in happened:
        session.add(
            Event(
                name=one.name,
                case_id=case_id,
                item_id=one.item_id,
                actor=one.actor,
                system=one.system,
                at=at,
                data=one.data,
            )
        )
    if case_id is not None:
        await announce(session, case_id)


async def announce(session: AsyncSession, case_id: uuid.UUID) -> None:
    """Tell the live pages that something of this case changed."""
    await wake(session, str(case_id))


async def wake(session: AsyncSession, about: str) -> None:
    """Wake the live pages that are about this, once the transaction is committed."""
    connection = await session.connection()
    await connection.execute(text("SELECT pg_notify(:channel, :about)"), {"channel": CHANNEL, "about": about})
