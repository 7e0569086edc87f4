"""What was entered since a system change: noted, edited and withdrawn changes, the list of items, samples and marks."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Boolean, ColumnElement, func, literal_column, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from records import access
from records.case import Case
from records.system_change import ItemMark, ItemSample, SystemChange, Verdict
from records.work_item import WorkItem, WorkItemRevision

PAGE = 50
COUNTED = 10_000
"""Counting further would cost more than the number is worth."""


class Show(StrEnum):
    """Which of the items done since a change are listed."""

    ALL = "all"
    SAMPLE = "sample"
    UNSEEN = "unseen"
    RIGHT = "right"
    WRONG = "wrong"


class Noted(BaseModel):
    """What somebody says of a change."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    operation: str
    screen: str
    at: datetime
    time_zone: str
    what: str
    said_by: str


class DoneItem(BaseModel):
    """An item that was done since, with its case's number and what somebody found."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    item: WorkItem
    case_number: str
    mark: ItemMark | None
    sampled: bool


class Tally(BaseModel):
    """How many items were done since (at most `COUNTED` + 1), drawn, and marked; `left`: drawn and not marked."""

    model_config = ConfigDict(frozen=True)

    done: int
    sampled: int
    left: int
    right: int
    wrong: int


async def note(session: AsyncSession, noted: Noted, key: str, by: str, now: datetime) -> SystemChange:
    """Keep a change, once; what is kept under the same key by the same person is what is given back."""
    row = SystemChange(**noted.model_dump(), key=key, noted_by=by, noted_at=now)
    once = insert(SystemChange).values(**row.model_dump()).on_conflict_do_nothing(constraint="uq_system_changes_once")
    await (await session.connection()).execute(once)
    return (await session.exec(select(SystemChange).where(SystemChange.key == key, SystemChange.noted_by == by))).one()


async def edit(session: AsyncSession, change: SystemChange, noted: Noted, by: str, now: datetime) -> None:
    """Say it otherwise; how it was said before stays in the audit."""
    fields = set(Noted.model_fields)
    was = change.model_dump(mode="json", include=fields)
    change.sqlmodel_update({**noted.model_dump(), "revision": change.revision + 1, "edited_by": by, "edited_at": now})
    session.add(change)
    access.audit(session, now, by, "system_change.edited", str(change.id), was=was, said=noted.model_dump(mode="json"))


async def withdraw(session: AsyncSession, change: SystemChange, why: str, by: str, now: datetime) -> None:
    """It was no change after all; what was drawn and marked stays."""
    change.withdrawn_by, change.withdrawn_at, change.withdrawn_why = by, now, why
    change.revision += 1
    session.add(change)
    access.audit(session, now, by, "system_change.withdrawn", str(change.id), why=why)


async def locked(session: AsyncSession, change_id: uuid.UUID) -> SystemChange | None:
    """The change, held until the transaction ends, so that two who write at once follow each other."""
    found = select(SystemChange).where(SystemChange.id == change_id).with_for_update()
    return (await session.exec(found.execution_options(populate_existing=True))).one_or_none()


async def listed(session: AsyncSession, limit: int, before: uuid.UUID | None = None) -> Sequence[SystemChange]:
    """The changes, the latest first; what comes after the one that is `before` when given."""
    wanted = select(SystemChange)
    last = await session.get(SystemChange, before) if before is not None else None
    if last is not None:
        wanted = wanted.where(tuple_(col(SystemChange.at), col(SystemChange.id)) < (last.at, last.id))
    newest = (col(SystemChange.at).desc(), col(SystemChange.id).desc())
    return (await session.exec(wanted.order_by(*newest).limit(limit))).all()


async def tally(session: AsyncSession, change: SystemChange) -> Tally:
    """The figures of a change."""
    some = select(WorkItem.id).where(*_since(change)).limit(COUNTED + 1).subquery()
    done = (await session.exec(select(func.count()).select_from(some))).one()
    verdicts = select(ItemMark.verdict, func.count()).where(ItemMark.change_id == change.id)
    marks = dict((await session.exec(verdicts.group_by(col(ItemMark.verdict)))).all())
    drawn = (
        select(func.count(), func.count(col(ItemMark.item_id)))
        .select_from(ItemSample)
        .join(WorkItem, col(WorkItem.id) == col(ItemSample.item_id))
        .outerjoin(ItemMark, _marks(change))
        .where(ItemSample.change_id == change.id, *_since(change))
    )
    sampled, seen = (await session.exec(drawn)).one()
    return Tally(
        done=done,
        sampled=sampled,
        left=sampled - seen,
        right=marks.get(Verdict.RIGHT, 0),
        wrong=marks.get(Verdict.WRONG, 0),
    )


async def wrong_ones(session: AsyncSession, changes: Sequence[SystemChange]) -> dict[uuid.UUID, int]:
    """How many items are marked wrong, by change."""
    ids = [change.id for change in changes]
    found = select(ItemMark.change_id, func.count()).where(
        col(ItemMark.change_id).in_(ids), ItemMark.verdict == Verdict.WRONG
    )
    return dict((await session.exec(found.group_by(col(ItemMark.change_id)))).all())


async def items(
    session: AsyncSession,
    change: SystemChange,
    show: Show,
    *,
    after: uuid.UUID | None = None,
    limit: int = PAGE,
    unmarked: bool = False,
) -> list[DoneItem]:
    """The items that were done since, those right after the change first; what comes after the item `after`.

    `unmarked` narrows them to those that nobody has marked.
    """
    last = await session.get(WorkItem, after) if after is not None else None
    beyond: list[ColumnElement[bool]] = []
    if last is not None and last.ended_at is not None:
        beyond = [tuple_(col(WorkItem.ended_at), col(WorkItem.id)) > (last.ended_at, last.id)]
    if unmarked:
        beyond.append(col(ItemMark.item_id).is_(None))
    wanted = _shown(change, show).where(*beyond).order_by(col(WorkItem.ended_at), col(WorkItem.id)).limit(limit)
    return [_done(row) for row in (await session.exec(wanted)).all()]


async def one_item(session: AsyncSession, change: SystemChange, item_id: uuid.UUID) -> DoneItem | None:
    """One of them; also one that is marked or was drawn while the change was said to begin earlier."""
    found = (await session.exec(_looked_at(change).where(WorkItem.id == item_id, *_there(change)))).one_or_none()
    if found is None:
        return None
    row = _done(found)
    inside = change.at <= (row.item.ended_at or change.at) and change.operation in ("", row.item.operation)
    return row if inside or row.mark is not None or row.sampled else None


async def contents(session: AsyncSession, of: Sequence[WorkItem]) -> dict[uuid.UUID, dict[str, Any]]:
    """What was entered for each of these, as the operation's form says it."""
    newest = (
        select(WorkItem.id, WorkItemRevision.content)
        .join(WorkItemRevision, col(WorkItemRevision.item_id) == col(WorkItem.id))
        .where(col(WorkItem.id).in_([item.id for item in of]), WorkItemRevision.number == WorkItem.revision)
    )
    return {item_id: dict(content) for item_id, content in (await session.exec(newest)).all()}


