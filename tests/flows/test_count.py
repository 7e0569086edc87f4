"""The count of a day: kept once, replaced when it is counted again, one at a time."""

import asyncio
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, WaitsFor
from core.settings import Settings
from flows.nightly import count
from measures import stages
from records.case import Case
from records.database import Database
from records.figures import Figure, FigureRow
from tests.support.standing_cases import NOW, AddCases

DAY = date(2026, 11, 20)


async def test_a_day_counted_again_has_the_newer_figures_once(database: Database, add: AddCases) -> None:
    """The second count of a day replaces the first, also where a figure has gone; other days stay."""
    settings = Settings(database_url=database.url)
    await add(2, Stage.RECEIVED, WaitsFor.TEMPORAL)
    await count(settings, date(2026, 11, 19), NOW)
    await count(settings, DAY, NOW)
    async with database.session() as session:
        for case in (await session.exec(select(Case))).all():
            case.stage, case.closed_at = Stage.CLOSED, NOW

    kept = await count(settings, DAY, NOW)

    async with database.session() as session:
        today, yesterday = await of_day(session, DAY), await of_day(session, date(2026, 11, 19))
    assert kept == len(today) == 2
    assert [(one.name, one.key, one.value) for one in today] == [
        (stages.BY_CAUSE, stages.NO_CAUSE, 2),
        (stages.BY_STAGE, "closed", 2),
    ]
    assert (stages.BY_WAIT, "temporal", 2) in [(one.name, one.key, one.value) for one in yesterday]


async def test_two_counts_of_one_day_at_once_leave_one(database: Database, add: AddCases) -> None:
    """Counts that meet wait for each other, and neither fails."""
    settings = Settings(database_url=database.url)
    await add(3, Stage.RECEIVED)

    kept = await asyncio.gather(*(count(settings, DAY, NOW) for _ in range(4)))

    async with database.session() as session:
        assert len(await of_day(session, DAY)) == kept[0]


async def of_day(session: AsyncSession, day: date) -> list[Figure]:
    """What is kept of a day."""
    found = await session.exec(
        select(FigureRow)
        .where(FigureRow.day == day)
        .order_by(col(FigureRow.name), col(FigureRow.journey), col(FigureRow.key))
    )
    return [Figure(name=row.name, journey=row.journey, key=row.key, value=row.value) for row in found]
