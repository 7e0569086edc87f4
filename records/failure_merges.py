"""Merging groups: people say that two causes are one, and can take it back; each merge stays as a row."""

import uuid
from datetime import datetime

from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import failure_counts, failure_groups, failure_waits
from records.failure import Failure, FailureGroup, FailureMerge

_LAST_FAILED = text(
    """
    SELECT max(greatest(failures.opened_at, attempts.ended_at))
      FROM failures LEFT JOIN attempts ON attempts.id = failures.attempt_id WHERE failures.group_id = :group
    """
)


class CannotMerge(Exception):
    """Why the groups stay as they are; the sentence people read."""


async def merge(
    session: AsyncSession, group_id: uuid.UUID, into_id: uuid.UUID, by: str, why: str, now: datetime
) -> FailureMerge:
    """From now on failures of the one group are failures of the other. Both are of one system."""
    group, into = await _both(session, group_id, into_id)
    row = FailureMerge(group_id=group.id, into_id=into.id, by=by, at=now, why=why)
    row.into_first_seen, row.into_last_seen = into.first_seen, into.last_seen
    session.add(row)
    group.merged_into = into.id
    into.last_seen, into.first_seen = max(into.last_seen, group.last_seen), min(into.first_seen, group.first_seen)
    await session.flush()
    moved = update(Failure).where(col(Failure.group_id) == group.id, col(Failure.ended_at).is_(None))
    await (await session.connection()).execute(moved.values(group_id=into.id))
    await _counted(session, group, into, now)
    await failure_waits.taken_over(session, group, into, by, now)
    await failure_groups.act(session, into.id, by, now, "group.merged", other=str(group.id), why=why)
    return row


async def unmerge(session: AsyncSession, merge_id: uuid.UUID, by: str, now: datetime) -> FailureMerge:
    """Take a merge back: failures that bear the merged group's own signature return to it."""
    row = await session.get_one(FailureMerge, merge_id)
    group, into = await session.get_one(FailureGroup, row.group_id), await session.get_one(FailureGroup, row.into_id)
    await failure_groups.take_turn(session, group.system, group.environment)
    await session.refresh(row)
    await session.refresh(group)
    if row.undone_at is not None or group.merged_into != into.id:
        raise CannotMerge("This merge was taken back already.")
    row.undone_at, row.undone_by, group.merged_into = now, by, None
    await session.flush()
    own = update(Failure).where(
        col(Failure.group_id) == into.id, col(Failure.key) == group.key, col(Failure.ended_at).is_(None)
    )
    await (await session.connection()).execute(own.values(group_id=group.id))
    for one in (group, into):
        await _seen(session, one)
    await _counted(session, group, into, now)
    await failure_waits.given_back(session, group, into, by, now)
    await failure_groups.act(session, into.id, by, now, "group.unmerged", other=str(group.id))
    return row


async def of_group(session: AsyncSession, group_id: uuid.UUID) -> list[FailureMerge]:
    """What was merged into this group and still is, the latest first."""
    asked = select(FailureMerge).where(FailureMerge.into_id == group_id, col(FailureMerge.undone_at).is_(None))
    return list(await session.exec(asked.order_by(col(FailureMerge.at).desc())))


async def _seen(session: AsyncSession, group: FailureGroup) -> None:
    """First and last seen of a group that has lost, or has got back, what another one merged into it."""
    merges = list(await session.exec(select(FailureMerge).where(FailureMerge.into_id == group.id)))
    merged = [await session.get_one(FailureGroup, one.group_id) for one in merges if one.undone_at is None]
    before = [one for one in merges if one.into_first_seen is not None and one.into_last_seen is not None]
    first, last = group.first_seen, group.last_seen
    if before:  # as it was before anything was merged into it
        earliest = min(before, key=lambda one: one.at)
        first, last = earliest.into_first_seen or first, earliest.into_last_seen or last
    failed = (await (await session.connection()).execute(_LAST_FAILED, {"group": group.id})).scalar_one()
    group.first_seen = min([first, *(one.first_seen for one in merged)])
    group.last_seen = max([last, *(one.last_seen for one in merged), *([failed] if failed else [])])
    session.add(group)
    await session.flush()


async def _counted(session: AsyncSession, group: FailureGroup, into: FailureGroup, now: datetime) -> None:
    """Failures have changed places between the two."""
    await failure_counts.again(session, group.id, into.id)
    for one in (group, into):
        await session.refresh(one)
        if one.open:
            await failure_groups.regress(session, one, now)


async def _both(session: AsyncSession, group_id: uuid.UUID, into_id: uuid.UUID) -> tuple[FailureGroup, FailureGroup]:
    group, into = await session.get_one(FailureGroup, group_id), await session.get_one(FailureGroup, into_id)
    if (group.system, group.environment) != (into.system, into.environment):
        raise CannotMerge("Groups of different systems cannot be one.")
    await failure_groups.take_turn(session, group.system, group.environment)
    into = await failure_groups.root(session, into_id)
    await session.refresh(group)
    if group.merged_into is not None:
        raise CannotMerge("This group was merged into another one meanwhile.")
    if into.id == group.id:
        raise CannotMerge("A group cannot be merged into itself.")
    held = select(FailureGroup.id).where(FailureGroup.merged_into == group.id).limit(1)
    if (await session.exec(held)).first() is not None:
        raise CannotMerge("Others were merged into this group: merge the other way round.")
    return group, into
