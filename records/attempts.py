"""What the bot job writes about its own try: claim, guard, steps, evidence, end; all under its fence."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records import items
from records.events import append
from records.work_item import Attempt


class Runner(BaseModel):
    """Where an attempt runs, so that anybody can later prove it dead."""

    model_config = ConfigDict(frozen=True)

    host: str
    boot_id: str
    worker_pid: int
    worker_started: float | None = None
    pid_space: str = ""
    route: str = "bot"
    bot_version: str = ""

    def on(self, route: str, version: str) -> "Runner":
        """The same process, working by that route."""
        return self.model_copy(update={"route": route, "bot_version": version})


_CLAIM = text(
    """
    UPDATE work_items
       SET state = 'running', fence = fence + 1, attempts = attempts + 1, code = '',
           wait_kind = 'nothing', next_look_at = NULL,
           lease_holder = :holder, lease_until = clock_timestamp() + make_interval(secs => :seconds),
           wait_since = :now, updated_at = :now
     WHERE id = :item AND state = 'ready' AND fence = :fence
    RETURNING fence
    """
)
_GUARD = text(
    """
    UPDATE work_items SET state = 'submitting', updated_at = :now
     WHERE id = :item AND fence = :fence AND state = 'running' AND lease_until > clock_timestamp()
    RETURNING id
    """
)
_RENEW = text(
    """
    UPDATE work_items SET lease_until = clock_timestamp() + make_interval(secs => :seconds)
     WHERE id = :item AND fence = :fence AND lease_until > clock_timestamp()
    RETURNING id
    """
)


async def claim(
    session: AsyncSession, item_id: uuid.UUID, fence: int, runner: Runner, seconds: float, now: datetime
) -> Attempt | None:
    """Take a *ready* item that still stands at `fence`; None when somebody else was quicker or it was settled."""
    values = {"item": item_id, "fence": fence, "holder": holder(runner), "seconds": seconds, "now": now}
    taken = (await (await session.connection()).execute(_CLAIM, values)).scalar_one_or_none()
    if taken is None:
        return None
    return await _open(session, item_id, taken, runner, "enter", now)


async def open_look(session: AsyncSession, item_id: uuid.UUID, runner: Runner, purpose: str, now: datetime) -> Attempt:
    """Note a look on the screen; it changes nothing of the item."""
    fence = -int(datetime.timestamp(now) * 1_000_000)  # looks hold no fence; negative numbers keep them apart
    return await _open(session, item_id, fence, runner, purpose, now)


async def _open(
    session: AsyncSession, item_id: uuid.UUID, fence: int, runner: Runner, purpose: str, now: datetime
) -> Attempt:
    item = await items.view(session, item_id)
    attempt = Attempt(
        item_id=item_id,
        number=item.attempts,
        purpose=purpose,
        fence=fence,
        revision=item.revision,
        started_at=now,
        **runner.model_dump(),
    )
    session.add(attempt)
    await append(
        session, item.case_id, now, items.told(f"attempt.{purpose}", item, attempt=item.attempts, step="started")
    )
    await session.flush()
    return attempt


def holder(runner: Runner) -> str:
    """The name under which a bot process holds leases."""
    return f"{runner.host}/{runner.worker_pid}"


async def guard(session: AsyncSession, attempt: Attempt, now: datetime) -> bool:
    """Pass from *running* to *submitting*: only who holds the fence and a live lease may click."""
    values = {"item": attempt.item_id, "fence": attempt.fence, "now": now}
    passed = (await (await session.connection()).execute(_GUARD, values)).scalar_one_or_none() is not None
    if passed:
        await note(session, attempt.id, submitted_at=now, step="submit")
    return passed


async def renew(session: AsyncSession, attempt: Attempt, seconds: float) -> bool:
    """Keep the item for longer; False when the lease ran out or the fence moved on."""
    values = {"item": attempt.item_id, "fence": attempt.fence, "seconds": seconds}
    return (await (await session.connection()).execute(_RENEW, values)).scalar_one_or_none() is not None


_COLUMNS = frozenset(
    {
        "step",
        "browser_pid",
        "browser_started",
        "account",
        "submitted_at",
        "ended_at",
        "outcome",
        "code",
        "detail",
        "steps",
    }
)


async def note(session: AsyncSession, attempt_id: uuid.UUID, **columns: Any) -> None:
    """Write columns of the attempt's own row; the row belongs to the process that made it."""
    unknown = columns.keys() - _COLUMNS
    if unknown:
        raise ValueError(f"an attempt keeps no {', '.join(sorted(unknown))}")
    connection = await session.connection()
    await connection.execute(update(Attempt).where(col(Attempt.id) == attempt_id).values(**columns))


async def last_entering(session: AsyncSession, item_id: uuid.UUID) -> Attempt | None:
    """The newest try at entering the item, whose browser may still be at work; looks do not count."""
    found = select(Attempt).where(Attempt.item_id == item_id, Attempt.purpose == "enter")
    return (await session.exec(found.order_by(col(Attempt.fence).desc()).limit(1))).one_or_none()