async def draw(session: AsyncSession, change: SystemChange, count: int, key: str, by: str, now: datetime) -> int:
    """Draw so many further items at random, and keep which; the same key draws once. How many were drawn.

    The caller holds the change (`locked`), so that two who draw at once do not draw the same.
    """
    again = select(func.count()).where(ItemSample.change_id == change.id, ItemSample.key == key)
    drawn = (await session.exec(again)).one()
    if drawn:
        return drawn
    known = select(ItemSample.item_id).where(ItemSample.change_id == change.id)
    lot = (
        select(WorkItem.id).where(*_since(change), col(WorkItem.id).not_in(known)).order_by(func.random()).limit(count)
    )
    ids = list(await session.exec(lot))
    session.add_all(
        ItemSample(change_id=change.id, item_id=item_id, key=key, drawn_by=by, drawn_at=now) for item_id in ids
    )
    await session.flush()
    return len(ids)


async def mark(session: AsyncSession, wanted: ItemMark, seen: datetime | None) -> ItemMark | None:
    """Keep what somebody found; None when it was kept.

    Who saw another mark there than stands there now (`seen`: when it was made) gets that one, and nothing is changed.
    The caller holds the change (`locked`).
    """
    known = await session.get(ItemMark, (wanted.change_id, wanted.item_id), populate_existing=True)
    if known is None:
        session.add(wanted)
    elif known.at != seen:
        same = (known.verdict, known.why, known.by) == (wanted.verdict, wanted.why, wanted.by)
        return None if same else known
    else:
        was = {"verdict": known.verdict.value, "why": known.why, "by": known.by}
        access.audit(session, wanted.at, wanted.by, "item_mark.changed", str(wanted.item_id), was=was)
        known.sqlmodel_update({"verdict": wanted.verdict, "why": wanted.why, "by": wanted.by, "at": wanted.at})
        session.add(known)
    await session.flush()
    return None


