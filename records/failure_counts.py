"""Counts of failures, kept with each change: a list of a million is read without counting one."""

import uuid
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records.failure import Failure

IN_DOUBT = 3
"""An entry that may be in, or is in part, hurts as much as so many that are surely not."""

_ADD = text(
    """
    INSERT INTO failure_counts (group_id, journey, tier, standing, held, n)
    VALUES (:group, :journey, :tier, :standing, :held, :by)
    ON CONFLICT (group_id, journey, tier, standing, held) DO UPDATE SET n = failure_counts.n + EXCLUDED.n
    """
)
_HAPPENED = text(
    """
    INSERT INTO failure_hours (group_id, hour, n) VALUES (:group, date_trunc('hour', CAST(:now AS timestamptz)), 1)
    ON CONFLICT (group_id, hour) DO UPDATE SET n = failure_hours.n + 1
    """
)
_AGAIN = text(
    """
    INSERT INTO failure_counts (group_id, journey, tier, standing, held, n)
    SELECT group_id, journey, tier, standing, held, count(*) FROM failures
     WHERE group_id = :group AND ended_at IS NULL GROUP BY group_id, journey, tier, standing, held
    """
)
SUM_UP = text(
    f"""
    UPDATE failure_groups SET
      points = coalesce((SELECT sum(n * CASE WHEN standing IN ('maybe', 'partly') THEN {IN_DOUBT} ELSE 1 END)
                           FROM failure_counts WHERE group_id = failure_groups.id), 0),
      first_due = (SELECT due_at FROM failures
                    WHERE group_id = failure_groups.id AND ended_at IS NULL AND due_at IS NOT NULL
                    ORDER BY due_at LIMIT 1)
     WHERE id = ANY(:groups)
    """  # noqa: S608  (no value of anybody is in it)
)
_FORGET = text("DELETE FROM failure_counts WHERE group_id = :group")
_SUM = text(
    """
    UPDATE failure_groups SET open =
           (SELECT coalesce(sum(n), 0) FROM failure_counts WHERE failure_counts.group_id = failure_groups.id)
     WHERE id = :group
    """
)


async def add(session: AsyncSession, failure: Failure, by: int) -> None:
    """Count one failure in, or out, as it stands now."""
    values = {
        "group": failure.group_id,
        "journey": failure.journey,
        "tier": failure.tier,
        "standing": failure.standing.value,
        "held": failure.held,
        "by": by,
    }
    await (await session.connection()).execute(_ADD, values)


async def happened(session: AsyncSession, group_id: uuid.UUID, now: datetime) -> None:
    """One more failure of the group in this hour."""
    await (await session.connection()).execute(_HAPPENED, {"group": group_id, "now": now})


async def sum_up(session: AsyncSession, *group_ids: uuid.UUID) -> None:
    """Reckon anew how much these groups hurt, and which of their promises comes first: two steps into an index."""
    await (await session.connection()).execute(SUM_UP, {"groups": list(group_ids)})


async def again(session: AsyncSession, *group_ids: uuid.UUID) -> None:
    """Count these groups anew: many of their failures have just changed places."""
    connection = await session.connection()
    for group_id in group_ids:
        for statement in (_FORGET, _AGAIN, _SUM):
            await connection.execute(statement, {"group": group_id})
    await sum_up(session, *group_ids)
