"""Asking for a bulk action, and reading how it stands: the action, its things and the outbox row in one transaction."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import access, outbox, told
from records.bulk_action import BulkAction, BulkFate, BulkItem, BulkStage, BulkState, Proof
from records.people import Role
from records.told import Tell

WORKFLOW = "BulkActionWorkflow"
TASK_QUEUE = "baton"
MOST = 50_000
"""Things of one action: its rows are written in one transaction, in about a second for so many."""
TOLD_KIND = "bulk"
_NAMES = uuid.UUID("5b9c4a0e-7a0c-4d29-9a53-0c9b8a1b8f10")


class BulkAsked(BaseModel):
    """What somebody asks for. `key` is the form's own: the same word twice is one action.

    `by_id` and `by` are the person; `proof` says when a thing counts as done. With a `canary` one thing is tried first,
    and the rest follows once that is done. `needs_approval`: somebody else must agree before anything is sent.
    """

    model_config = ConfigDict(frozen=True)

    key: str = Field(min_length=1, max_length=200)
    kind: str
    title: str = Field(max_length=300)
    why: str = Field("", max_length=500)
    by: str
    by_id: uuid.UUID
    group_id: uuid.UUID | None = None
    problem_id: uuid.UUID | None = None
    selection: dict[str, Any] = {}
    proof: Proof = Proof.TOLD
    canary: bool = False
    rate_per_minute: int = Field(0, ge=0, le=6000)
    in_flight: int = Field(8, ge=1, le=200)
    stop_after: int = Field(0, ge=0, le=1000)
    needs_approval: bool = False
    answer_minutes: int = Field(15, ge=1)


class BulkRow(BaseModel):
    """One thing, in the order in which it is to be sent; `act` is the Update's argument as JSON."""

    model_config = ConfigDict(frozen=True)

    workflow_id: str = ""
    update: str
    act: dict[str, Any]
    label: str = ""
    link: str = ""
    item_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    handoff_id: uuid.UUID | None = None
    failure_id: uuid.UUID | None = None


_ROWS = TypeAdapter(list[BulkRow])
_KEEP = text(
    """
    INSERT INTO bulk_items (bulk_id, ordinal, workflow_id, update, act, label, link, item_id, case_id, handoff_id,
                            failure_id, state, said, code)
    SELECT :bulk, n - 1, row ->> 'workflow_id', row ->> 'update', row -> 'act', row ->> 'label', row ->> 'link',
           (row ->> 'item_id')::uuid, (row ->> 'case_id')::uuid, (row ->> 'handoff_id')::uuid,
           (row ->> 'failure_id')::uuid, 'waiting', '', ''
      FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS rows(row, n)
    """
)


async def ask(session: AsyncSession, asked: BulkAsked, rows: Sequence[BulkRow], now: datetime) -> BulkAction:
    """Keep the action and have it begun; the same key by the same person again gives the one that is there.

    `rows` are at most MOST. ValueError when there are none.
    """
    if not rows:
        raise ValueError("a bulk action without a thing to act on")
    made = await _made(session, asked, len(rows), now)
    if made is None:
        return await session.get_one(BulkAction, id_of(asked.by_id, asked.key))
    connection = await session.connection()
    await connection.execute(_KEEP, {"bulk": made.id, "rows": _ROWS.dump_json(list(rows)).decode()})
    session.add(_outbox(made, asked, now))
    access.audit(session, now, asked.by, "bulk.asked", str(made.id), kind=asked.kind, things=len(rows))
    if asked.needs_approval:
        await told.tell(session, now, _request(made))
    await session.flush()
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": outbox.CHANNEL})
    return made


def id_of(by: uuid.UUID, key: str) -> uuid.UUID:
    """The action's id, which follows from who asked and the form's key."""
    return uuid.uuid5(_NAMES, f"{by}/{key}")


def path_of(bulk_id: uuid.UUID) -> str:
    """Its page."""
    return f"/bulk-actions/{bulk_id}"


async def counts(session: AsyncSession, bulk_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[BulkFate, int]]:
    """Of each action, how many of its things are in which state."""
    wanted = list(bulk_ids)
    found: dict[uuid.UUID, dict[BulkFate, int]] = {one: {} for one in wanted}
    asked = (
        select(BulkItem.bulk_id, BulkItem.state, func.count())
        .where(col(BulkItem.bulk_id).in_(wanted))
        .group_by(col(BulkItem.bulk_id), col(BulkItem.state))
    )
    for bulk_id, state, n in await session.exec(asked):
        found[bulk_id][BulkFate(state)] = n
    return found


async def results(
    session: AsyncSession, bulk_id: uuid.UUID, fates: Sequence[BulkFate] = (), *, after: int = -1, limit: int = 100
) -> list[BulkItem]:
    """Its things in their order, from behind the ordinal `after`; only those with one of these fates, if any."""
    asked = select(BulkItem).where(BulkItem.bulk_id == bulk_id, col(BulkItem.ordinal) > after)
    if fates:
        asked = asked.where(col(BulkItem.state).in_(fates))
    return list(await session.exec(asked.order_by(col(BulkItem.ordinal)).limit(limit)))


async def _made(session: AsyncSession, asked: BulkAsked, total: int, now: datetime) -> BulkAction | None:
    """The new row; None when this word was said before."""
    state = BulkState.WAITING_APPROVAL if asked.needs_approval else BulkState.RUNNING
    action = BulkAction(
        id=id_of(asked.by_id, asked.key),
        **asked.model_dump(exclude={"by", "by_id", "key", "answer_minutes"}),
        key=f"{asked.by_id}/{asked.key}",
        asked_by=asked.by,
        asked_at=now,
        state=state,
        state_at=now,
        state_by=asked.by,
        stage=BulkStage.CANARY if asked.canary else BulkStage.REST,
        counted_from=now,
        total=total,
    )
    statement = insert(BulkAction).values(**action.model_dump()).on_conflict_do_nothing()
    made = await (await session.connection()).execute(statement.returning(col(BulkAction.id)))
    if made.scalar_one_or_none() is None:
        return None
    return await session.get_one(BulkAction, action.id)


def _outbox(action: BulkAction, asked: BulkAsked, now: datetime) -> outbox.OutboxRow:
    return outbox.OutboxRow(
        workflow_type=WORKFLOW,
        workflow_id=f"bulk/{action.id}",
        task_queue=TASK_QUEUE,
        argument={
            "bulk_id": str(action.id),
            "asked_by": asked.by,
            "canary": asked.canary,
            "proof": asked.proof.value,
            "rate_per_minute": asked.rate_per_minute,
            "in_flight": asked.in_flight,
            "stop_after": asked.stop_after,
            "needs_approval": asked.needs_approval,
            "answer_minutes": asked.answer_minutes,
        },
        created_at=now,
        next_try_at=now,
    )


def _request(action: BulkAction) -> Tell:
    return Tell(
        kind=TOLD_KIND,
        occurrence=f"bulk/{action.id}/approval",
        to=f"role:{Role.SUPERVISOR.value}",
        text=f"{action.asked_by} asks for approval: {action.title} ({action.total:,} things).",
        path=path_of(action.id),
    )
