"""A wait for a fix outlives what happens to its group meanwhile: a merge, a retry that did not help."""

import uuid
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from failure.states import Review
from records import failure_fix, failure_groups
from records.bulk_action import BulkAction
from records.failure import FailureAct, FailureGroup
from records.failure_fix import Fix

_FREE = frozenset({Review.NEW, Review.ACKNOWLEDGED, Review.REGRESSED})
_WAITS = frozenset({Review.WAITING_FOR_FIX, Review.FIX_DEPLOYED})


async def taken_over(session: AsyncSession, group: FailureGroup, into: FailureGroup, by: str, now: datetime) -> None:
    """The group was merged: what it is merged into waits for its fix from now on, unless it has a way of its own.

    A fix that was there already and has released nothing yet is found anew there.
    """
    fix = failure_fix.fix_of(group)
    if fix is None or group.review not in _WAITS or into.review not in _FREE or not into.open:
        return
    failed = await failure_fix.failed_versions(session, into.id) if fix.route else ()
    every = fix.model_copy(update={"failed": tuple(sorted({*fix.failed, *failed}))})
    into.waits_for, into.releases_itself = every.model_dump(mode="json"), group.releases_itself
    await failure_groups.move(session, into, Review.WAITING_FOR_FIX, by, now)


async def given_back(session: AsyncSession, group: FailureGroup, into: FailureGroup, by: str, now: datetime) -> None:
    """The merge was taken back: a wait that came with it goes with it."""
    own, taken = failure_fix.fix_of(group), failure_fix.fix_of(into)
    if into.review is not Review.WAITING_FOR_FIX or not _same(own, taken):
        return
    into.waits_for, into.releases_itself = None, False
    await failure_groups.move(session, into, Review.ACKNOWLEDGED, by, now)


async def after_retry(session: AsyncSession, group: FailureGroup, action_id: uuid.UUID, now: datetime) -> None:
    """A retry has ended and something of the group is open still: unless another one runs, it stands as before.

    It waits for its fix again, or for somebody.
    """
    if group.review is not Review.RETRYING or not group.open or await _another(session, group, action_id):
        return
    waited = group.waits_for is not None and await _was(session, group) == Review.WAITING_FOR_FIX.value
    await failure_groups.review(
        session, group.id, Review.WAITING_FOR_FIX if waited else Review.ACKNOWLEDGED, "baton", now
    )


async def _another(session: AsyncSession, group: FailureGroup, action_id: uuid.UUID) -> bool:
    """Whether another retry of the group has begun and not ended."""
    merged = select(FailureGroup.id).where(FailureGroup.merged_into == group.id)
    others = select(BulkAction.id).where(
        BulkAction.kind == failure_fix.RETRY,
        BulkAction.id != action_id,
        (col(BulkAction.group_id) == group.id) | col(BulkAction.group_id).in_(merged),
        col(BulkAction.started_at).is_not(None),
        col(BulkAction.ended_at).is_(None),
    )
    return (await session.exec(others.limit(1))).first() is not None


async def _was(session: AsyncSession, group: FailureGroup) -> str:
    """How it stood before it was retried."""
    began = select(FailureAct.data).where(
        FailureAct.group_id == group.id, FailureAct.what == f"group.{Review.RETRYING.value}"
    )
    data = (await session.exec(began.order_by(col(FailureAct.at).desc()).limit(1))).first()
    return str((data or {}).get("was", ""))


def _same(one: Fix | None, other: Fix | None) -> bool:
    return one is not None and other is not None and (one.since, one.by_id) == (other.since, other.by_id)
