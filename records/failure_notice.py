"""What people were told of a group of failures: each thing once for each time that the group is there."""

import uuid
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment
from records.failure import FailureGroup
from records.told import Tell, tell


class FailureNotice(SQLModel, table=True):
    """Somebody was told this of a group; `round` tells one time that it was there from the next."""

    __tablename__ = "failure_notices"

    group_id: uuid.UUID = Field(foreign_key="failure_groups.id", primary_key=True)
    what: str = Field(primary_key=True)
    round: str = Field(primary_key=True)
    at: datetime = moment()


_AWAKE = """
    AND NOT ((the.snoozed_until IS NOT NULL OR the.snoozed_count IS NOT NULL)
             AND (the.snoozed_until IS NULL OR :now < the.snoozed_until)
             AND (the.snoozed_count IS NULL OR the.open < the.snoozed_count))
"""
_ROUND = "coalesce(CAST(extract(epoch FROM the.regressed_at) AS text), '')"
"""When it came back; a merge makes a group older, and is no new time that it is there."""
_UNTOLD = "NOT EXISTS (SELECT 1 FROM failure_notices AS said WHERE said.group_id = the.id AND said.what IN ({what})"

_GROWN = text(
    f"""
    SELECT the.id, {_ROUND} AS round FROM failure_groups AS the
     WHERE the.open > 0 AND the.merged_into IS NULL AND the.review = 'new'
       AND (the.open >= :many OR EXISTS
            (SELECT 1 FROM failure_counts WHERE group_id = the.id AND held AND n > 0))
       AND {_UNTOLD.format(what="'grown'")} AND said.round = {_ROUND}) {_AWAKE}
    """  # noqa: S608  (no value of anybody is in it)
)
_REGRESSED = text(
    f"""
    SELECT the.id, {_ROUND} AS round FROM failure_groups AS the
     WHERE the.open > 0 AND the.merged_into IS NULL AND the.review = 'regressed'
       AND {_UNTOLD.format(what="'regressed'")} AND said.round = {_ROUND}) {_AWAKE}
    """  # noqa: S608
)
_HALTED = text(
    f"""
    SELECT the.id, action.id || '/' || CAST(extract(epoch FROM action.state_at) AS text) AS round
      FROM bulk_actions AS action JOIN failure_groups AS the ON the.id = action.group_id
     WHERE action.ended_at IS NULL AND action.state = 'halted'
       AND {_UNTOLD.format(what="'halted'")}
           AND said.round = action.id || '/' || CAST(extract(epoch FROM action.state_at) AS text)) {_AWAKE}
    """  # noqa: S608
)
_CURED = text(
    f"""
    SELECT the.id, {_ROUND} AS round FROM failure_notices AS begun JOIN failure_groups AS the ON the.id = begun.group_id
     WHERE begun.what IN ('grown', 'regressed') AND begun.round = {_ROUND}
       AND the.open = 0 AND the.review = 'verified' AND {_UNTOLD.format(what="'cured'")} AND said.round = {_ROUND})
       AND NOT EXISTS (SELECT 1 FROM failure_acts AS act WHERE act.group_id = the.id AND act.by <> 'baton'
                          AND act.at >= coalesce(the.regressed_at, the.first_seen))
       AND NOT EXISTS (SELECT 1 FROM bulk_actions AS action WHERE action.group_id = the.id
                          AND action.asked_at >= coalesce(the.regressed_at, the.first_seen)) {_AWAKE}
    """  # noqa: S608
)
_FOUND = {"regressed": _REGRESSED, "grown": _GROWN, "halted": _HALTED, "cured": _CURED}


async def untold(session: AsyncSession, many: int, now: datetime) -> list[tuple[FailureGroup, str, str]]:
    """What is to be told now: the group, what happened to it, and the round; nothing of what is snoozed.

    `many`: from so many open failures on a group that nobody looks after is told of.
    """
    connection = await session.connection()
    found = []
    for what, statement in _FOUND.items():
        values = {"now": now, "many": many} if what == "grown" else {"now": now}
        found += [(group_id, what, round_) for group_id, round_ in await connection.execute(statement, values)]
    ids = {group_id for group_id, _, _ in found}
    groups = {one.id: one for one in await session.exec(select(FailureGroup).where(col(FailureGroup.id).in_(ids)))}
    return [(groups[group_id], what, round_) for group_id, what, round_ in found]


async def say(session: AsyncSession, group: FailureGroup, what: str, round_: str, sentence: str, now: datetime) -> bool:
    """Tell whoever looks after the group, or the supervisors, once; False when they know."""
    row = FailureNotice(group_id=group.id, what=what, round=round_, at=now)
    once = insert(FailureNotice).values(**row.model_dump()).on_conflict_do_nothing().returning(col(FailureNotice.what))
    if (await (await session.connection()).execute(once)).first() is None:
        return False
    one = Tell(
        kind=f"failures_{what}",
        occurrence=f"failures/{group.id}/{what}/{round_}",
        to=f"person:{group.owner}" if group.owner else "role:supervisor",
        text=sentence,
        path=f"/failures/{group.id}",
    )
    await tell(session, now, one)
    return True