async def unmark(session: AsyncSession, change: SystemChange, item_id: uuid.UUID, by: str, now: datetime) -> None:
    """Take a mark away; what it said stays in the audit."""
    known = await session.get(ItemMark, (change.id, item_id))
    if known is not None:
        was = {"verdict": known.verdict.value, "why": known.why, "by": known.by}
        access.audit(session, now, by, "item_mark.removed", str(item_id), was=was)
        await (await session.connection()).execute(
            delete(ItemMark).where(col(ItemMark.change_id) == change.id, col(ItemMark.item_id) == item_id)
        )


def _done(row: tuple[WorkItem, str | None, ItemMark | None, uuid.UUID | None]) -> DoneItem:
    item, number, found, drawn = row
    return DoneItem(item=item, case_number=number or "", mark=found, sampled=drawn is not None)


def _there(change: SystemChange) -> list[ColumnElement[bool]]:
    # Written out and not bound, or PostgreSQL could not see that the index of what is done has them all.
    return [
        literal_column("work_items.state = 'done'", Boolean),
        col(WorkItem.system) == change.system,
        col(WorkItem.environment) == change.environment,
    ]


def _since(change: SystemChange) -> list[ColumnElement[bool]]:
    named = [col(WorkItem.operation) == change.operation] if change.operation else []
    return [*_there(change), col(WorkItem.ended_at) >= change.at, *named]


def _marks(change: SystemChange) -> ColumnElement[bool]:
    return (col(ItemMark.item_id) == col(WorkItem.id)) & (col(ItemMark.change_id) == change.id)


def _looked_at(change: SystemChange) -> "Select[WorkItem, str, ItemMark, uuid.UUID]":
    drawn = (col(ItemSample.item_id) == col(WorkItem.id)) & (col(ItemSample.change_id) == change.id)
    return (
        select(WorkItem, Case.number, ItemMark, ItemSample.item_id)
        .outerjoin(Case, col(Case.id) == col(WorkItem.case_id))
        .outerjoin(ItemMark, _marks(change))
        .outerjoin(ItemSample, drawn)
    )


def _shown(change: SystemChange, show: Show) -> "Select[WorkItem, str, ItemMark, uuid.UUID]":
    """What is marked stays listed, even where the change is said to begin later now."""
    wanted = _looked_at(change)
    if show in (Show.RIGHT, Show.WRONG):
        return wanted.where(col(ItemMark.verdict) == Verdict(show.value))
    wanted = wanted.where(*_since(change))
    if show is Show.SAMPLE:
        return wanted.where(col(ItemSample.item_id).is_not(None))
    if show is Show.UNSEEN:
        return wanted.where(col(ItemMark.item_id).is_(None))
    return wanted
