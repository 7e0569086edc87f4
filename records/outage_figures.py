"""What each outage holds up, how each way stood, and the outages that were: what the screen of systems reads."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.health import HealthSpan, Outage
from systems.way import OutageStage

LISTED = 20
"""Outages that were, on one page."""


@dataclass(frozen=True)
class Held:
    """The line behind a hold: how many entries and cases, since when the first, and the first promise among them."""

    entries: int
    cases: int
    since: datetime
    due_at: datetime | None
    case_number: str
    missed: int


_HELD = text(
    """
    SELECT item.held_behind, count(*), count(DISTINCT item.case_id), min(item.wait_since), min(cases.due_at),
           count(*) FILTER (WHERE cases.due_at < :now),
           (array_agg(cases.number ORDER BY cases.due_at) FILTER (WHERE cases.due_at IS NOT NULL))[1]
      FROM work_items AS item LEFT JOIN cases ON cases.id = item.case_id
     WHERE item.held_behind = ANY(:holds) AND NOT item.through_hold AND item.state = 'ready'
     GROUP BY item.held_behind
    """
)
_JOURNEYS = text(
    """
    SELECT coalesce(cases.journey, 'legacy_entry') AS journey, count(*), count(DISTINCT item.case_id)
      FROM work_items AS item LEFT JOIN cases ON cases.id = item.case_id
     WHERE item.held_behind = :hold AND NOT item.through_hold AND item.state = 'ready'
     GROUP BY 1 ORDER BY 2 DESC
    """
)


async def held(session: AsyncSession, hold_ids: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, Held]:
    """What stands behind each of these holds; one that holds nobody is left out."""
    if not hold_ids:
        return {}
    rows = await (await session.connection()).execute(_HELD, {"holds": list(hold_ids), "now": now})
    return {
        row[0]: Held(entries=row[1], cases=row[2], since=row[3], due_at=row[4], missed=row[5], case_number=row[6] or "")
        for row in rows
    }


_READS = text(
    """
    SELECT wait_about, count(*) FROM cases
     WHERE closed_at IS NULL AND wait_kind = 'held_system' AND stage IN ('reading', 'finding', 'with_service')
     GROUP BY wait_about
    """
)


async def reads(session: AsyncSession) -> dict[str, int]:
    """How many open cases wait until a record can be read, by what they say they wait for (the Order desk)."""
    return {row[0]: row[1] for row in await (await session.connection()).execute(_READS)}


async def journeys(session: AsyncSession, hold_id: uuid.UUID) -> list[tuple[str, int, int]]:
    """Whose entries stand behind a hold: journey, entries, cases; the most first."""
    rows = await (await session.connection()).execute(_JOURNEYS, {"hold": hold_id})
    return [(row[0], row[1], row[2]) for row in rows]


async def spans(session: AsyncSession, since: datetime, system: str | None = None) -> list[HealthSpan]:
    """How every way stood since then, all or those of a system, in the order of time."""
    asked = select(HealthSpan).where(or_(col(HealthSpan.ended).is_(None), col(HealthSpan.ended) > since))
    if system is not None:
        asked = asked.where(HealthSpan.system == system)
    return list(await session.exec(asked.order_by(col(HealthSpan.began))))


async def outages(session: AsyncSession, system: str, environment: str) -> list[Outage]:
    """The latest outages of a system, those that last among them."""
    asked = select(Outage).where(Outage.system == system, Outage.environment == environment)
    return list(await session.exec(asked.order_by(col(Outage.began_at).desc()).limit(LISTED)))


async def live(session: AsyncSession) -> list[Outage]:
    """Outages that last, and those whose line is still being let go, the longest first."""
    wanted = select(Outage).where(or_(col(Outage.ended_at).is_(None), Outage.stage != OutageStage.OVER))
    return list(await session.exec(wanted.order_by(col(Outage.began_at))))
