"""What must not stop the line behind an outage, or break it one by one: hours, lost words, a changed screen."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.work_item import State
from fallbacks.held_line import FOR_A_SEAT, HeldLine
from records import held_line, operation_holds
from records.database import Database
from records.operation_holds import WHOLE_WAY
from records.work_item import WorkItem
from systems.registry import SYSTEMS
from systems.seating import Seatings
from systems.way import WayState
from tests.fallbacks.conftest import HandIn
from tests.support.failing import NOON, Entries
from tests.support.outage_line import Line, an_outage

ROOM = FOR_A_SEAT * len(SYSTEMS["orderdesk"].accounts)
BEAT = timedelta(seconds=3)


@pytest.fixture
async def line(database: Database) -> Line:
    """The order desk is away."""
    return await an_outage(database, NOON)


async def test_the_one_that_goes_first_waits_for_the_hours_of_its_system(line: Line, tmp_path: Path) -> None:
    """A system that answers again at night gets its first entry in the morning, and one alone."""
    for number in range(2):
        await line.held(f"470000{number}", NOON)
    await line.stands(WayState.TRYING, NOON)
    hours = tmp_path / "systems.toml"
    hours.write_text('[orderdesk.production]\nhours = ["Mon-Sun 13:00-14:00"]\n', "utf-8")
    beat = HeldLine(line.database, Seatings(hours))

    went = [await beat.run_once(NOON + timedelta(minutes=minute)) for minute in (0, 59, 60, 61)]

    assert went == [0, 0, 1, 0]


@pytest.mark.parametrize("state", [WayState.TRYING, WayState.UP])
async def test_entries_whose_processes_are_gone_do_not_stop_the_line(line: Line, state: WayState) -> None:
    """Who was told to go and has not begun for long takes nobody's turn: the next ones go, those of its record not."""
    for number in range(2 * ROOM):
        await line.held(f"47000{number:02}", NOON + timedelta(seconds=number))
    behind = await line.held("4700000", NOON + timedelta(minutes=1))
    if state is WayState.UP:
        await line.over(NOON)
    else:
        await line.stands(state, NOON)
    beat, first = HeldLine(line.database, Seatings()), 1 if state is WayState.TRYING else ROOM
    later = NOON + held_line.TOO_LONG

    went = [await beat.run_once(now) for now in (NOON, later - BEAT, later + BEAT, later + 2 * BEAT)]

    assert went == [first, 0, first, 0]
    assert not (await line.row(behind)).through_hold


@pytest.mark.failure_mode("F12")
async def test_a_screen_that_came_back_changed_holds_its_operation_and_not_one_entry_after_the_other(
    database: Database, hand_one_in: HandIn
) -> None:
    """F12: after three that went first broke alike nobody else does; the others are held, and burn no attempt."""
    entries = Entries(database, await hand_one_in(123))
    line = await an_outage(database, NOON)
    items = [await line.held(f"470000{number}", NOON + timedelta(seconds=number)) for number in range(6)]
    await line.stands(WayState.TRYING, NOON)
    beat, broken = HeldLine(database, Seatings()), 0

    for number in range(6):
        now = NOON + number * BEAT
        await beat.run_once(now)
        for item in items:
            if (await line.row(item)).through_hold and await line.tried(item, now):
                await entries.tried(item, State.BROKEN, at=now)
                broken += 1

    async with database.session() as session:
        holds = {hold.operation: hold.id for hold in await operation_holds.open_holds(session)}
    assert broken == 3
    assert set(holds) == {WHOLE_WAY, "mark_failed_delivery"}
    assert [(await line.row(item)).held_behind for item in items[3:]] == [holds["mark_failed_delivery"]] * 3


async def test_nobody_waits_behind_a_line_that_is_history(line: Line) -> None:
    """An entry that came back to a line which had been let go meanwhile is tried: nobody else would wake it."""
    item = await line.held("4700001", NOON)
    await line.over(NOON)
    async with line.database.session() as session:
        (await session.get_one(WorkItem, item.id)).through_hold = True
    async with line.database.session() as session:
        (await session.get_one(WorkItem, item.id)).state = State.UNKNOWN
        assert await held_line.drained(session, line.hold_id, NOON)
    async with line.database.session() as session:
        row = await session.get_one(WorkItem, item.id)
        row.state, row.through_hold = State.READY, False

    assert await line.tried(item, NOON)
