"""Groups of failures: found or made by their signature, merged by people, moved through their review."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from failure.kinds import FailureClass
from failure.signature import Signature
from failure.states import OVER, Review, may_move
from records.failure import FailureAct, FailureGroup

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('failures/' || :system || '/' || :environment, 0))")


class CannotMove(Exception):
    """The review of the group does not allow this."""


async def take_turn(session: AsyncSession, system: str, environment: str) -> None:
    """Failures of one system are written one after the other: counts and reviews then need no further locks.

    Nobody who has this turn may wait for the row of a work item that is not theirs already.
    """
    await (await session.connection()).execute(_TURN, {"system": system, "environment": environment})


async def review(
    session: AsyncSession, group_id: uuid.UUID, to: Review, by: str, now: datetime, **data: Any
) -> FailureGroup:
    """Take an arrow of a group's review, as a person or a beat does. CannotMove when none leads there."""
    known = await session.get_one(FailureGroup, group_id)
    await take_turn(session, known.system, known.environment)
    return await move(session, await root(session, group_id), to, by, now, **data)


async def seen(session: AsyncSession, signature: Signature, kind: FailureClass, now: datetime) -> FailureGroup:
    """The group of this signature, in which one more failure is; made when there is none. A merged one passes it on.

    A group that was over has regressed with it.
    """
    fresh = FailureGroup(
        **signature.model_dump(exclude={"drift"}),
        drift=list(signature.drift),
        key=signature.key,
        failure_class=kind,
        review=Review.NEW,
        first_seen=now,
        last_seen=now,
        review_at=now,
    )
    made = insert(FailureGroup).values(**fresh.model_dump()).on_conflict_do_nothing(index_elements=["key"])
    await (await session.connection()).execute(made)
    own = (await session.exec(select(FailureGroup).where(FailureGroup.key == signature.key))).one()
    group = await root(session, own.id)
    group.times += 1
    group.last_seen = now
    session.add(group)
    await regress(session, group, now)
    return group


async def regress(session: AsyncSession, group: FailureGroup, now: datetime) -> None:
    """Something of it is open: a group that was over is there again, also for whoever had put it aside before."""
    if group.review in OVER:
        group.regressed_at, group.snoozed_until, group.snoozed_count = now, None, None
        await move(session, group, Review.REGRESSED, "baton", now)


async def root(session: AsyncSession, group_id: uuid.UUID) -> FailureGroup:
    """The group itself, or the one it was merged into."""
    group = await session.get_one(FailureGroup, group_id, populate_existing=True)
    return group if group.merged_into is None else await root(session, group.merged_into)


def signature_of(group: FailureGroup) -> Signature:
    """What its failures have in common."""
    return Signature.model_validate(group.model_dump(include=set(Signature.model_fields)))


async def move(
    session: AsyncSession, group: FailureGroup, to: Review, by: str, now: datetime, **data: Any
) -> FailureGroup:
    """Take an arrow of the review, and keep who did it. CannotMove when none leads there."""
    if not may_move(group.review, to):
        raise CannotMove(f"from {group.review} to {to}")
    was = group.review
    group.review, group.review_at, group.review_by = to, now, by
    session.add(group)
    await act(session, group.id, by, now, f"group.{to}", was=was.value, **data)
    return group


async def act(
    session: AsyncSession,
    group_id: uuid.UUID,
    by: str,
    now: datetime,
    what: str,
    *,
    failure_id: uuid.UUID | None = None,
    **data: Any,
) -> None:
    """Keep in the group's history who did what."""
    session.add(FailureAct(group_id=group_id, failure_id=failure_id, by=by, at=now, what=what, data=data))
    await session.flush()
