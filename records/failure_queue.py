"""The failure queue as a list: groups by filter and sort, pages by key, figures from kept counts alone.

No query here counts failures: what a million of them come to stands in `failure_counts` and `failure_hours`, a first
promise is the first row of an index, and groups are few thousand.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, case, cast, func, literal, or_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from failure.kinds import FailureClass
from failure.signature import LOOKING
from failure.states import OVER, Review
from records import failure_figures
from records.case import Case
from records.failure import Failure, FailureCount, FailureGroup
from records.failure_figures import Counted
from records.work_item import WorkItem

PAGE = 25
SOON = timedelta(hours=4)
"""A promise that falls due within this makes a group hurt twice as much; one that is missed, four times."""
NOBODY = "nobody"
_LOOKS_FIRST = 10**12
_NEVER = 2**53
_HOURS = timedelta(hours=24)
"""What the small chart beside each group covers."""


class Show(StrEnum):
    """Which groups: those with open failures, those put to sleep, those that are over, or all."""

    OPEN = "open"
    SNOOZED = "snoozed"
    OVER = "over"
    ALL = "all"


class Sort(StrEnum):
    """What comes first."""

    HURTING = "hurting"
    DUE = "due"
    MOST = "most"
    LATEST = "latest"
    OLDEST = "oldest"


class Due(StrEnum):
    """The first promise falls due by then."""

    MISSED = "0"
    HOUR = "1"
    FOUR = "4"
    DAY = "24"
    THREE_DAYS = "72"

    def before(self, now: datetime) -> datetime:
        """Until when it counts."""
        return now + timedelta(hours=int(self.value))


class Wanted(BaseModel):
    """What is asked for; an empty filter is none. `owner` is an address, or *nobody*. `as_of`: when page one was."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    q: str = Field("", max_length=200)
    show: Show = Show.OPEN
    system: str = Field("", max_length=60)
    journey: str = Field("", max_length=60)
    tier: str = Field("", max_length=40)
    kind: FailureClass | None = None
    review: Review | None = None
    owner: str = Field("", max_length=200)
    due: Due | None = None
    sort: Sort = Sort.HURTING
    after: str = Field("", max_length=160)


