"""The line behind a hold as it is kept: who stands in it, who may go next, and who has been let go.

The order of one record (`target_key`) is kept strictly: nobody goes while an earlier entry of the same record is open,
wherever that one stands. Across records the more urgent goes first, then what is due first, then what came first; an
entry that something urgent of its own record stands behind is as urgent as that.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.operation_holds import OperationHold, in_line
from records.outbox import CHANNEL, OutboxRow

LET_GO = "let_go"
"""The signal that wakes an item's workflow."""
TOO_LONG = timedelta(minutes=10)
"""Who was let go so long ago and has not begun is not waited for: its process may be gone, its word may be lost."""

EARLIER = """
    SELECT 1 FROM work_items AS earlier
     WHERE earlier.system = line.system AND earlier.environment = line.environment
       AND earlier.target_key = line.target_key AND earlier.ended_at IS NULL AND earlier.id <> line.id
       AND (coalesce(earlier.place, earlier.created_at), earlier.id) < (line.place, line.id)"""
"""What the one of `line` may not overtake."""

LINE = """
    SELECT items.id, items.case_id, items.system, items.environment, items.operation, items.target_key, items.fence,
           cases.due_at AS own_due, coalesce(items.place, items.created_at) AS place,
           items.route = hold.route AND hold.operation IN ('', items.operation) AS held_here,
           min(CASE items.priority WHEN 'urgent' THEN 1 WHEN 'normal' THEN 3 ELSE 5 END) OVER record AS rank,
           min(cases.due_at) OVER record AS due,
           row_number() OVER (PARTITION BY items.target_key
                              ORDER BY coalesce(items.place, items.created_at), items.id) AS nth
      FROM work_items AS items JOIN operation_holds AS hold ON hold.id = items.held_behind
      LEFT JOIN cases ON cases.id = items.case_id
     WHERE items.held_behind = :hold AND NOT items.through_hold AND items.state = 'ready'
    WINDOW record AS (PARTITION BY items.target_key)"""
"""Who stands behind a hold, each with its place and with the rank and the first promise of its record.

Whoever is not `held_here` is free to go by its own way, and stands there for an earlier one of its record alone.
"""

_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('held_line/' || :hold, 0))")
_NEXT = text(
    f"""
    WITH line AS ({LINE})
    SELECT line.id FROM line
     WHERE line.nth = 1 AND line.held_here AND NOT EXISTS ({EARLIER})
     ORDER BY line.rank, line.due NULLS LAST, line.place, line.id LIMIT :most
    """  # noqa: S608  (every part of it is ours)
)
_SOMEBODY_NEXT = text(
    f"WITH line AS ({LINE}) SELECT EXISTS (SELECT 1 FROM line WHERE held_here AND NOT EXISTS ({EARLIER}))"  # noqa: S608
)
_LEAVE = text(
    f"""
    WITH line AS ({LINE})
    UPDATE work_items SET held_behind = NULL
     WHERE id IN (SELECT mine.id FROM work_items AS mine
                   WHERE mine.id IN (SELECT line.id FROM line WHERE NOT held_here AND NOT EXISTS ({EARLIER}))
                     AND mine.held_behind = :hold AND NOT mine.through_hold AND mine.state = 'ready'
                     FOR UPDATE SKIP LOCKED)
    RETURNING id, case_id
    """  # noqa: S608
)
_GO = text(
    """
    UPDATE work_items SET through_hold = true, let_go_from = :hold, let_go_at = :now
     WHERE id IN (SELECT id FROM work_items
                   WHERE id = ANY(:ids) AND held_behind = :hold AND NOT through_hold AND state = 'ready'
                     FOR UPDATE SKIP LOCKED)
    RETURNING id, case_id
    """
)
_ON_THEIR_WAY = text(
    "SELECT count(*) FROM work_items"
    " WHERE held_behind = :hold AND through_hold"
    " AND (state IN ('running', 'submitting') OR state = 'ready' AND let_go_at > :since)"
)
_JOIN = text(
    """
    UPDATE work_items AS items SET held_behind = standing.id, through_hold = false
      FROM operation_holds AS standing
     WHERE items.held_behind = :hold AND (NOT items.through_hold OR items.state = 'ready')
       AND standing.ended_at IS NULL AND standing.id <> :hold
       AND standing.system = items.system AND standing.environment = items.environment
       AND standing.route = items.route AND standing.operation IN (items.operation, '')
    RETURNING items.id, standing.group_id
    """
)
_THROUGH = text(
    "SELECT count(*) FROM work_items"
    " WHERE held_behind = :hold AND through_hold AND state <> 'deferred' AND (state <> 'ready' OR let_go_at > :since)"
)
_FAILED_LATELY = text(
    """
    WITH tries AS (
        SELECT attempts.item_id, attempts.outcome, attempts.code, attempts.ended_at
          FROM work_items AS items JOIN attempts ON attempts.item_id = items.id
         WHERE items.let_go_from = :hold AND attempts.purpose = 'enter' AND attempts.ended_at >= items.let_go_at
           AND (CAST(:since AS timestamptz) IS NULL OR attempts.ended_at > :since))
    SELECT count(DISTINCT item_id), (array_agg(code ORDER BY ended_at DESC))[1] FROM tries
     WHERE outcome IN ('broken', 'unknown')
       AND ended_at > coalesce((SELECT max(ended_at) FROM tries WHERE outcome IN ('done', 'refused')), '-infinity')
    """
)
_BEHIND_ITS_RECORD = text(
    """
    SELECT holds.id FROM work_items AS earlier JOIN operation_holds AS holds ON holds.id = earlier.held_behind
     WHERE earlier.system = :system AND earlier.environment = :environment AND earlier.target_key = :target_key
       AND earlier.ended_at IS NULL AND holds.drained_at IS NULL
       AND (coalesce(earlier.place, earlier.created_at), earlier.id) <
           (SELECT coalesce(place, created_at), id FROM work_items WHERE id = :item)
     LIMIT 1 FOR SHARE OF holds
    """
)


