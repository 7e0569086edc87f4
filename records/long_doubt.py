"""How long nobody has known how an entry ended, and whether what was promised of its case can wait any longer."""

import uuid
from datetime import timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_LASTS = text(
    """
    SELECT max(dead_since) + :patience <= clock_timestamp()
      FROM attempts
     WHERE item_id = :item AND purpose = 'enter' AND submitted_at IS NOT NULL AND outcome IN ('', 'unknown')
    """
)
_PRESSES = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM work_items AS items JOIN cases ON cases.id = items.case_id
         WHERE items.id = :item AND cases.due_at - :lead <= clock_timestamp()
           AND NOT EXISTS (SELECT 1 FROM handoffs WHERE handoffs.case_id = cases.id AND handoffs.ended_at IS NULL
                              AND handoffs.paused <> '' AND handoffs.due_at = cases.due_at))
    """
)


async def lasts(session: AsyncSession, item_id: uuid.UUID, patience: timedelta) -> bool:
    """Whether so long has passed since nothing acts any more for the doubtful try."""
    asked = {"item": item_id, "patience": patience}
    return bool((await (await session.connection()).execute(_LASTS, asked)).scalar_one())


async def presses(session: AsyncSession, item_id: uuid.UUID, lead: timedelta) -> bool:
    """Whether its case is due within that time, or was; a clock that stands presses nobody."""
    asked = {"item": item_id, "lead": lead}
    return bool((await (await session.connection()).execute(_PRESSES, asked)).scalar_one())
