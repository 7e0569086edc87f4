"""What people do to a group of failures: look after it, acknowledge it, speak of it, merge it; its history keeps it.

Whoever acts shows the mark of the page that they saw. On another mark nothing is changed: Stale carries what stands.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from failure.states import Review
from records import failure_groups, failure_merges
from records.failure import FailureAct, FailureMerge
from records.failure_mark import turn

SHOWN = 60
"""Lines of a history that are read."""


@dataclass(frozen=True)
class Deed:
    """Who does it when, and the mark of the page that they saw."""

    seen: str
    by: str
    now: datetime


async def own(session: AsyncSession, group_id: uuid.UUID, deed: Deed, to: str) -> None:
    """Somebody looks after it, or with an empty address nobody does."""
    group = await turn(session, group_id, deed.seen)
    if group.owner != to:
        was, group.owner = group.owner, to
        session.add(group)
        what = "group.owned" if to else "group.left"
        await failure_groups.act(session, group.id, deed.by, deed.now, what, to=to, was=was)


async def acknowledge(session: AsyncSession, group_id: uuid.UUID, deed: Deed) -> None:
    """Somebody has read it. CannotMove when its review allows that no more."""
    group = await turn(session, group_id, deed.seen)
    await failure_groups.move(session, group, Review.ACKNOWLEDGED, deed.by, deed.now)


async def ticket(session: AsyncSession, group_id: uuid.UUID, deed: Deed, number: str) -> None:
    """Where IT works on it; empty takes the reference away."""
    group = await turn(session, group_id, deed.seen)
    if group.ticket != number:
        was, group.ticket = group.ticket, number
        session.add(group)
        what = "group.ticketed" if number else "group.unticketed"
        await failure_groups.act(session, group.id, deed.by, deed.now, what, ticket=number, was=was)


async def comment(session: AsyncSession, group_id: uuid.UUID, key: str, text: str, by: str, now: datetime) -> None:
    """A word for whoever reads the group; the same form twice is one. It can never be stale."""
    group = await failure_groups.root(session, group_id)
    await failure_groups.take_turn(session, group.system, group.environment)
    said = select(FailureAct.id).where(
        FailureAct.group_id == group.id, FailureAct.by == by, col(FailureAct.data)["key"].astext == key
    )
    if (await session.exec(said)).first() is None:
        await failure_groups.act(session, group.id, by, now, "group.commented", text=text, key=key)


async def merge(session: AsyncSession, group_id: uuid.UUID, deed: Deed, other: uuid.UUID, why: str) -> FailureMerge:
    """The other's failures are this group's from now on. CannotMerge with a sentence when that cannot be."""
    await turn(session, group_id, deed.seen)
    return await failure_merges.merge(session, other, group_id, deed.by, why, deed.now)


async def history(session: AsyncSession, group_id: uuid.UUID) -> list[FailureAct]:
    """Who did what to it, the latest first."""
    asked = select(FailureAct).where(FailureAct.group_id == group_id)
    return list(await session.exec(asked.order_by(col(FailureAct.at).desc()).limit(SHOWN)))
