"""What groups of failures come to, read from figures that are kept: nothing here counts a failure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, ScalarSelect, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from failure.kinds import Standing
from records.failure import Failure, FailureGroup

NEXT_LOOK: ScalarSelect[datetime | None] = (
    select(Failure.next_look_at)
    .where(Failure.group_id == FailureGroup.id)
    .where(col(Failure.ended_at).is_(None), col(Failure.next_look_at).is_not(None))
    .order_by(col(Failure.next_look_at))
    .limit(1)
    .correlate(FailureGroup)
    .scalar_subquery()
)
"""When the first entry in doubt of a group is looked at next: one step into an index, beside whatever reads groups."""


@dataclass(frozen=True)
class Counted:
    """So many open failures of a group are of one kind."""

    journey: str
    tier: str
    standing: Standing
    held: bool
    n: int


async def counts(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Counted]]:
    """What is open in these groups, by journey, tier and standing."""
    found: dict[uuid.UUID, list[Counted]] = {one: [] for one in ids}
    asked = "SELECT group_id, journey, tier, standing, held, n FROM failure_counts WHERE group_id = ANY(:ids) AND n > 0"
    for group, journey, tier, standing, held, n in await _read(session, asked, ids=list(ids)):
        found[group].append(Counted(journey, tier, Standing(standing), held, n))
    return found


async def hours(
    session: AsyncSession, ids: Sequence[uuid.UUID], since: datetime
) -> dict[uuid.UUID, dict[datetime, int]]:
    """How often these groups' failures happened in each hour since then."""
    found: dict[uuid.UUID, dict[datetime, int]] = {one: {} for one in ids}
    asked = "SELECT group_id, hour, n FROM failure_hours WHERE group_id = ANY(:ids) AND hour >= :since"
    for group, hour, n in await _read(session, asked, ids=list(ids), since=since):
        found[group][hour] = n
    return found


async def next_look(session: AsyncSession, group_id: uuid.UUID) -> datetime | None:
    """When the first entry in doubt of this group is looked at next, where that is known."""
    return (await session.exec(select(NEXT_LOOK).select_from(FailureGroup).where(FailureGroup.id == group_id))).one()


async def _read(session: AsyncSession, asked: str, **values: Any) -> Sequence[Row[Any]]:
    """Plain rows: there are a thousand of them on a page, and none is written back."""
    return (await (await session.connection()).execute(text(asked), values)).all()
