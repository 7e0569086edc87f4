"""Entries on the order desk that were refused, all of one group, for pages about bulk actions."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from core.work_item import Kind, State
from records import items
from records.database import Database
from records.failure import Failure
from records.items import Intent, Move

FIRST = 4_720_001


async def refused(database: Database, count: int, now: datetime, code: str = "status_forbids") -> list[Failure]:
    """So many, a minute apart, in their original order."""
    made = []
    for number in range(count):
        async with database.session() as session:
            item = await items.create(session, intent(str(FIRST + number)), now - timedelta(minutes=count - number))
            await moved(session, item.id, item.fence, State.RUNNING, now)
            await moved(session, item.id, item.fence + 1, State.REFUSED, now, code=code)
            made.append(item.id)
    return await failures_of(database, made)


async def failures_of(database: Database, made: list[uuid.UUID]) -> list[Failure]:
    """The failures of these entries, in the same order."""
    async with database.session() as session:
        found = {one.item_id: one for one in await session.exec(select(Failure).where(col(Failure.item_id).in_(made)))}
    return [found[item] for item in made]


async def moved(session: Any, item_id: uuid.UUID, fence: int, to: State, now: datetime, **values: Any) -> None:
    """Take one arrow."""
    assert await items.move(
        session, Move(item_id=item_id, fence=fence, to=to, event=f"item.{to.value}", values=values), now
    )


def intent(order_no: str) -> Intent:
    """A new date for that order."""
    return Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="reschedule",
        kind=Kind.CHANGE,
        target_key=order_no,
        occurrence=f"legacy-entry/{order_no}",
        content={"order_no": order_no, "delivery_date": "2026-12-01", "window_code": "2"},
    )
