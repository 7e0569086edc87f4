"""What the workflow of a bulk action reads and writes: what came of the things on their way, and which come next."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import FINAL, State
from records import access, bulk, bulk_release, bulk_silent, events, holds, told
from records.bulk_action import OVER, BulkAction, BulkFate, BulkItem, BulkStage, BulkState
from records.bulk_came import NO_ANSWER_YET, Came, came_of, going
from records.told import Tell
from records.work_item import WorkItem


class Fed(BaseModel):
    """How it stands: the ordinals to send next, how many are on their way or left, how the last ones ended.

    `failed_in_a_row` counts what failed since a bot entered the last one, and since somebody said to go on; `proven`:
    a bot has entered one. What was there already, or keyed by hand, proves nothing of those that come after it.
    """

    model_config = ConfigDict(frozen=True)

    next: tuple[int, ...] = ()
    outstanding: int = 0
    left: int = 0
    settled: int = 0
    failed_in_a_row: int = 0
    proven: bool = False
    last_said: str = ""


class Noted(BaseModel):
    """What is to be kept of the action: its state or stage from `at` on, by whom and why."""

    model_config = ConfigDict(frozen=True)

    bulk_id: uuid.UUID
    at: datetime
    by: str = "baton"
    why: str = ""
    state: BulkState | None = None
    stage: BulkStage | None = None
    approved: bool = False
    emergency: bool = False
    go_on: bool = False


_ON_THEIR_WAY = text(
    """
    SELECT things.ordinal, items.state, items.code, items.confirmation, items.wait_kind, items.next_look_at,
           things.said, things.code,
           items.adopted OR coalesce(failures.ending IN ('by_hand', 'handed_over'), false) AS found
      FROM bulk_items AS things JOIN work_items AS items ON items.id = things.item_id
      LEFT JOIN failures ON failures.id = things.failure_id
     WHERE things.bulk_id = :bulk AND things.state = 'sent'
    """
)
_LAST_DONE = text(
    "SELECT at, ordinal FROM bulk_items WHERE bulk_id = :bulk AND state = 'done' AND code = ''"
    " ORDER BY at DESC, ordinal DESC LIMIT 1"
)
_FAILED_SINCE = text(
    "SELECT count(*), max(said) FROM bulk_items WHERE bulk_id = :bulk AND state = 'failed' AND at >= :since"
    " AND (CAST(:at AS timestamptz) IS NULL OR (at, ordinal) > (:at, :ordinal))"
)


async def feed(session: AsyncSession, bulk_id: uuid.UUID, room: int, in_flight: int, now: datetime) -> Fed:
    """Look at everything on its way in one question, keep what came of it, and say what comes next.

    At most `room` are next, and no more than `in_flight` are on their way together.
    """
    action = await session.get_one(BulkAction, bulk_id)
    connection = await session.connection()
    settled = await bulk_silent.give_up(session, bulk_id, now)
    for ordinal, stands, code, confirmation, wait, until, said, word, found in await connection.execute(
        _ON_THEIR_WAY, {"bulk": bulk_id}
    ):
        state = State(stands)
        if word == NO_ANSWER_YET and state not in FINAL:
            continue  # how it stands says nothing of a word that it may not have taken
        came = came_of(state, code, confirmation, found=found) or Came(BulkFate.SENT, going(state, wait, until))
        settled += came.fate is not BulkFate.SENT
        if came.fate is not BulkFate.SENT or came.said != said:
            await keep(session, bulk_id, ordinal, came, now)
    counted = (await bulk.counts(session, [bulk_id]))[bulk_id]
    on_their_way, left = counted.get(BulkFate.SENT, 0), counted.get(BulkFate.WAITING, 0)
    place = max(min(room, in_flight - on_their_way), 0)
    failed, proven, last = await _lately(session, bulk_id, action.counted_from)
    return Fed(
        next=(*(await bulk_silent.again(session, bulk_id) if room else ()), *await _next(session, bulk_id, place)),
        outstanding=on_their_way,
        left=left,
        settled=settled,
        failed_in_a_row=failed,
        proven=proven,
        last_said=last,
    )


async def keep(
    session: AsyncSession, bulk_id: uuid.UUID, ordinal: int, came: Came, now: datetime, *, told: bool = False
) -> None:
    """Keep what came of one thing; one that is over stays as it is.

    `told`: it was sent just now, also where somebody cancelled the rest meanwhile and it was taken for one of them.
    """
    open_ = [BulkFate.WAITING, BulkFate.SENT, *([BulkFate.CANCELLED] if told else [])]
    statement = (
        update(BulkItem)
        .where(
            col(BulkItem.bulk_id) == bulk_id,
            col(BulkItem.ordinal) == ordinal,
            col(BulkItem.state).in_(open_),
        )
        .values(state=came.fate, said=came.said[:500], code=came.code, at=now)
    )
    await (await session.connection()).execute(statement)
    await events.wake(session, bell(bulk_id))


def bell(bulk_id: uuid.UUID) -> str:
    """What the live page of an action listens for."""
    return f"bulk/{bulk_id}"


async def goes_on(session: AsyncSession, bulk_id: uuid.UUID) -> BulkState:
    """How the action stands now, asked between two things: somebody may have paused or cancelled it."""
    return BulkState((await session.exec(select(BulkAction.state).where(BulkAction.id == bulk_id))).one())


async def note(session: AsyncSession, noted: Noted) -> None:
    """Keep how the action stands from then on; an older word than the last one changes nothing."""
    action = await session.get_one(BulkAction, noted.bulk_id, with_for_update=True)
    if (action.noted_at is not None and noted.at < action.noted_at) or action.ended_at is not None:
        return
    action.noted_at = noted.at
    if noted.state is not None and noted.state is not action.state:
        action.state_at, action.state_by = noted.at, noted.by
    if noted.stage is not None:
        action.stage = noted.stage
    if noted.go_on:
        action.counted_from, action.halted_why = noted.at, ""
    if noted.approved:
        action.approved_by, action.approved_at, action.emergency = noted.by, noted.at, noted.emergency
    if noted.state is not None:
        await _arrive(session, action, noted)
    await session.flush()
    await events.wake(session, bell(action.id))


async def _arrive(session: AsyncSession, action: BulkAction, noted: Noted) -> None:
    action.state, action.said = noted.state or action.state, noted.why or action.said
    if action.state is BulkState.RUNNING and action.started_at is None:
        action.started_at = action.counted_from = noted.at  # one clock for all that is compared: Temporal's
        await bulk_release.begun(session, action, noted.at)
    if action.state is BulkState.HALTED:
        action.halted_why = noted.why
    if action.state is BulkState.CANCELLED:
        await _cancel_rest(session, action.id, noted.at)
    if action.state in OVER and noted.by == "baton":
        await _end(session, action, noted.at)
        failed, proven, _ = await _lately(session, action.id, action.counted_from)
        await bulk_release.ended(session, action, noted.at, proven=proven and failed < (action.stop_after or 1))
    else:
        access.audit(session, noted.at, noted.by, f"bulk.{action.state.value}", str(action.id), **_why(noted))
    if noted.emergency:
        await told.tell(session, noted.at, _told_lead(action, noted))
    if action.state in (BulkState.HALTED, BulkState.DONE) or (noted.approved and not noted.emergency):
        await told.tell(session, noted.at, _told_asker(action, noted))


def _why(noted: Noted) -> dict[str, Any]:
    said: dict[str, Any] = {"why": noted.why} if noted.why else {}
    return said | ({"emergency": True} if noted.emergency else {})


async def _cancel_rest(session: AsyncSession, bulk_id: uuid.UUID, at: datetime) -> None:
    waiting = col(BulkItem.state) == BulkFate.WAITING
    rest = update(BulkItem).where(col(BulkItem.bulk_id) == bulk_id, waiting)
    values = {"state": BulkFate.CANCELLED, "said": "Cancelled before it was sent.", "at": at}
    await (await session.connection()).execute(rest.values(**values))


async def _end(session: AsyncSession, action: BulkAction, at: datetime) -> None:
    """Nothing of it is left or on its way; its results are counted once and for all."""
    counted = (await bulk.counts(session, [action.id]))[action.id]
    action.ended_at, action.counts = at, {fate.value: n for fate, n in counted.items()}


def _told_asker(action: BulkAction, noted: Noted) -> Tell:
    happened = {
        BulkState.HALTED: f"Halted by itself: {action.title}. {action.halted_why}",
        BulkState.DONE: f"Ended: {action.title}.",
    }.get(action.state, f"{noted.by} approved: {action.title}.")
    return Tell(
        kind=bulk.TOLD_KIND,
        occurrence=f"bulk/{action.id}/{action.state.value}/{noted.at.isoformat()}",
        to=f"person:{action.asked_by}",
        text=happened,
        path=bulk.path_of(action.id),
    )


def _told_lead(action: BulkAction, noted: Noted) -> Tell:
    return Tell(
        kind=bulk.TOLD_KIND,
        occurrence=f"bulk/{action.id}/emergency",
        to="lead:bot",
        text=f"{noted.by} released without approval, in an emergency: {action.title}. Reason: {noted.why}",
        path=bulk.path_of(action.id),
    )


async def _next(session: AsyncSession, bulk_id: uuid.UUID, limit: int) -> tuple[int, ...]:
    if limit == 0:
        return ()
    waiting = select(BulkItem.ordinal).where(BulkItem.bulk_id == bulk_id, BulkItem.state == BulkFate.WAITING)
    return tuple(await session.exec(waiting.order_by(col(BulkItem.ordinal)).limit(limit)))


async def _lately(session: AsyncSession, bulk_id: uuid.UUID, since: datetime) -> tuple[int, bool, str]:
    """How many failed since then and since a bot entered the last one, whether one did, and what the failures say."""
    connection = await session.connection()
    done = (await connection.execute(_LAST_DONE, {"bulk": bulk_id})).one_or_none()
    at, ordinal = done if done is not None else (None, 0)
    values = {"bulk": bulk_id, "since": since, "at": at, "ordinal": ordinal}
    failed, said = (await connection.execute(_FAILED_SINCE, values)).one()
    return failed, done is not None, said or ""


async def thing(session: AsyncSession, bulk_id: uuid.UUID, ordinal: int) -> BulkItem:
    """One thing as it is kept."""
    return await session.get_one(BulkItem, (bulk_id, ordinal))


async def state_of(session: AsyncSession, item_id: uuid.UUID | None) -> State | None:
    """Where the entry stands that a thing is about."""
    item = await session.get(WorkItem, item_id) if item_id is not None else None
    return item.state if item is not None else None


async def left_alone(session: AsyncSession, item_id: uuid.UUID | None, by: str) -> str:
    """Why an entry is not touched now, since somebody else has it; "" when nobody does."""
    if item_id is None:
        return ""
    holder = (await holds.holders(session, [item_id])).get(item_id)
    if holder is None or str(holder.id) == by:
        return ""
    return f"{holder.name} works on it, until {holder.until:%H:%M} UTC; nothing was changed."
