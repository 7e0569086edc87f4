"""The failures of one group, a page at a time in their original order, each with its entry and its chain of tries."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, case, func, literal, tuple_, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from failure.kinds import Standing
from records.case import Case
from records.failure import Failure, FailureGroup
from records.failure_figures import Counted
from records.failure_queue import Due
from records.work_item import Attempt, WorkItem

PAGE = 25
COUNTED = 1_000
"""Where no kept figure says how many there are, counting stops here, and the page says *more than*."""
CUSTOMERS = 300
FIRST = 6
ALIKE = 3
"""So many parts of a signature must be the same for a group to be proposed for a merge."""


class Wanted(BaseModel):
    """Which of the group's failures; an empty filter is none. `held` is yes or no; `over`: those that have ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    standing: Standing | None = None
    held: str = Field("", pattern="^(yes|no)?$")
    journey: str = Field("", max_length=60)
    tier: str = Field("", max_length=40)
    due: Due | None = None
    over: bool = False
    after: str = Field("", max_length=120)

    @property
    def sifts(self) -> bool:
        """Whether it asks for some kinds of failures only."""
        return bool(self.standing or self.held or self.journey or self.tier)

    def leaves(self, kind: Counted) -> bool:
        """Whether failures of this kind are asked for."""
        same = (self.standing, kind.standing), (self.journey, kind.journey), (self.tier, kind.tier)
        held = not self.held or kind.held == (self.held == "yes")
        return held and all(not wanted or wanted == known for wanted, known in same)


@dataclass(frozen=True)
class Entry:
    """One failure with its entry; the tries are the newest first."""

    failure: Failure
    item: WorkItem
    case_number: str = ""
    tries: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """One page of entries; `next` is the next page's key."""

    entries: list[Entry]
    next: str


@dataclass(frozen=True)
class Hit:
    """A customer whose promise falls due first."""

    due_at: datetime
    customer_no: str
    tier: str
    journey: str
    case_number: str


