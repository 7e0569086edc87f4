"""A group of failures is put aside until a time, or until so many of it are open: nobody is told of it meanwhile."""

import uuid
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from records import failure_groups
from records.failure import FailureGroup


async def snooze(
    session: AsyncSession, group_id: uuid.UUID, until: datetime | None, count: int | None, by: str, now: datetime
) -> FailureGroup:
    """Put it aside until then or until it counts so many, whichever comes first; with neither it is awake again."""
    known = await session.get_one(FailureGroup, group_id)
    await failure_groups.take_turn(session, known.system, known.environment)
    group = await failure_groups.root(session, group_id)
    group.snoozed_until, group.snoozed_count = until, count
    session.add(group)
    what = "group.snoozed" if until or count else "group.woken"
    said: dict[str, Any] = {"until": until.isoformat() if until else None, "count": count}
    await failure_groups.act(session, group.id, by, now, what, **{name: one for name, one in said.items() if one})
    return group


def asleep(group: FailureGroup, now: datetime) -> bool:
    """Whether it is put aside now."""
    until, count = group.snoozed_until, group.snoozed_count
    if until is None and count is None:
        return False
    return (until is None or now < until) and (count is None or group.open < count)
