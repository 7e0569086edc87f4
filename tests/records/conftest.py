"""A database with one case in it, for tests of what may be written to it."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.work_item import Kind
from records import attempts, items
from records.attempts import Runner
from records.database import Database
from records.intake import Receipt, hand_in
from records.items import Intent, ItemView
from records.work_item import Attempt
from tests.support.journey import handed, report_of

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RUNNER = Runner(host="here", boot_id="boot", worker_pid=4711, bot_version="1")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The records of this test."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def case(database: Database) -> Receipt:
    """A case that has just been handed in."""
    async with database.session() as session:
        return await hand_in(session, handed(report_of("4700123")), NOW)


@pytest.fixture
async def item(database: Database, case: Receipt) -> ItemView:
    """A work item that is ready."""
    async with database.session() as session:
        return await items.create(session, intent(case), NOW)


@pytest.fixture
async def attempt(database: Database, item: ItemView) -> Attempt:
    """A try that has claimed the item for a minute."""
    async with database.session() as session:
        claimed = await attempts.claim(session, item.id, item.fence, RUNNER, 60, NOW)
    assert claimed is not None
    return claimed


def intent(case: Receipt, occurrence: str = "mark#1") -> Intent:
    """What is to be done: the same identity each time, unless it occurs elsewhere in the journey."""
    return Intent(
        id=uuid.uuid4(),
        case_id=case.case_id,
        system="orderdesk",
        operation="mark_failed_delivery",
        kind=Kind.CHANGE,
        target_key="4700123",
        occurrence=f"{case.case_number}/{occurrence}",
        content={"order_no": "4700123", "reason_code": "12", "attempt": 1},
    )


async def as_it_stands(database: Database, item: ItemView) -> ItemView:
    """The item as it is kept now."""
    async with database.session() as session:
        return await items.view(session, item.id)