async def page(
    session: AsyncSession, group_id: uuid.UUID, wanted: Wanted, counts: Sequence[Counted], now: datetime
) -> Page:
    """The page that is asked for: in original order; by due time where that is a filter; the last ended first.

    `counts` are the group's: of what it holds, each kind that the filters leave is a walk of its own in an index.
    """
    order, downwards = _order(wanted)
    if wanted.sifts and not wanted.over and wanted.due is None:
        return await _walked(session, group_id, wanted, [one for one in counts if wanted.leaves(one)])
    asked = _whole().where(Failure.group_id == group_id, *conditions(wanted, now))
    if (last := _key(wanted.after)) is not None:
        here, end = tuple_(order, col(Failure.id)), tuple_(literal(last[0]), literal(last[1]))
        asked = asked.where(here < end if downwards else here > end)
    by = (order.desc(), col(Failure.id).desc()) if downwards else (order, col(Failure.id))
    found = list(await session.exec(asked.order_by(*by).limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    end_at = getattr(found[-1][0], order.key) if more else None
    return Page(await _entries(session, found), f"{end_at.isoformat()}~{found[-1][0].id}" if end_at else "")


async def counted(session: AsyncSession, group_id: uuid.UUID, wanted: Wanted, now: datetime) -> int:
    """How many the filters leave, up to one more than COUNTED."""
    some = select(literal(1)).where(Failure.group_id == group_id, *conditions(wanted, now)).limit(COUNTED + 1)
    return (await session.exec(select(func.count()).select_from(some.subquery()))).one()


async def customers(session: AsyncSession, group_id: uuid.UUID) -> tuple[int, bool]:
    """How many customers are hit, and whether there are more: only so many failures are read for it."""
    open_ = Failure.group_id == group_id, col(Failure.ended_at).is_(None)
    some = select(Failure.customer_no).where(*open_).limit(CUSTOMERS).subquery()
    named = func.count(some.c.customer_no.distinct()).filter(some.c.customer_no != "")
    known, rows = (await session.exec(select(named, func.count()).select_from(some))).one()
    return known, rows == CUSTOMERS


async def first_due(session: AsyncSession, group_id: uuid.UUID) -> list[Hit]:
    """Whose promises fall due first."""
    asked = (
        select(Failure, Case.number)
        .outerjoin(Case, col(Case.id) == col(Failure.case_id))
        .where(Failure.group_id == group_id, col(Failure.ended_at).is_(None), col(Failure.due_at).is_not(None))
        .order_by(col(Failure.due_at))
        .limit(FIRST)
    )
    return [
        Hit(one.due_at, one.customer_no, one.tier, one.journey, number or "")
        for one, number in await session.exec(asked)
        if one.due_at is not None
    ]


def newest_tries(group_id: uuid.UUID) -> sqlalchemy.Select[Any]:
    """The tries by which the latest entries of the group failed, of those that still stand in it."""
    return (
        sqlalchemy.select(col(Failure.attempt_id))
        .where(col(Failure.group_id) == group_id, col(Failure.ended_at).is_(None))
        .order_by(col(Failure.place).desc())
        .limit(PAGE)
    )


def last_tries(group_id: uuid.UUID) -> sqlalchemy.Select[Any]:
    """The same of those that were over last: what was seen stays to be seen once the group is empty."""
    return (
        sqlalchemy.select(col(Failure.attempt_id))
        .where(col(Failure.group_id) == group_id, col(Failure.ended_at).is_not(None))
        .order_by(col(Failure.ended_at).desc())
        .limit(PAGE)
    )


async def alike(session: AsyncSession, group: FailureGroup) -> list[tuple[FailureGroup, int]]:
    """Groups of the same system that may be the same cause, by how many parts they have in common."""
    parts = ("operation", "screen", "step", "code", "message")
    same: ColumnElement[int] = literal(0)
    for name in parts:
        if value := getattr(group, name):
            same += case((col(getattr(FailureGroup, name)) == value, 1), else_=0)
    asked = (
        select(FailureGroup, same)
        .where(FailureGroup.system == group.system, FailureGroup.environment == group.environment)
        .where(FailureGroup.id != group.id, col(FailureGroup.merged_into).is_(None), same >= ALIKE)
        .order_by(same.desc(), col(FailureGroup.open).desc(), col(FailureGroup.id))
        .limit(FIRST)
    )
    return [(one, n) for one, n in await session.exec(asked)]


def conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    """What the rows must be like."""
    ended = col(Failure.ended_at)
    found: list[ColumnElement[bool]] = [ended.is_not(None) if wanted.over else ended.is_(None)]
    same = {"standing": wanted.standing, "journey": wanted.journey, "tier": wanted.tier}
    found += [col(getattr(Failure, name)) == value for name, value in same.items() if value]
    if wanted.held:
        found.append(col(Failure.held).is_(wanted.held == "yes"))
    if wanted.due is not None:
        found.append(col(Failure.due_at) < wanted.due.before(now))
    return found


async def _walked(session: AsyncSession, group_id: uuid.UUID, wanted: Wanted, kinds: Sequence[Counted]) -> Page:
    """The first of each kind, in original order: a filter that leaves few of many then reads no more than those."""
    if not kinds:
        return Page([], "")
    last, order = _key(wanted.after), (col(Failure.place), col(Failure.id))
    walks = []
    for kind in kinds:
        one = select(Failure.id, Failure.place).where(
            Failure.group_id == group_id,
            Failure.journey == kind.journey,
            Failure.tier == kind.tier,
            Failure.standing == kind.standing,
            col(Failure.held).is_(kind.held),
            col(Failure.ended_at).is_(None),
        )
        if last is not None:
            one = one.where(tuple_(*order) > tuple_(literal(last[0]), literal(last[1])))
        walks.append(sqlalchemy.select(one.order_by(*order).limit(PAGE + 1).subquery()))
    near = union_all(*walks).subquery()
    first = sqlalchemy.select(near.c.id).order_by(near.c.place, near.c.id).limit(PAGE + 1)
    found = list(await session.exec(_whole().where(col(Failure.id).in_(first)).order_by(*order)))
    more, found = len(found) > PAGE, found[:PAGE]
    end = found[-1][0] if more else None
    return Page(await _entries(session, found), f"{end.place.isoformat()}~{end.id}" if end else "")


def _whole() -> Select[Failure, WorkItem, str]:
    """A failure with its entry, and the number of its case where it has one."""
    whole = select(Failure, WorkItem, Case.number).join(WorkItem, col(WorkItem.id) == col(Failure.item_id))
    return whole.outerjoin(Case, col(Case.id) == col(Failure.case_id))


def _order(wanted: Wanted) -> tuple[Any, bool]:
    if wanted.over:
        return col(Failure.ended_at), True
    return (col(Failure.due_at), False) if wanted.due is not None else (col(Failure.place), False)


def _key(after: str) -> tuple[datetime, uuid.UUID] | None:
    """Where the page before ended; what is no key is taken for the first page."""
    at, _, failure = after.partition("~")
    try:
        return datetime.fromisoformat(at), uuid.UUID(failure)
    except ValueError:
        return None


async def _entries(session: AsyncSession, found: Sequence[tuple[Failure, WorkItem, str | None]]) -> list[Entry]:
    tries: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
    of_these = col(Attempt.item_id).in_([item.id for _, item, _ in found])
    for attempt in await session.exec(select(Attempt).where(of_these).order_by(col(Attempt.started_at).desc())):
        tries[attempt.item_id].append(attempt)
    return [Entry(one, item, number or "", tries[item.id]) for one, item, number in found]
