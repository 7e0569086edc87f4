"""The line behind a held operation goes on by itself: in its order, as fast as the seats take it, and no faster."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from core.work_item import State
from failure.signature import Trouble
from fallbacks.held_line import FOR_A_SEAT, HeldLine
from records import held_line, items, operation_holds
from records.database import Database
from records.entry_file import EntryFile, EntryRow, FileState
from records.failure import Failure
from records.holding_back import hold_back
from records.items import ItemView
from records.operation_holds import OperationHold
from records.outbox import OutboxRow
from records.work_item import WorkItem
from systems.registry import SYSTEMS
from systems.seating import Seatings
from tests.fallbacks.conftest import HandIn
from tests.support.bulk_failures import intent
from tests.support.failing import NOON, Entries
from tests.support.outage_line import an_outage

ROOM = FOR_A_SEAT * len(SYSTEMS["orderdesk"].accounts)
DOWN = Trouble(step="find", message="HTTP 503")


@pytest.fixture
async def entries(database: Database, hand_one_in: HandIn) -> Entries:
    """Entries of one case."""
    return Entries(database, await hand_one_in(123))


async def in_line(entries: Entries, number: int, **trouble: object) -> tuple[OperationHold, list[ItemView]]:
    """A hold, and so many that stand behind it, the last one first."""
    for at in range(3):
        await entries.failed(f"470000{at}", **trouble)
    line = [await entries.new(f"47100{at:02}", at=NOON + timedelta(seconds=at)) for at in range(number)]
    for item in reversed(line):
        assert await tried(entries, item) is False
    async with entries.database.session() as session:
        (hold,) = await operation_holds.open_holds(session)
    return hold, line


async def tried(entries: Entries, item: ItemView) -> bool:
    """Whether a bot would try it now."""
    known = await entries.view(item.id)
    async with entries.database.session() as session:
        return not await hold_back(session, known, NOON)


async def ended(entries: Entries, hold: OperationHold) -> None:
    """A person ends the hold."""
    async with entries.database.session() as session:
        await operation_holds.end(session, hold.id, "sam@example.org", NOON, "the bot is mended")


async def woken(database: Database) -> list[str]:
    """The workflows that were told that it is their turn."""
    async with database.session() as session:
        rows = select(OutboxRow.workflow_id).where(OutboxRow.signal == held_line.LET_GO)
        return list(await session.exec(rows.order_by(col(OutboxRow.created_at))))


@pytest.mark.failure_mode("F12")
async def test_the_line_goes_on_in_its_order_as_seats_are_free(entries: Entries) -> None:
    """F12: nobody while the hold stands; then the first ones, three for a seat; the next once those are in."""
    hold, line = await in_line(entries, ROOM + 2)
    beat = HeldLine(entries.database, Seatings())
    before = await beat.run_once(NOON)
    await ended(entries, hold)

    first = await beat.run_once(NOON + timedelta(seconds=1))
    more = await beat.run_once(NOON + timedelta(seconds=2))
    may = [await tried(entries, item) for item in line]
    for item in line[:2]:
        await entries.tried(item, State.BROKEN, code="element_twice", trouble=DOWN)
    last = await beat.run_once(NOON + timedelta(seconds=3))

    assert (before, first, more, last) == (0, ROOM, 0, 2)
    assert may == [True] * ROOM + [False] * 2
    assert set(await woken(entries.database)) == {f"item/{item.id}" for item in line}


async def test_a_new_hold_stops_the_line_and_its_end_lets_it_go_on(entries: Entries) -> None:
    """Who stood behind the first hold keeps standing while a second one does."""
    hold, line = await in_line(entries, 2)
    await ended(entries, hold)
    for at in range(3):
        await entries.failed(f"472000{at}")
    beat = HeldLine(entries.database, Seatings())
    during = await beat.run_once(NOON)
    async with entries.database.session() as session:
        (second,) = await operation_holds.open_holds(session)
    await ended(entries, second)

    after = await beat.run_once(NOON)

    assert (during, after) == (0, 2)
    assert all([await tried(entries, item) for item in line])


async def test_a_line_that_is_empty_is_looked_at_no_more(entries: Entries) -> None:
    """Once everybody is in, or was given up, the hold is history."""
    hold, (item,) = await in_line(entries, 1)
    await ended(entries, hold)
    beat = HeldLine(entries.database, Seatings())
    await beat.run_once(NOON)
    await entries.moved(item, State.WITHDRAWN)

    await beat.run_once(NOON)

    async with entries.database.session() as session:
        assert await held_line.undrained(session) == []


async def test_where_the_cause_may_pass_one_entry_tries_and_frees_the_others(entries: Entries) -> None:
    """Sessions that get lost may be over by themselves: the first entry tries after five minutes, and passes."""
    _, line = await in_line(entries, 2, code="session_lost", trouble=DOWN)
    beat = HeldLine(entries.database, Seatings())
    early = await beat.run_once(NOON + timedelta(minutes=4))
    late = await beat.run_once(NOON + timedelta(minutes=5))
    again = await beat.run_once(NOON + timedelta(minutes=6))

    known = await entries.tried(line[0], State.RUNNING, trouble=None)
    await entries.moved(known, State.DONE, event="item.done", values={"code": ""}, bump=False)

    assert (early, late, again) == (0, 1, 0)
    assert await beat.run_once(NOON + timedelta(minutes=7)) == 1
    assert await tried(entries, line[1])


async def test_a_changed_screen_is_not_tried_again_by_itself(entries: Entries) -> None:
    """F12: a layout does not change back; its line waits for a person, a new version or a canary."""
    await in_line(entries, 1)

    assert await HeldLine(entries.database, Seatings()).run_once(NOON + timedelta(days=3)) == 0


async def test_rows_of_a_file_go_on_as_they_stand_in_it(entries: Entries) -> None:
    """The line is that of the original order, not of the moments at which the rows happened to be kept."""
    hold, line = await in_line(entries, ROOM + 1)
    async with entries.database.session() as session:
        for at, item in enumerate(reversed(line)):
            (await session.get_one(WorkItem, item.id)).place = NOON + timedelta(hours=1, seconds=at)
    await ended(entries, hold)

    await HeldLine(entries.database, Seatings()).run_once(NOON)

    assert [await tried(entries, item) for item in line] == [False] + [True] * ROOM


async def test_a_row_of_a_file_has_its_place_in_the_file(entries: Entries) -> None:
    """Rows of a file are begun many at once: their place is their row's, not the moment at which each was kept."""
    started = NOON + timedelta(minutes=1)
    file = EntryFile(
        system="orderdesk",
        operation="reschedule",
        name="rows.csv",
        uploaded_by="ops@example.org",
        uploaded_at=NOON,
        guess={},
        columns=[],
        state=FileState.STARTED,
        state_at=NOON,
        started_at=started,
    )
    wanted = intent("4700001")
    async with entries.database.session() as session:
        session.add(file)
        await session.flush()
        session.add(EntryRow(file_id=file.id, number=7, cells=[], item_id=wanted.id))
        await session.flush()
        await items.create(session, wanted, started + timedelta(seconds=9))

    async with entries.database.session() as session:
        assert (await session.get_one(WorkItem, wanted.id)).place == started + timedelta(microseconds=7)


async def test_whoever_comes_from_another_line_counts_with_the_group_that_holds_it_now(entries: Entries) -> None:
    """Whoever stood behind an outage and meets a held operation after it is one more of that group of failures."""
    line = await an_outage(entries.database, NOON)
    item = await line.held("4710000", NOON)
    for at in range(3):
        await entries.failed(f"470000{at}")
    await line.over(NOON)

    await HeldLine(entries.database, Seatings()).run_once(NOON)

    async with entries.database.session() as session:
        (hold,) = await operation_holds.open_holds(session)
        rows = (await session.exec(select(Failure).where(Failure.item_id == item.id))).all()
    assert (await line.row(item)).held_behind == hold.id
    assert [(row.group_id, row.held) for row in rows] == [(hold.group_id, True)]
