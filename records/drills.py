"""Drills asked for, told of while they run, and ended: one at a time."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.drill import Drill, DrillState, Report


async def ask(session: AsyncSession, wanted: Drill) -> bool:
    """Ask for a drill; False when another one is asked for or runs."""
    adding = insert(Drill).values(**wanted.model_dump()).on_conflict_do_nothing().returning(col(Drill.id))
    return (await (await session.connection()).execute(adding)).scalar_one_or_none() is not None


async def says(session: AsyncSession, drill_id: uuid.UUID, sentence: str, now: datetime) -> None:
    """It runs, and says how it stands."""
    await _change(session, drill_id, {"state": DrillState.RUNNING, "says": sentence, "seen_at": now})


async def end(session: AsyncSession, drill_id: uuid.UUID, report: Report, now: datetime) -> None:
    """It is over, and showed this."""
    told = report.model_dump(mode="json")
    await _change(session, drill_id, {"state": DrillState.ENDED, "says": "", "ended_at": now, "report": told})


async def fail(session: AsyncSession, drill_id: uuid.UUID, why: str, now: datetime) -> None:
    """It came to nothing; one that has ended stays as it is."""
    await _change(session, drill_id, {"state": DrillState.FAILED, "says": why, "ended_at": now})


async def latest(session: AsyncSession, most: int) -> list[Drill]:
    """The drills, the newest first."""
    asked = select(Drill).order_by(col(Drill.asked_at).desc(), col(Drill.id)).limit(most)
    return list(await session.exec(asked))


async def open_one(session: AsyncSession) -> Drill | None:
    """The drill that is asked for or runs."""
    return (await session.exec(select(Drill).where(col(Drill.ended_at).is_(None)))).one_or_none()


def report_of(drill: Drill) -> Report | None:
    """What it showed; None as long as it has not."""
    return None if drill.report is None else Report.model_validate(drill.report)


async def _change(session: AsyncSession, drill_id: uuid.UUID, values: dict[str, Any]) -> None:
    changing = update(Drill).where(col(Drill.id) == drill_id, col(Drill.ended_at).is_(None)).values(**values)
    await (await session.connection()).execute(changing)
