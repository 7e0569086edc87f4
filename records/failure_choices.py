"""What the failure queue can be filtered by, and how many of its groups sleep: two statements for a page's frame."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.failure import FailureGroup
from records.failure_queue import OPEN, asleep


@dataclass(frozen=True)
class Choices:
    """Systems and owners of open groups, journeys and tiers of failures; `snoozed` open groups sleep."""

    system: list[str]
    owner: list[str]
    journey: list[str]
    tier: list[str]
    snoozed: int


def _steps(name: str) -> str:
    return f"""
        ARRAY(WITH RECURSIVE known AS (
            SELECT min({name}) AS value FROM failure_counts
             UNION ALL
            SELECT (SELECT min({name}) FROM failure_counts WHERE {name} > known.value) FROM known
             WHERE value IS NOT NULL)
        SELECT value FROM known WHERE value <> '')
        """  # noqa: S608  (no value of anybody is in it)


_FROM_COUNTS = text(f"SELECT {_steps('journey')}, {_steps('tier')}")
"""From one value to the next in the index: a list of all counts would be read for the same few words."""


async def now_open(session: AsyncSession, now: datetime) -> Choices:
    """As of now."""
    group = FailureGroup
    asked = select(group.system, group.owner, func.count().filter(asleep(now))).where(*OPEN)
    found = (await session.exec(asked.group_by(group.system, group.owner))).all()
    journeys, tiers = (await (await session.connection()).execute(_FROM_COUNTS)).one()
    return Choices(
        system=sorted({system for system, _, _ in found}),
        owner=sorted({owner for _, owner, _ in found if owner}),
        journey=journeys,
        tier=tiers,
        snoozed=sum(n for _, _, n in found),
    )
