"""What a bulk retry means for its group of failures: it is retried while it runs, and its hold ends with it."""

import uuid
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from failure.states import Review, may_move
from records import failure_groups, operation_holds
from records.bulk_action import BulkAction, BulkState

RETRY = "retry"
RELEASED = "All that stood behind it were sent again, and went through."


async def begun(session: AsyncSession, action: BulkAction, now: datetime) -> None:
    """Its group is being retried."""
    if action.kind == RETRY and action.group_id is not None:
        await _review(session, action.group_id, Review.RETRYING, action.asked_by, now)


async def ended(session: AsyncSession, action: BulkAction, now: datetime, *, proven: bool) -> None:
    """Everything was sent, or the rest was cancelled: what is still open of the group waits for somebody again.

    `proven`: the last ones went through, so nothing more is held behind the group.
    """
    if action.kind != RETRY or action.group_id is None:
        return
    if action.state is BulkState.DONE and proven:  # before the turn of the failures is taken, as with every hold
        for hold in await operation_holds.of_group(session, action.group_id):
            await operation_holds.end(session, hold.id, action.asked_by, now, RELEASED)
    group = await failure_groups.root(session, action.group_id)
    if group.review is Review.RETRYING and group.open:
        await _review(session, action.group_id, Review.ACKNOWLEDGED, "baton", now)


async def _review(session: AsyncSession, group_id: uuid.UUID, to: Review, by: str, now: datetime) -> None:
    group = await failure_groups.root(session, group_id)
    if may_move(group.review, to):
        await failure_groups.review(session, group_id, to, by, now)
