"""What a bulk retry means for its group of failures: it is retried while it runs, and its hold ends with it."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from failure.states import Review, may_move
from records import failure_groups, failure_waits, operation_holds
from records.bulk_action import BulkAction, BulkState
from records.failure_fix import RETRY

RELEASED = "All that stood behind it were sent again, and went through."
PROVEN = "The first that was sent again went through; the rest was cancelled."


async def begun(session: AsyncSession, action: BulkAction, now: datetime) -> None:
    """Its group is being retried."""
    if action.kind == RETRY and action.group_id is not None:
        group = await failure_groups.root(session, action.group_id)
        if may_move(group.review, Review.RETRYING):
            await failure_groups.review(session, group.id, Review.RETRYING, action.asked_by, now)


async def ended(session: AsyncSession, action: BulkAction, now: datetime, *, proven: bool) -> None:
    """Everything was sent, or the rest was cancelled: what is still open of the group waits again.

    `proven`: the last ones went through, so nothing more is held behind the group, also when the rest was cancelled.
    """
    if action.kind != RETRY or action.group_id is None:
        return
    if proven:  # before the turn of the failures is taken, as with every hold
        why = RELEASED if action.state is BulkState.DONE else PROVEN
        for hold in await operation_holds.of_group(session, action.group_id):
            await operation_holds.end(session, hold.id, action.asked_by, now, why)
    group = await failure_groups.root(session, action.group_id)
    await failure_waits.after_retry(session, group, action.id, now)
