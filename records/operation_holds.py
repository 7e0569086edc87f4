"""Operations that are held: several entries of one kind failed for one cause, so the others wait behind that group.

An outage holds the whole way the same way: `operation` is then empty, and `outage_id` says which outage it is.
Whoever is held keeps its place. Once the hold has ended the line is let go in its original order, a few at a time.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Index, TextClause, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.faults import AWAY
from core.work_item import FINAL, NEEDS_PERSON, State
from failure.kinds import FailureClass, Standing
from records import failure_groups
from records.base import maybe_moment, moment
from records.failure import Failure, FailureGroup
from records.work_item import WorkItem
from systems.registry import SYSTEMS

PROBE_EVERY = timedelta(minutes=5)
"""How often one held entry is sent through a hold that may be over by itself, as after an outage."""
PASSED = "an entry passed"
WHOLE_WAY = ""
"""What the operation of a hold reads when an outage holds the whole way."""
_HOLDS = frozenset({FailureClass.DRIFT, FailureClass.BROKEN})


class OperationHold(SQLModel, table=True):
    """One hold: of which operation by which way, behind which group of failures, since when; who ended it and why.

    One of a whole way has no `operation` and stands behind an outage (`outage_id`), not behind a group.
    `threshold` failures in a row placed it. `probes`: its cause may pass by itself, so one entry is tried now and then,
    last at `probed_at`. `drained_at`: nobody stands in line any more. While its line is let go at a rate, the next one
    may go at `next_at`; failures since `counted_from` halt it.
    """

    __tablename__ = "operation_holds"
    __table_args__ = (
        Index(
            "uq_operation_holds_open",
            "system",
            "environment",
            "operation",
            "route",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_operation_holds_line", "since", postgresql_where=text("drained_at IS NULL")),
        CheckConstraint("num_nonnulls(group_id, outage_id) = 1", name="ck_operation_holds_cause"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str
    operation: str
    route: str
    group_id: uuid.UUID | None = Field(default=None, foreign_key="failure_groups.id", index=True)
    outage_id: uuid.UUID | None = Field(default=None, foreign_key="outages.id", index=True)
    since: datetime = moment()
    threshold: int
    probes: bool
    probed_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()
    ended_by: str = ""
    why: str = ""
    drained_at: datetime | None = maybe_moment()
    next_at: datetime | None = maybe_moment()
    counted_from: datetime | None = maybe_moment()


def change(to: State, actor: str) -> dict[str, Any]:
    """The columns of an item that no longer stands in line: it ended, waits for a person, or a person sent it on."""
    leaves = to in FINAL or to in NEEDS_PERSON or actor != "baton"
    return {"held_behind": None, "through_hold": False} if leaves else {}


_IN_A_ROW = text(
    """
    SELECT count(*) FROM (
        SELECT changed_at FROM failures
         WHERE group_id = :group AND key = :key AND ended_at IS NULL AND NOT held AND standing = :standing
         ORDER BY changed_at DESC LIMIT :wanted) AS newest
     WHERE NOT EXISTS (
        SELECT 1 FROM work_items
         WHERE system = :system AND environment = :environment AND operation = :operation AND state = 'done'
           AND NOT adopted AND route = :route AND ended_at > newest.changed_at)
    """
)


async def consider(session: AsyncSession, item: WorkItem, failure: Failure, now: datetime) -> OperationHold | None:
    """Hold the operation of an item that has just failed, when it is one of several in a row; the hold it placed.

    For whoever has the turn of the failures of this system: no two holds are placed at once.
    """
    wanted = SYSTEMS[item.system].hold_after
    surely_not_in = failure.standing is Standing.NOT_ENTERED and failure.failure_class in _HOLDS
    if failure.code in AWAY:  # the system is not there: that is the breaker's, and holds the whole way
        return None
    holds = await all_of(session, item)  # one of its whole way lets entries go first that find the screen changed
    if wanted == 0 or not surely_not_in or any(hold.operation != WHOLE_WAY for hold in holds):
        return None
    asked = {
        "group": failure.group_id,
        "key": failure.key,
        "standing": Standing.NOT_ENTERED.value,
        "wanted": wanted,
        **_of(item),
    }
    if (await (await session.connection()).execute(_IN_A_ROW, asked)).scalar_one() < wanted:
        return None
    probes = failure.failure_class is FailureClass.BROKEN
    hold = OperationHold(
        system=item.system,
        environment=item.environment,
        operation=item.operation,
        route=item.route,
        group_id=failure.group_id,
        since=now,
        threshold=wanted,
        probes=probes,
        probed_at=now,
    )
    session.add(hold)
    await session.flush()
    return hold


async def standing(session: AsyncSession, item: Any, *, lock: bool = False) -> OperationHold | None:
    """The hold of the item's whole way, else of its operation (of whatever has these columns); see `all_of`."""
    return next(iter(await all_of(session, item, lock=lock)), None)


