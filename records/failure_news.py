"""What happened in the failure queue since somebody was here: new, growing, regressed, cured alone, done by others."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from failure.states import Review
from records.failure import FailureAct, FailureGroup, FailureHour

SHOWN = 5
"""Of each kind so many are named; how many more there are is said."""
LONGEST = timedelta(hours=48)
"""Growth is told against as long a time before, and at most against this."""
FEWEST = 5
"""What happened fewer times since does not count as growing."""
BATON = "baton"


@dataclass(frozen=True)
class Grown:
    """A group that failed more often since than in as long a time before."""

    group: FailureGroup
    now: int
    before: int


@dataclass(frozen=True)
class Done:
    """Something that somebody else did to a group."""

    group: FailureGroup
    act: FailureAct


@dataclass(frozen=True)
class Told:
    """So many of them, the first few by name."""

    count: int = 0
    groups: list[FailureGroup] = field(default_factory=list)


@dataclass(frozen=True)
class News:
    """Everything since then."""

    since: datetime
    new: Told
    regressed: Told
    cured: Told
    growing: list[Grown]
    done: list[Done]

    @property
    def quiet(self) -> bool:
        """Whether nothing happened."""
        return not (self.new.count or self.regressed.count or self.cured.count or self.growing or self.done)


async def since(session: AsyncSession, then: datetime, email: str, now: datetime) -> News:
    """What happened since then, for the person with this address."""
    here = col(FailureGroup.merged_into).is_(None)
    alone = select(FailureAct.group_id).where(
        col(FailureAct.at) > then, FailureAct.by == BATON, FailureAct.what == f"group.{Review.VERIFIED}"
    )
    return News(
        since=then,
        new=await _told(session, here, col(FailureGroup.first_seen) > then, col(FailureGroup.open) > 0),
        regressed=await _told(session, here, col(FailureGroup.regressed_at) > then, col(FailureGroup.open) > 0),
        cured=await _told(session, col(FailureGroup.review) == Review.VERIFIED, col(FailureGroup.id).in_(alone)),
        growing=await _growing(session, then, now),
        done=await _done(session, then, email),
    )


async def _told(session: AsyncSession, *conditions: ColumnElement[bool]) -> Told:
    asked = select(FailureGroup, func.count().over()).where(*conditions)
    found = list(await session.exec(asked.order_by(col(FailureGroup.open).desc(), col(FailureGroup.id)).limit(SHOWN)))
    return Told(found[0][1], [group for group, _ in found]) if found else Told()


async def _growing(session: AsyncSession, then: datetime, now: datetime) -> list[Grown]:
    """Groups that were there before, by how much they grew; hours are whole, so the first one counts in full."""
    begins = max(then, now - LONGEST).replace(minute=0, second=0, microsecond=0)
    before = begins - (now - begins)
    later, earlier = (
        func.coalesce(func.sum(FailureHour.n).filter(at), 0)
        for at in (col(FailureHour.hour) >= begins, col(FailureHour.hour) < begins)
    )
    sums = (
        select(col(FailureHour.group_id), later.label("later"), earlier.label("earlier"))
        .where(col(FailureHour.hour) >= before)
        .group_by(col(FailureHour.group_id))
        .having(later >= FEWEST, later > earlier)
        .subquery()
    )
    asked = (
        select(FailureGroup, sums.c.later, sums.c.earlier)
        .join(sums, sums.c.group_id == col(FailureGroup.id))
        .where(col(FailureGroup.merged_into).is_(None), col(FailureGroup.open) > 0)
        .where(col(FailureGroup.first_seen) <= then)
        .order_by((sums.c.later - sums.c.earlier).desc(), col(FailureGroup.id))
        .limit(SHOWN)
    )
    return [Grown(group, later, earlier) for group, later, earlier in await session.exec(asked)]


async def _done(session: AsyncSession, then: datetime, email: str) -> list[Done]:
    asked = (
        select(FailureAct)
        .where(col(FailureAct.at) > then, col(FailureAct.by).not_in([BATON, email]))
        .where(col(FailureAct.failure_id).is_(None))
        .order_by(col(FailureAct.at).desc())
        .limit(SHOWN)
    )
    acts = list(await session.exec(asked))
    groups = await _groups(session, {act.group_id for act in acts})
    return [Done(groups[act.group_id], act) for act in acts]


async def _groups(session: AsyncSession, ids: set[uuid.UUID]) -> dict[uuid.UUID, FailureGroup]:
    found = await session.exec(select(FailureGroup).where(col(FailureGroup.id).in_(ids)))
    return {group.id: group for group in found}


async def later(session: AsyncSession, than: datetime) -> tuple[int, int]:
    """How many groups are new since then, and how many others failed again."""
    new = func.count().filter(col(FailureGroup.first_seen) > than)
    asked = select(new, func.count() - new).where(
        col(FailureGroup.last_seen) > than, col(FailureGroup.merged_into).is_(None)
    )
    fresh, again = (await session.exec(asked)).one()
    return fresh, again
