"""What the bot job writes about its own try: claim, guard, steps, evidence, end; all under its fence."""

import json
import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records import items
from records.events import append
from records.items import ItemView
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
_IN_DOUBT = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM work_items AS other
         WHERE other.system = :system AND other.environment = :environment AND other.target_key = :target
           AND other.id <> :item AND other.state IN ('submitting', 'unknown'))
    """
)
_OVER = text("UPDATE attempts SET dead_since = clock_timestamp() WHERE id = :attempt AND dead_since IS NULL")
_DOUBTFUL = "item_id = :item AND purpose = 'enter' AND submitted_at IS NOT NULL AND outcome IN ('', 'unknown')"
"""Tries that clicked, or were about to, and have not told how it ended."""
_SETTLES_IN = text(
    f"""
    SELECT extract(epoch FROM max(dead_since) + make_interval(secs => :window) - clock_timestamp())
      FROM attempts WHERE {_DOUBTFUL}
    """  # noqa: S608  (no value of anybody is in it)
)
_CONFIRMED = text(
    f"""
    SELECT confirmation FROM attempts
     WHERE {_DOUBTFUL} AND revision = :revision AND part = :part AND confirmation IS NOT NULL
     ORDER BY fence DESC LIMIT 1
    """  # noqa: S608
)
_SEEN_FIRST = text(
    """
    UPDATE work_items SET before = CAST(:before AS jsonb)
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
    return f"{place(runner)}/{runner.worker_pid}@{runner.worker_started}"


def place(runner: Runner) -> str:
    """Where a process number means that very process: a host's name alone may be another container's as well."""
    return f"{runner.host}/{runner.boot_id}/{runner.pid_space}"


async def another_in_doubt(session: AsyncSession, item: ItemView) -> bool:
    """Whether nobody knows how another entry about this record ended: entering now would blur what its look sees."""
    asked = {
        "system": item.system,
        "environment": item.environment,
        "target": item.target_key,
        "item": item.id,
    }
    return bool((await (await session.connection()).execute(_IN_DOUBT, asked)).scalar_one())


async def over(session: AsyncSession, attempt_id: uuid.UUID) -> None:
    """Nothing acts for this try any more; the first word counts."""
    await (await session.connection()).execute(_OVER, {"attempt": attempt_id})


async def unproven(session: AsyncSession, item_id: uuid.UUID) -> list[Attempt]:
    """The item's doubtful tries for which something may still act."""
    found = select(Attempt).where(
        Attempt.item_id == item_id,
        Attempt.purpose == "enter",
        col(Attempt.submitted_at).is_not(None),
        col(Attempt.outcome).in_(("", "unknown")),
        col(Attempt.dead_since).is_(None),
    )
    return list(await session.exec(found))


async def settles_in(session: AsyncSession, item_id: uuid.UUID, window: float) -> float:
    """Seconds by the database's clock until the settle window since the last doubtful try is over."""
    values = {"item": item_id, "window": window}
    left = (await (await session.connection()).execute(_SETTLES_IN, values)).scalar_one_or_none()
    return max(float(left or 0), 0.0)


async def confirmed(session: AsyncSession, item: ItemView) -> str | None:
    """The system's word for the click of a doubtful try at the part that the item stands at; None without one."""
    values = {"item": item.id, "revision": item.revision, "part": item.parts_done + 1}
    found: str | None = (await (await session.connection()).execute(_CONFIRMED, values)).scalar_one_or_none()
    return found


async def guard(session: AsyncSession, attempt: Attempt, now: datetime, part: int = 1) -> bool:
    """Pass from *running* to *submitting*: only who holds the fence and a live lease may click, for that part."""
    values = {"item": attempt.item_id, "fence": attempt.fence, "now": now}
    passed = (await (await session.connection()).execute(_GUARD, values)).scalar_one_or_none() is not None
    if passed:
        await note(session, attempt.id, submitted_at=now, step="submit", part=part, confirmation=None)
    return passed


async def seen_first(session: AsyncSession, attempt: Attempt, before: dict[str, str]) -> bool:
    """Keep how the record looked before anything was typed; False when the lease ran out or the fence moved on."""
    values = {"item": attempt.item_id, "fence": attempt.fence, "before": json.dumps(before)}
    return (await (await session.connection()).execute(_SEEN_FIRST, values)).scalar_one_or_none() is not None


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
        "part",
        "confirmation",
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
