"""The demo's judge: what counts as lost and as entered twice when ledgers are held against work items."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from baton.demo_count import count
from core.work_item import Kind, State
from records.database import Database
from records.work_item import WorkItem
from tests.support.standing_cases import NOW

DATED = {"status": "60", "delivery_date": "25.11.2026", "window": "2"}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own database."""
    made = Database(database_url)
    yield made
    await made.close()


async def test_an_adopted_change_needs_no_ledger_row_of_its_own(database: Database) -> None:
    """Two cases give one order the same new date: the second finds it there, and the first one's row bears both out."""
    await keep(database, item("BTN-FIRST"), item("BTN-SECOND", adopted=True, result=DATED))

    counted = await count(database, {"orderdesk": [row("BTN-FIRST", DATED)]})

    assert (counted.lost, counted.duplicated) == (0, 0)


async def test_an_adopted_change_that_no_row_shows_is_lost(database: Database) -> None:
    """Adopted, though the ledger holds another date, another record or nothing at all: that is a loss."""
    await keep(database, item("BTN-SECOND", adopted=True, result=DATED))

    other_date = await count(database, {"orderdesk": [row("BTN-FIRST", {**DATED, "delivery_date": "26.11.2026"})]})
    other_order = await count(database, {"orderdesk": [{**row("BTN-FIRST", DATED), "key": "4700999"}]})
    nothing = await count(database, {"orderdesk": []})

    assert [one.lost for one in (other_date, other_order, nothing)] == [1, 1, 1]


async def test_a_done_entry_without_its_row_is_lost_and_a_second_row_is_a_duplicate(database: Database) -> None:
    """What was clicked needs a ledger row of its own, and exactly one."""
    await keep(database, item("BTN-FIRST"), item("BTN-SECOND", result=DATED))

    counted = await count(database, {"orderdesk": [row("BTN-FIRST", DATED), row("BTN-FIRST", DATED)]})

    assert (counted.lost, counted.duplicated) == (1, 1)


async def keep(database: Database, *made: WorkItem) -> None:
    """Put items into the records."""
    async with database.session() as session:
        session.add_all(made)


def item(reference: str, **more: Any) -> WorkItem:
    """A new delivery date that is done."""
    return WorkItem(
        system="orderdesk",
        operation="reschedule",
        kind=Kind.CHANGE,
        target_key="4700123",
        occurrence=str(uuid.uuid4()),
        reference=reference,
        state=State.DONE,
        wait_since=NOW,
        created_at=NOW,
        updated_at=NOW,
        ended_at=NOW,
        **more,
    )


def row(reference: str, after: dict[str, str]) -> dict[str, Any]:
    """A committed change in the order desk's ledger."""
    return {"reference": reference, "operation": "reschedule", "key": "4700123", "after": after}
