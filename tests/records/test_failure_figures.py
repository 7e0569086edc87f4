"""What a group's place in the queue is reckoned from is right after every change: its points and its first promise."""

from datetime import timedelta

from sqlalchemy import text

from core.work_item import State
from records import failure_counts, failures
from records.database import Database
from records.intake import Receipt
from tests.support.failing import NOON, Entries

KEPT = text("SELECT points, first_due FROM failure_groups ORDER BY first_seen")


async def kept(database: Database) -> list[tuple[int, object]]:
    """Points and first promise of each group."""
    async with database.session() as session:
        return [(points, due) for points, due in await (await session.connection()).execute(KEPT)]


async def test_points_and_first_promise_follow_every_change(database: Database, case: Receipt) -> None:
    """One for what is not in, three for a doubt; the promise of the case once it is made; nothing once all are over."""
    entries, due = Entries(database, case), NOON + timedelta(hours=3)
    item = await entries.failed("4700001")
    doubt = await entries.tried(await entries.new("4700002"), State.UNKNOWN)
    before = await kept(database)
    async with database.session() as session:
        await failures.due(session, case.case_id, due)
    promised = await kept(database)

    await entries.moved(item, State.READY)
    await entries.tried(item, State.DONE, trouble=None)
    await entries.moved(await entries.moved(doubt, State.WITH_PERSON), State.DISCARDED)

    assert before == [(1 + failure_counts.IN_DOUBT, None)]
    assert promised == [(1 + failure_counts.IN_DOUBT, due)]
    assert await kept(database) == [(0, None)]


async def test_a_failure_of_another_cause_takes_its_points_along(database: Database, case: Receipt) -> None:
    """An entry that fails again with something else leaves its first group with nothing."""
    entries = Entries(database, case)
    item = await entries.failed("4700001")
    await entries.moved(item, State.READY)
    await entries.tried(item, State.BROKEN, code="too_slow", trouble=None, at=NOON + timedelta(minutes=1))

    assert await kept(database) == [(0, None), (1, None)]
