"""Bot processes and their signs of life: who works where, who fell silent, and how far a job had come until then."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, text
from sqlmodel import Field, SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import maybe_moment, moment
from records.work_item import Attempt, WorkItem

FORGOTTEN_AFTER_HOURS = 24
"""A process that nobody has heard of for so long is not news any more."""


class BotProcess(SQLModel, table=True):
    """One bot process. `seen_at` is its last sign of life, by the database's clock; `ended_at` once it is over."""

    __tablename__ = "bot_processes"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    host: str
    pid: int
    started_at: datetime = moment()
    seen_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()


class Silent(BaseModel):
    """A bot process that should be there and is not heard of, and since when."""

    model_config = ConfigDict(frozen=True)

    host: str
    pid: int
    seconds: float


async def begin(session: AsyncSession, host: str, pid: int, lives: Callable[[int], bool]) -> uuid.UUID:
    """Note a process that begins; the dead ones of its host, which it takes the place of, are over."""
    connection = await session.connection()
    known = select(BotProcess).where(BotProcess.host == host, col(BotProcess.ended_at).is_(None))
    for earlier in await session.exec(known):
        if earlier.pid == pid or not lives(earlier.pid):
            await end(session, earlier.id)
    made = uuid.uuid4()
    values = {"id": made, "host": host, "pid": pid, "hours": FORGOTTEN_AFTER_HOURS}
    await connection.execute(
        text("DELETE FROM bot_processes WHERE seen_at < clock_timestamp() - make_interval(hours => :hours)"), values
    )
    await connection.execute(
        text(
            "INSERT INTO bot_processes (id, host, pid, started_at, seen_at)"
            " VALUES (:id, :host, :pid, clock_timestamp(), clock_timestamp())"
        ),
        values,
    )
    return made


async def alive(session: AsyncSession, process: uuid.UUID) -> None:
    """A sign of life."""
    await (await session.connection()).execute(
        text("UPDATE bot_processes SET seen_at = clock_timestamp() WHERE id = :id"), {"id": process}
    )


async def end(session: AsyncSession, process: uuid.UUID) -> None:
    """It is over, and nobody waits for its next sign of life."""
    await (await session.connection()).execute(
        text("UPDATE bot_processes SET ended_at = clock_timestamp() WHERE id = :id AND ended_at IS NULL"),
        {"id": process},
    )


async def silent(session: AsyncSession, seconds: float) -> list[Silent]:
    """Processes that did not say goodbye and are not heard of for longer than that; the longest silence first."""
    found = await (await session.connection()).execute(
        text(
            "SELECT host, pid, extract(epoch FROM clock_timestamp() - seen_at) AS seconds FROM bot_processes"
            " WHERE ended_at IS NULL AND seen_at < clock_timestamp() - make_interval(secs => :seconds)"
            " AND seen_at > clock_timestamp() - make_interval(hours => :hours) ORDER BY seen_at"
        ),
        {"seconds": seconds, "hours": FORGOTTEN_AFTER_HOURS},
    )
    return [Silent(host=host, pid=pid, seconds=float(since)) for host, pid, since in found]


async def job_alive(session: AsyncSession, attempt: uuid.UUID, step: str, steps: list[dict[str, Any]]) -> None:
    """A job's sign of life: the step it is at, and those before it; nothing once the try has ended."""
    now = update(Attempt).where(col(Attempt.id) == attempt, col(Attempt.ended_at).is_(None))
    values = {"seen_at": func.clock_timestamp(), "step": step, "steps": steps}
    await (await session.connection()).execute(now.values(**values))


async def lost_job(
    session: AsyncSession, host: str, boot_id: str, pid: int, started: float
) -> tuple[Attempt, WorkItem] | None:
    """The newest try that worked in this browser, and its item; None when there is none, or it ended by itself."""
    found = await session.exec(
        select(Attempt, WorkItem)
        .join(WorkItem, col(WorkItem.id) == Attempt.item_id)
        .where(
            Attempt.host == host,
            Attempt.boot_id == boot_id,
            Attempt.browser_pid == pid,
            Attempt.browser_started == started,
        )
        .order_by(col(Attempt.started_at).desc())
        .limit(1)
    )
    newest = found.first()
    if newest is None or (newest[0].ended_at is not None and newest[0].code != "worker_lost"):
        return None
    return newest[0], newest[1]
