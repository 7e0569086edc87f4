"""Activities that Temporal tries again and again: it cannot list them, so each failed repetition is noted here."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment

SILENT = timedelta(hours=1)
"""Nothing waits longer between two tries: what was not heard of for so long has ended with its workflow or process."""

_NOTE = text(
    """
    INSERT INTO activity_retries (run_id, activity_id, workflow_id, activity, task_queue, attempt, code, since, last_at)
    VALUES (:run_id, :activity_id, :workflow_id, :activity, :task_queue, :attempt, :code, :since, :last_at)
    ON CONFLICT (run_id, activity_id) DO UPDATE
       SET attempt = EXCLUDED.attempt, code = EXCLUDED.code, last_at = EXCLUDED.last_at
    """
)
_OVER = text("DELETE FROM activity_retries WHERE run_id = :run_id AND activity_id = :activity_id")
_SWEEP = text("DELETE FROM activity_retries WHERE last_at < :before")


class ActivityRetry(SQLModel, table=True):
    """An activity whose second or a later try has failed and that is to be tried again."""

    __tablename__ = "activity_retries"

    run_id: str = Field(primary_key=True)
    activity_id: str = Field(primary_key=True)
    workflow_id: str
    activity: str
    task_queue: str
    attempt: int
    code: str
    since: datetime = moment()
    last_at: datetime = moment(index=True)


class Repeated(BaseModel):
    """One failed repetition."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    activity_id: str
    workflow_id: str
    activity: str
    task_queue: str
    attempt: int
    code: str
    since: datetime
    last_at: datetime


async def note(session: AsyncSession, repeated: Repeated) -> None:
    """It failed once more, and will be tried again; whatever was not heard of for long is swept away."""
    connection = await session.connection()
    await connection.execute(_NOTE, repeated.model_dump())
    await connection.execute(_SWEEP, {"before": repeated.last_at - SILENT})


async def over(session: AsyncSession, run_id: str, activity_id: str) -> None:
    """It is not tried again: it went well, or failed for good."""
    await (await session.connection()).execute(_OVER, {"run_id": run_id, "activity_id": activity_id})


async def now_retrying(session: AsyncSession, now: datetime, limit: int) -> list[ActivityRetry]:
    """What is being tried again at this moment, the longest first."""
    heard = select(ActivityRetry).where(col(ActivityRetry.last_at) >= now - SILENT)
    return list(
        await session.exec(heard.order_by(col(ActivityRetry.since), col(ActivityRetry.activity_id)).limit(limit))
    )
