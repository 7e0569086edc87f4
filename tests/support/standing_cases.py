"""Cases that stand somewhere, put into the records as their workflows would leave them: for figures and lists."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from core.case import Stage, WaitsFor
from records.case import Case
from records.database import Database

NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
JOURNEY = "failed-delivery"
AddCases = Callable[..., Awaitable[None]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own database."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def add(database: Database) -> AddCases:
    """Adds so many cases that stand somewhere."""
    made = 0

    async def some(number: int, stage: Stage, wait: WaitsFor = WaitsFor.NOTHING, cause: str = "") -> None:
        nonlocal made
        async with database.session() as session:
            for _ in range(number):
                made += 1
                session.add(_case(made, stage, wait, cause))

    return some


def _case(number: int, stage: Stage, wait: WaitsFor, cause: str) -> Case:
    return Case(
        number=f"FD-{number:06}",
        journey=JOURNEY,
        business_key=f"{number}/P/1",
        subject_key=f"{number}/P",
        stage=stage,
        cause=cause,
        opened_at=NOW,
        updated_at=NOW,
        closed_at=NOW if stage is Stage.CLOSED else None,
        wait_kind=wait,
        wait_since=NOW,
    )
