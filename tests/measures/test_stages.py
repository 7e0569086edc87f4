"""Figures of where cases stand: counted from real records."""

import pytest

from core.case import Stage, WaitsFor
from measures import stages
from measures.stages import CauseCount, StageCount, WaitCount
from records.database import Database
from tests.support.standing_cases import JOURNEY, AddCases


async def test_cases_are_counted_by_stage_in_the_order_of_the_journey(database: Database, add: AddCases) -> None:
    """Every case is in one count, closed ones too, and stages come in their order."""
    await add(2, Stage.CLOSED)
    await add(1, Stage.RECEIVED)
    await add(3, Stage.MARKING)

    async with database.session() as session:
        counts = await stages.cases_by_stage(session)

    assert counts == [
        StageCount(journey=JOURNEY, stage=Stage.RECEIVED, cases=1),
        StageCount(journey=JOURNEY, stage=Stage.MARKING, cases=3),
        StageCount(journey=JOURNEY, stage=Stage.CLOSED, cases=2),
    ]


async def test_cases_are_counted_by_cause(database: Database, add: AddCases) -> None:
    """The most frequent cause comes first; cases without a verdict are counted as such."""
    await add(1, Stage.RECEIVED)
    await add(2, Stage.MARKING, cause="absence")

    async with database.session() as session:
        counts = await stages.cases_by_cause(session)

    assert counts == [
        CauseCount(journey=JOURNEY, cause="absence", cases=2),
        CauseCount(journey=JOURNEY, cause=stages.NO_CAUSE, cases=1),
    ]


async def test_open_cases_are_counted_by_what_they_wait_for(
    database: Database, add: AddCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open cases are counted by their wait, over several batches; closed ones wait for nothing."""
    monkeypatch.setattr(stages, "AT_ONCE", 2)
    await add(3, Stage.RECEIVED, WaitsFor.TEMPORAL)
    await add(2, Stage.MARKING)
    await add(4, Stage.CLOSED)

    async with database.session() as session:
        counts = await stages.open_cases_by_wait(session)

    assert counts == [
        WaitCount(journey=JOURNEY, kind=WaitsFor.NOTHING, cases=2),
        WaitCount(journey=JOURNEY, kind=WaitsFor.TEMPORAL, cases=3),
    ]
