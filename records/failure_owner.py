"""Who looks after one failure."""

import uuid
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from records import failure_groups
from records.failure import Failure


async def assign(session: AsyncSession, failure_id: uuid.UUID, to: str, by: str, now: datetime) -> tuple[bool, str]:
    """Give an open failure to somebody; whether it was given, and a sentence about it."""
    failure = await session.get_one(Failure, failure_id, with_for_update=True)
    if failure.ended_at is not None:
        return False, "It is not open any more; nothing was changed."
    if failure.owner == to:
        return True, f"{to} had it already."
    was, failure.owner, failure.changed_at = failure.owner, to, now
    await failure_groups.act(
        session, failure.group_id, by, now, "failure.assigned", failure_id=failure_id, to=to, was=was
    )
    return True, f"{to} looks after it."
