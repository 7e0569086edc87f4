"""What somebody is woken for, counted from the records: no name, no number of a case, no text."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import State
from records import bot_process, overview, upkeep
from records.work_item import WorkItem

SILENT_SECONDS = 8
"""A bot process shows a sign of life every two seconds."""


class Standing(BaseModel):
    """So many, and how old the oldest is."""

    model_config = ConfigDict(frozen=True)

    count: int
    oldest_seconds: float


class Alarms(BaseModel):
    """What waits too long or stands still: by system, or by the state of a mail."""

    model_config = ConfigDict(frozen=True)

    outbox: Standing
    unknown: dict[str, Standing] = Field(default_factory=dict)
    mails: dict[str, Standing] = Field(default_factory=dict)
    silent_bots: int = 0


async def read(session: AsyncSession, now: datetime) -> Alarms:
    """Everything at once, in four statements that use an index."""
    outbox = await upkeep.outbox_age(session)
    mails = await overview.mail_troubles(session, now)
    return Alarms(
        outbox=Standing(count=outbox.waiting, oldest_seconds=_age(outbox.oldest, now)),
        unknown=await _unknown(session, now),
        mails={one.state.value: Standing(count=one.count, oldest_seconds=_age(one.oldest, now)) for one in mails},
        silent_bots=len(await bot_process.silent(session, SILENT_SECONDS)),
    )


async def _unknown(session: AsyncSession, now: datetime) -> dict[str, Standing]:
    """Entries that may have been made, by system; since when the oldest is unsettled."""
    found = await session.exec(
        select(WorkItem.system, func.count(), func.min(WorkItem.wait_since))
        .where(WorkItem.state == State.UNKNOWN)
        .group_by(col(WorkItem.system))
    )
    return {system: Standing(count=count, oldest_seconds=_age(oldest, now)) for system, count, oldest in found}


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
