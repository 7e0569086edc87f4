"""Figures of a line: how long it is, what was promised of it, who stands where, how fast its system was lately."""

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import NEEDS_PERSON
from records.held_line import EARLIER, LINE
from records.operation_holds import OperationHold


class Totals(NamedTuple):
    """Of a line: how many stand in it, of how many records, in the longest chain of one record, behind a person.

    `oldest_due` is the first promise, `late` how many promises are past already.
    """

    in_line: int
    records: int
    longest: int
    behind_people: int
    oldest_due: datetime | None
    late: int


class Promised(NamedTuple):
    """One promise of a line: whose, due when, and how many go before it; `behind_person`: nobody knows when it goes."""

    item_id: uuid.UUID
    case_id: uuid.UUID | None
    target_key: str
    operation: str
    fence: int
    due_at: datetime
    before: int
    behind_person: bool


_WITH_A_PERSON = f"({EARLIER} AND earlier.state = ANY(:with_person))"
_TOTALS = text(
    f"""
    WITH line AS ({LINE})
    SELECT count(*), count(DISTINCT target_key), coalesce(max(nth), 0),
           count(*) FILTER (WHERE EXISTS {_WITH_A_PERSON}), min(own_due), count(*) FILTER (WHERE own_due <= :now)
      FROM line
    """  # noqa: S608  (every part of it is ours)
)
_PROMISED = text(
    f"""
    WITH line AS ({LINE}),
         ranked AS (SELECT *, row_number() OVER (ORDER BY rank, due NULLS LAST, place, id) - 1 AS before FROM line)
    SELECT id, case_id, target_key, operation, fence, own_due, before, EXISTS {_WITH_A_PERSON}
      FROM ranked AS line WHERE own_due IS NOT NULL AND own_due <= coalesce(:until, own_due)
       AND NOT EXISTS (SELECT 1 FROM handoffs WHERE handoffs.case_id = line.case_id AND handoffs.ended_at IS NULL
                          AND handoffs.paused <> '' AND handoffs.due_at = own_due)
     ORDER BY own_due, before LIMIT :most
    """  # noqa: S608  (every part of it is ours)
)
_SPEED = text(
    """
    SELECT avg(seconds) FROM (
      SELECT extract(epoch FROM attempts.ended_at - attempts.started_at) AS seconds
        FROM attempts JOIN work_items AS items ON items.id = attempts.item_id
       WHERE items.system = :system AND items.environment = :environment AND items.route = :route
         AND items.state = 'done' AND attempts.purpose = 'enter' AND attempts.outcome = 'done'
       ORDER BY items.ended_at DESC LIMIT 50) AS lately
    """
)


async def totals(session: AsyncSession, hold_id: uuid.UUID, now: datetime) -> Totals:
    """How the line stands."""
    asked = {"hold": hold_id, "now": now, "with_person": _people()}
    return Totals._make((await (await session.connection()).execute(_TOTALS, asked)).one())


async def promised(session: AsyncSession, hold_id: uuid.UUID, until: datetime | None, most: int) -> list[Promised]:
    """The promises in the line that are due by `until` (None: all), first due first; a clock that stands has none."""
    asked = {"hold": hold_id, "until": until, "most": most, "with_person": _people()}
    return [Promised._make(row) for row in await (await session.connection()).execute(_PROMISED, asked)]


async def seconds_each(session: AsyncSession, hold: OperationHold) -> float | None:
    """How long an entry by this way took lately; None when none was made yet."""
    asked = {"system": hold.system, "environment": hold.environment, "route": hold.route}
    found = (await (await session.connection()).execute(_SPEED, asked)).scalar_one_or_none()
    return float(found) if found is not None else None


def _people() -> list[str]:
    return [state.value for state in NEEDS_PERSON]
