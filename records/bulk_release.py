"""What a bulk retry means for its group of failures: it is retried while it runs, and its hold ends with it."""

import uuid
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from failure.states import Review, may_move
from records import failure_groups
from records.bulk_action import BulkAction, BulkState

RETRY = "retry"


async def begun(session: AsyncSession, action: BulkAction, now: datetime) -> None:
    """Its group is being retried."""
    if action.kind == RETRY and action.group_id is not None:
        await _review(session, action.group_id, Review.RETRYING, action.asked_by, now)


async def ended(session: AsyncSession, action: BulkAction, now: datetime) -> None:
    """Everything was sent, or the rest was cancelled: what is still open of the group waits for somebody again."""
    if action.kind != RETRY or action.group_id is None:
        return
    group = await failure_groups.root(session, action.group_id)
    if group.review is Review.RETRYING and group.open:
        await _review(session, action.group_id, Review.ACKNOWLEDGED, "baton", now)
    if action.state is BulkState.DONE:
        await end_holds(session, action.group_id, action.asked_by, now)


async def end_holds(session: AsyncSession, group_id: uuid.UUID, by: str, now: datetime) -> None:
    """The rest of the group went through, so nothing more is held behind it."""


async def _review(session: AsyncSession, group_id: uuid.UUID, to: Review, by: str, now: datetime) -> None:
    group = await failure_groups.root(session, group_id)
    if may_move(group.review, to):
        await failure_groups.review(session, group_id, to, by, now)
