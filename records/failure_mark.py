"""The mark of a group of failures as a page showed it: whoever acts on another one changes nothing."""

import hashlib
import json
import uuid

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import failure_groups
from records.failure import FailureAct, FailureGroup


class Stale(Exception):
    """Somebody was quicker. `last` is what was done to the group last; nothing was changed."""

    def __init__(self, last: FailureAct | None) -> None:
        super().__init__(last.what if last else "")
        self.last = last


def mark(group: FailureGroup) -> str:
    """What changes when somebody does something to the group: a page that carries another one is stale."""
    stands = (group.review.value, group.review_at.isoformat(), group.owner, group.ticket, str(group.merged_into))
    return hashlib.sha256(json.dumps(stands).encode()).hexdigest()[:16]


async def turn(session: AsyncSession, group_id: uuid.UUID, seen: str) -> FailureGroup:
    """The group, nobody else's for this transaction. Stale when it is not as that page showed it any more."""
    group = await session.get_one(FailureGroup, group_id)
    await failure_groups.take_turn(session, group.system, group.environment)
    await session.refresh(group)
    if mark(group) != seen:
        latest = select(FailureAct).where(FailureAct.group_id == group_id).order_by(col(FailureAct.at).desc())
        last = (await session.exec(latest.limit(1))).first()
        if last is not None:
            session.expunge(last)  # the transaction ends with Stale, and what belongs to it could not be read any more
        raise Stale(last)
    return group