@dataclass(frozen=True)
class Row:
    """A group in the list with its figures."""

    group: FailureGroup
    next_look: datetime | None = None
    counts: list[Counted] = field(default_factory=list)
    hours: dict[datetime, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page of groups; `groups` and `failures` count all that the filters leave, `next` is the next page's key."""

    rows: list[Row]
    groups: int
    failures: int
    next: str


async def find(session: AsyncSession, wanted: Wanted, now: datetime, *, size: int = PAGE) -> Page:
    """The page that is asked for. All pages of one list reckon by the time of its first."""
    as_of, value, last = _key(wanted.after, now)
    found = (await session.exec(_asked(wanted, now, as_of, value, last, size))).all()
    _, _, _, groups, failures = found[0]
    shown = [(group, place, look) for group, place, look, _, _ in found if group is not None]
    more, shown = len(shown) > size, shown[:size]
    return Page(
        rows=await _rows(session, [(group, look) for group, _, look in shown], now),
        groups=groups,
        failures=failures,
        next=f"{int(as_of.timestamp())}~{shown[-1][1]}~{shown[-1][0].id}" if more else "",
    )


def _asked(wanted: Wanted, now: datetime, as_of: datetime, value: int, last: uuid.UUID | None, size: int) -> Any:
    """Groups of one page, beside what all that the filters leave come to: these are sifted once for both."""
    place, downwards = _place(wanted.sort, as_of)
    matched = select(FailureGroup.id, FailureGroup.open, place.label("place")).where(*_conditions(wanted, now)).cte()
    totals = select(func.count().label("groups"), func.coalesce(func.sum(matched.c.open), 0).label("failures"))
    total = totals.select_from(matched).subquery()
    near = select(matched.c.id, matched.c.place)
    if last is not None:
        here, end = tuple_(matched.c.place, matched.c.id), tuple_(literal(value), literal(last))
        near = near.where(here < end if downwards else here > end)
    page = near.order_by(*_order(matched, downwards)).limit(size + 1).subquery()
    return (
        sqlalchemy.select(FailureGroup, page.c.place, failure_figures.NEXT_LOOK, total.c.groups, total.c.failures)
        .select_from(total)
        .outerjoin(page, sqlalchemy.true())
        .outerjoin(FailureGroup, col(FailureGroup.id) == page.c.id)
        .order_by(*_order(page, downwards))
    )


def _order(found: FromClause, downwards: bool) -> list[ColumnElement[Any]]:
    return [found.c.place.desc(), found.c.id.desc()] if downwards else [found.c.place, found.c.id]


def asleep(now: datetime) -> ColumnElement[bool]:
    """Whether a group is snoozed: until a time, or until it counts so many, whichever comes first."""
    until, count = col(FailureGroup.snoozed_until), col(FailureGroup.snoozed_count)
    return and_(
        or_(until.is_not(None), count.is_not(None)),
        or_(until.is_(None), until > now),
        or_(count.is_(None), col(FailureGroup.open) < count),
    )


OPEN = (col(FailureGroup.open) > 0, col(FailureGroup.merged_into).is_(None))
"""What a group is like that is to be reviewed."""


def _place(sort: Sort, now: datetime) -> tuple[ColumnElement[int], bool]:
    """Where a group stands in the list, as one number, and whether the greatest comes first."""
    due = col(FailureGroup.first_due)
    if sort is Sort.DUE:
        return func.coalesce(_number(due), literal(_NEVER)), False
    if sort is Sort.MOST:
        return cast(col(FailureGroup.open), BigInteger), True
    if sort is Sort.LATEST:
        return _number(col(FailureGroup.last_seen)), True
    if sort is Sort.OLDEST:
        return _number(col(FailureGroup.first_seen)), False
    times = case((due < now, 4), (due < now + SOON, 2), else_=1)
    looks = case((col(FailureGroup.step).in_(sorted(LOOKING)), _LOOKS_FIRST), else_=0)
    return cast(looks + times * col(FailureGroup.points), BigInteger), True


def _number(moment: Any) -> ColumnElement[int]:
    return cast(func.extract("epoch", moment) * 1_000_000, BigInteger)


def _conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [*_shown(wanted.show, now), *_equal(wanted)]
    for name in ("journey", "tier"):
        if value := getattr(wanted, name):
            here = FailureCount.group_id == FailureGroup.id, col(getattr(FailureCount, name)) == value
            conditions.append(select(FailureCount.n).where(*here, col(FailureCount.n) > 0).exists())
    if wanted.due is not None:
        conditions.append(col(FailureGroup.first_due) < wanted.due.before(now))
    if said := wanted.q.strip():
        conditions.append(_matches(said))
    return conditions


def _shown(show: Show, now: datetime) -> list[ColumnElement[bool]]:
    merged = col(FailureGroup.merged_into).is_(None)
    if show is Show.OPEN:
        return [*OPEN, ~asleep(now)]
    if show is Show.SNOOZED:
        return [*OPEN, asleep(now)]
    return [merged, col(FailureGroup.review).in_(sorted(OVER))] if show is Show.OVER else [merged]


def _equal(wanted: Wanted) -> list[ColumnElement[bool]]:
    same = {"system": wanted.system, "failure_class": wanted.kind, "review": wanted.review, "owner": wanted.owner}
    return [
        col(getattr(FailureGroup, name)) == ("" if (name, value) == ("owner", NOBODY) else value)
        for name, value in same.items()
        if value
    ]


def _matches(said: str) -> ColumnElement[bool]:
    """By a word of what happened, or by the number of a case or entry that is one of its failures."""
    spoken = func.concat_ws(
        " ",
        *(col(getattr(FailureGroup, name)) for name in ("system", "operation", "screen", "step", "message", "ticket")),
        func.replace(col(FailureGroup.code), "_", " "),
    )
    words = [spoken.icontains(word, autoescape=True) for word in said.replace("_", " ").split()]
    of_item = select(Failure.group_id).join(WorkItem, col(WorkItem.id) == col(Failure.item_id))
    of_case = select(Failure.group_id).join(Case, col(Case.id) == col(Failure.case_id))
    return or_(
        and_(*words),
        col(FailureGroup.id).in_(of_item.where(WorkItem.reference == said.upper())),
        col(FailureGroup.id).in_(of_case.where(Case.number == said.upper())),
    )


def _key(after: str, now: datetime) -> tuple[datetime, int, uuid.UUID | None]:
    """As of when, the place and the group that a page ends with; what is no key is taken for the first page."""
    as_of, _, rest = after.partition("~")
    value, _, group = rest.partition("~")
    try:
        return datetime.fromtimestamp(int(as_of), UTC), int(value), uuid.UUID(group)
    except (ValueError, OverflowError, OSError):
        return now, 0, None


async def _rows(
    session: AsyncSession, found: Sequence[tuple[FailureGroup, datetime | None]], now: datetime
) -> list[Row]:
    ids = [group.id for group, _ in found]
    counts = await failure_figures.counts(session, ids)
    hours = await failure_figures.hours(session, ids, now - _HOURS)
    return [Row(group, look, counts[group.id], hours[group.id]) for group, look in found]
