"""A change whose starter had not seen the record: the first look is its before-image, kept before anything is typed."""

import uuid
from pathlib import Path

import pytest
from sqlmodel import col, update

from core import clock
from core.faults import ElementMissing, LeaseLost
from records import items, settling
from records.database import Database
from records.items import Intent, ItemView
from records.work_item import WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.activities.test_protocol_races import ON_ITS_WAY, tried
from tests.activities.toy_desk import ToyDesk, raises


async def unseen(database: Database) -> ItemView:
    """A row of a file: what to enter, and nothing about how the record looked."""
    intent = Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="mark_failed_delivery",
        kind=MARK_FAILED_DELIVERY.kind,
        target_key="4800001",
        occurrence=f"legacy-entry/{uuid.uuid4()}/2",
        content={"order_no": "4800001", "reason_code": "12", "attempt": 1},
    )
    async with database.session() as session:
        return await items.create(session, intent, clock.now())


async def test_the_first_look_is_kept_and_the_entry_made(database: Database, tmp_path: Path) -> None:
    """The record as it was found stands as the before-image, and the change is entered once."""
    desk = ToyDesk({**ON_ITS_WAY})
    item = await unseen(database)

    after = (await tried(database, desk, item, tmp_path)).item

    assert (after.state, after.before) == ("done", ON_ITS_WAY)
    assert desk.clicks == [item.reference]


async def test_what_changes_after_the_first_look_is_a_conflict(database: Database, tmp_path: Path) -> None:
    """The first try broke before its click; meanwhile somebody else changed the record: the second enters nothing."""
    desk = ToyDesk({**ON_ITS_WAY}, enter=raises(ElementMissing()))
    item = (await tried(database, desk, await unseen(database), tmp_path)).item
    async with database.session() as session:
        again = update(WorkItem).where(col(WorkItem.id) == item.id).values(state="ready", fence=item.fence + 1)
        await (await session.connection()).execute(again)
    desk.mishaps.clear()
    desk.shown["reason"] = "15"

    second = item.model_copy(update={"fence": item.fence + 1})
    performed = await tried(database, desk, second, tmp_path)

    assert (performed.item.state, performed.code) == ("refused", "conflict")
    assert desk.clicks == []


async def test_a_look_under_a_stale_fence_keeps_nothing(database: Database, tmp_path: Path) -> None:
    """A try that was settled while it looked writes no before-image and does not click."""
    desk = ToyDesk({**ON_ITS_WAY})
    item = await unseen(database)

    async def settled() -> None:
        async with database.session() as session:
            await settling.settle(session, item.id, item.fence, clock.now())

    desk.mishaps["find"] = settled
    with pytest.raises(LeaseLost):
        await tried(database, desk, item, tmp_path)

    async with database.session() as session:
        assert (await items.view(session, item.id)).before is None
    assert desk.clicks == []
