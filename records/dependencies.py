"""How many open cases stand on each stage, how many of them wait for a system, and whose promise runs out next."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records import outage_hits
from records.health import Outage
from records.outage_hits import WAITING

NEXT = 10
"""Promises that are listed."""

_OPEN = text("SELECT journey, stage, count(*) FROM cases WHERE closed_at IS NULL GROUP BY journey, stage")
_WAIT = text(
    f"SELECT journey, stage, count(*) FROM cases WHERE id IN ({WAITING}) AND closed_at IS NULL GROUP BY journey, stage"  # noqa: S608  (no value is in it)
)
_ENTRIES = text(
    """
    SELECT count(*) FROM work_items
     WHERE system = :system AND environment = :environment AND ended_at IS NULL AND case_id IS NULL
       AND (held_behind = :hold AND NOT through_hold OR route = :route AND wait_kind = 'held_system')
    """
)
_PROMISES = text(
    f"""
    SELECT number, journey, stage, customer_name, tier, due_at FROM cases
     WHERE id IN ({WAITING}) AND closed_at IS NULL AND due_at IS NOT NULL ORDER BY due_at LIMIT :most
    """  # noqa: S608  (no value is in it)
)

Counts = dict[tuple[str, str], int]
"""How many cases, by journey and stage."""


class Promise(BaseModel):
    """A case that waits, and by when something was promised in it."""

    model_config = ConfigDict(frozen=True)

    number: str
    journey: str
    stage: str
    customer_name: str
    tier: str
    due_at: datetime


async def open_cases(session: AsyncSession) -> Counts:
    """Every open case, by where it stands."""
    return {(row[0], row[1]): row[2] for row in await (await session.connection()).execute(_OPEN)}


async def waiting(session: AsyncSession, outages: Sequence[Outage]) -> dict[str, Counts]:
    """The cases that wait, by the system that is out; one that waits for two ways of it counts for each."""
    found: dict[str, Counts] = {}
    for outage in outages:
        counts = found.setdefault(outage.system, {})
        for row in await (await session.connection()).execute(_WAIT, outage_hits.values(outage)):
            counts[(row[0], row[1])] = counts.get((row[0], row[1]), 0) + row[2]
    return found


async def entries_without_case(session: AsyncSession, outage: Outage) -> int:
    """Plain entries that wait for it."""
    return int((await (await session.connection()).execute(_ENTRIES, outage_hits.values(outage))).scalar_one())


async def promises(session: AsyncSession, outage: Outage) -> list[Promise]:
    """Those that run out next, or ran out first, among the cases that wait for it."""
    asked = {**outage_hits.values(outage), "most": NEXT}
    return [
        Promise.model_validate(dict(row))
        for row in (await (await session.connection()).execute(_PROMISES, asked)).mappings()
    ]