async def all_of(session: AsyncSession, item: Any, *, lock: bool = False) -> list[OperationHold]:
    """Every hold that the item meets, that of its whole way first; `lock`: none of them can end meanwhile."""
    wanted = _of(item)
    operation = wanted.pop("operation")
    asked = (
        select(OperationHold)
        .where(
            *(getattr(OperationHold, name) == value for name, value in wanted.items()),
            col(OperationHold.operation).in_({WHOLE_WAY, operation}),
            col(OperationHold.ended_at).is_(None),
        )
        .order_by(col(OperationHold.operation))
    )
    return list(await session.exec(asked.with_for_update(read=True) if lock else asked))


async def behind_outage(session: AsyncSession, hold_id: uuid.UUID | None) -> bool:
    """Whether that hold is one of a whole way."""
    hold = await session.get(OperationHold, hold_id) if hold_id is not None else None
    return hold is not None and hold.outage_id is not None


async def of_group(session: AsyncSession, group_id: uuid.UUID) -> list[OperationHold]:
    """The holds that stand for a group, or for one that was merged into it."""
    merged = select(FailureGroup.id).where(FailureGroup.merged_into == group_id)
    known = {group_id, *(await session.exec(merged))}
    return [hold for hold in await open_holds(session) if hold.group_id in known]


async def open_holds(session: AsyncSession) -> list[OperationHold]:
    """Every hold that stands, the longest first."""
    asked = select(OperationHold).where(col(OperationHold.ended_at).is_(None)).order_by(col(OperationHold.since))
    return list(await session.exec(asked))


async def lines(session: AsyncSession, group_id: uuid.UUID | None = None) -> list[tuple[OperationHold, int]]:
    """The holds that stand, all or those of a group, each with how many entries stand behind it."""
    holds = await open_holds(session) if group_id is None else await of_group(session, group_id)
    return [(hold, await in_line(session, hold.id)) for hold in holds]


async def groups(session: AsyncSession, hold_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Behind which group of failures each of these holds stands, or stood."""
    if not hold_ids:
        return {}
    asked = select(OperationHold.id, OperationHold.group_id).where(col(OperationHold.id).in_(hold_ids))
    return {hold_id: group_id for hold_id, group_id in await session.exec(asked) if group_id is not None}


async def end(session: AsyncSession, hold_id: uuid.UUID, by: str, now: datetime, why: str = "") -> bool:
    """End a hold; False when it had ended before. The line behind it goes on by itself."""
    return await _end(session, _END, {"hold": hold_id, "by": by, "why": why, "now": now})


_END = text(
    "UPDATE operation_holds SET ended_at = :now, ended_by = :by, why = :why"
    " WHERE id = :hold AND ended_at IS NULL RETURNING group_id"
)
_PASSED = text(
    """
    UPDATE operation_holds SET ended_at = :now, ended_by = :by, why = :why
     WHERE system = :system AND environment = :environment AND operation = :operation AND route = :route
       AND ended_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM bulk_actions JOIN failure_groups AS own ON own.id = operation_holds.group_id
                        WHERE bulk_actions.group_id IN (own.id, own.merged_into) AND bulk_actions.kind = 'retry'
                          AND bulk_actions.ended_at IS NULL AND bulk_actions.state <> 'waiting_approval')
    RETURNING group_id
    """
)


async def passed(session: AsyncSession, item: WorkItem, now: datetime) -> None:
    """An entry that was let through is in: the hold is over, unless a bulk retry of its group is to say so.

    Before anything waits for the turn of the failures, or the two would wait for each other.
    """
    await _end(session, _PASSED, {**_of(item), "by": "baton", "why": PASSED, "now": now})


async def _end(session: AsyncSession, ending: TextClause, values: dict[str, Any]) -> bool:
    ended = (await (await session.connection()).execute(ending, values)).one_or_none()
    if ended is None:
        return False
    if ended.group_id is not None:
        await failure_groups.act(
            session, ended.group_id, values["by"], values["now"], "group.let_go", why=values["why"]
        )
    return True


_IN_LINE = text("SELECT count(*) FROM work_items WHERE held_behind = :hold AND NOT through_hold")


async def in_line(session: AsyncSession, hold_id: uuid.UUID) -> int:
    """How many entries stand behind it."""
    return int((await (await session.connection()).execute(_IN_LINE, {"hold": hold_id})).scalar_one())


def _of(item: Any) -> dict[str, str]:
    return {name: getattr(item, name) for name in ("system", "environment", "operation", "route")}