async def turn(session: AsyncSession, hold_id: uuid.UUID) -> bool:
    """Whether this transaction alone lets the line of this hold go: of two, the second one does nothing."""
    return bool((await (await session.connection()).execute(_TURN, {"hold": str(hold_id)})).scalar_one())


async def on_their_way(session: AsyncSession, hold_id: uuid.UUID, now: datetime) -> int:
    """How many that stood behind it were let go and are not in yet."""
    asked = {"hold": hold_id, "since": now - TOO_LONG}
    return int((await (await session.connection()).execute(_ON_THEIR_WAY, asked)).scalar_one())


async def let_through(session: AsyncSession, hold_id: uuid.UUID, now: datetime) -> bool:
    """Whether one that was let go has not come to an end yet; nobody has seen yet what became of it, perhaps."""
    asked = {"hold": hold_id, "since": now - TOO_LONG}
    return bool((await (await session.connection()).execute(_THROUGH, asked)).scalar_one())


async def failed_lately(session: AsyncSession, hold: OperationHold) -> tuple[int, str]:
    """How many entries that were let go failed since one was in, or the system said no, and the code of the last."""
    asked = {"hold": hold.id, "since": hold.counted_from}
    failed, code = (await (await session.connection()).execute(_FAILED_LATELY, asked)).one()
    return failed, code or ""


async def undrained(session: AsyncSession) -> list[OperationHold]:
    """Holds with a line behind them, perhaps: those that stand, and those whose line is being let go."""
    asked = select(OperationHold).where(col(OperationHold.drained_at).is_(None)).order_by(col(OperationHold.since))
    return list(await session.exec(asked))


async def behind_its_record(
    session: AsyncSession, item_id: uuid.UUID, system: str, environment: str, target_key: str
) -> uuid.UUID | None:
    """The hold in whose line an earlier entry of the same record stands; it is not drained meanwhile."""
    asked = {"item": item_id, "system": system, "environment": environment, "target_key": target_key}
    return (await (await session.connection()).execute(_BEHIND_ITS_RECORD, asked)).scalar_one_or_none()


async def join(session: AsyncSession, hold_id: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Whoever stands behind this hold, and is held by another one now, stands behind that one.

    Those that stand behind a group of failures from now on, each with that group.
    """
    joined = (await (await session.connection()).execute(_JOIN, {"hold": hold_id})).all()
    return sorted((item_id, group_id) for item_id, group_id in joined if group_id is not None)


async def let_go(session: AsyncSession, hold_id: uuid.UUID, most: int, now: datetime) -> int:
    """Let the next of the line go, at most so many; how many those are. For whoever has its turn."""
    connection = await session.connection()
    ids = (await connection.execute(_NEXT, {"hold": hold_id, "most": most})).scalars().all()
    found = (await connection.execute(_GO, {"hold": hold_id, "ids": list(ids), "now": now})).all() if ids else []
    place = {item_id: number for number, item_id in enumerate(ids)}
    for item_id, case_id in sorted(found, key=lambda one: place[one.id]):
        session.add(waking(item_id, case_id, LET_GO, str(uuid.uuid4()), {}, now))
    if found:
        await wake_relay(session)
    return len(found)


async def somebody_next(session: AsyncSession, hold_id: uuid.UUID) -> bool:
    """Whether any entry that this hold itself holds could go now: none that waits for an earlier one of its record."""
    return bool((await (await session.connection()).execute(_SOMEBODY_NEXT, {"hold": hold_id})).scalar_one())


async def leave(session: AsyncSession, hold_id: uuid.UUID, now: datetime) -> int:
    """Whoever stood here for an earlier one of its record alone, and has none before it any more, goes its own way.

    It neither goes first nor takes room of the line; for whoever has its turn. How many those are.
    """
    found = (await (await session.connection()).execute(_LEAVE, {"hold": hold_id})).all()
    for item_id, case_id in found:
        session.add(waking(item_id, case_id, LET_GO, str(uuid.uuid4()), {}, now))
    if found:
        await wake_relay(session)
    return len(found)


async def wake_relay(session: AsyncSession) -> None:
    """What was written for workflows goes out at once."""
    await session.flush()
    await (await session.connection()).execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


async def drained(session: AsyncSession, hold_id: uuid.UUID, now: datetime) -> bool:
    """Nobody stands in line behind it any more; False when somebody has come meanwhile."""
    hold = await session.get_one(OperationHold, hold_id, with_for_update=True)
    if await in_line(session, hold_id) or await on_their_way(session, hold_id, now):
        return False
    hold.drained_at = now
    return True


def waking(
    item_id: uuid.UUID, case_id: uuid.UUID | None, signal: str, key: str, word: dict[str, str], now: datetime
) -> OutboxRow:
    """A word to the workflow of an item that runs already."""
    return OutboxRow(
        case_id=case_id,
        workflow_type="WorkItemWorkflow",
        workflow_id=f"item/{item_id}",
        signal=signal,
        key=key,
        task_queue="",  # a signal goes to what runs already
        argument=word,
        created_at=now,
        next_try_at=now,
    )
