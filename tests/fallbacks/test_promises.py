"""Promises of a line: foretold by its rate and its hours; what would be missed goes to a person while there is time."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from fallbacks.drains import Drains
from fallbacks.forecast import Forecast, Forecasts
from fallbacks.promises import DUE_FIRST, Promises
from handoff.states import HandoffState
from records.database import Database
from records.handoff import Handoff
from records.items import ItemView
from records.outbox import OutboxRow
from systems.seating import Seatings
from tests.fallbacks.conftest import HandIn
from tests.support.failing import NOON
from tests.support.outage_line import Line, an_outage, due

LEAD = timedelta(minutes=30)
Promised = Callable[[int], Awaitable[UUID]]


@pytest.fixture
async def line(database: Database) -> Line:
    """The order desk is away."""
    return await an_outage(database, NOON)


@pytest.fixture
def promised(database: Database, hand_one_in: HandIn) -> Promised:
    """A case that is due so many minutes after noon."""

    async def one(minutes: int) -> UUID:
        case_id = (await hand_one_in(minutes)).case_id
        await due(database, case_id, NOON + timedelta(minutes=minutes))
        return case_id

    return one


def beat_of(line: Line) -> Promises:
    """The beat of one process."""
    return Promises(line.database, Seatings(), LEAD)


def after(minutes: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(minutes=minutes)


async def told(line: Line) -> dict[str, dict[str, str]]:
    """What the workflows were told, by workflow."""
    async with line.database.session() as session:
        rows = select(OutboxRow).where(OutboxRow.signal == DUE_FIRST).order_by(col(OutboxRow.created_at))
        return {row.workflow_id: row.argument for row in await session.exec(rows)}


def workflow_of(item: ItemView) -> str:
    """Its id."""
    return f"item/{item.id}"


async def test_a_promise_goes_to_a_person_before_it_is_missed_and_once(line: Line, promised: Promised) -> None:
    """Nobody knows when an outage ends: half an hour before it is due a person gets it; what has no promise waits."""
    soon = await line.held("4700001", NOON, case_id=await promised(40))
    later = await line.held("4700002", NOON, case_id=await promised(60))
    await line.held("4700003", NOON)
    beat = beat_of(line)

    found = [await beat.run_once(after(minutes)) for minutes in (9, 10, 11, 30)]

    assert found == [0, 1, 0, 1]
    words = await told(line)
    assert list(words) == [workflow_of(soon), workflow_of(later)]
    assert words[workflow_of(soon)] == {"fence": str(soon.fence), "due": "2026-11-20 12:40 UTC"}


async def test_what_has_its_turn_in_time_stays_in_the_line_that_goes(line: Line, promised: Promised) -> None:
    """At one a minute the third of the line is through in three minutes; due later than that, it stays with bots."""
    for number in range(3):
        await line.held(f"470000{number}", after(0.01 * number), case_id=await promised(4 + number))
    behind = await line.held("4700004", NOON, case_id=await promised(2))
    missed = await line.held("4700005", NOON, case_id=await promised(1))
    await line.end_as(await line.add("4700004", after(-1)), "broken", "element_twice", NOON)
    await Drains(line.database).pace(line.outage_id, 1, "sam@example.org", NOON)
    stands = await forecast(line, NOON)
    await line.over(NOON)

    found = await beat_of(line).run_once(after(0.5))

    assert found == 2
    assert set(await told(line)) == {workflow_of(behind), workflow_of(missed)}
    assert (stands.behind_people, stands.risks) == (1, 1)


async def forecast(line: Line, now: datetime, file: Path | None = None) -> Forecast:
    """What is foretold of it."""
    async with line.database.session() as session:
        return await Forecasts(Seatings(file)).of(session, await line.hold(), now)


async def test_the_end_of_a_line_is_foretold_by_its_rate_within_the_hours(
    line: Line, promised: Promised, tmp_path: Path
) -> None:
    """Ninety entries at 60 a minute, and the system closes after one: the rest is through in the next morning."""
    for number in range(88):
        await line.held(f"47{number % 40:05}", NOON)
    await line.held("4800001", NOON, case_id=await promised(-5))
    await line.held("4800002", NOON, case_id=await promised(600))
    unknown = await forecast(line, NOON)
    await Drains(line.database).pace(line.outage_id, 60, "sam@example.org", NOON)
    hours = tmp_path / "systems.toml"
    hours.write_text('[orderdesk.production]\nhours = ["Mon-Sun 08:00-12:01"]\n', "utf-8")

    told_of = await forecast(line, NOON, hours)

    assert (unknown.done_at, unknown.speed.limit, unknown.risks) == (None, "", 2)
    assert told_of.done_at == datetime(2026, 11, 21, 8, 0, 30, tzinfo=NOON.tzinfo)
    assert (told_of.in_line, told_of.records, told_of.stands, told_of.speed.limit) == (90, 42, True, "operator")
    assert (told_of.oldest_due, told_of.late, told_of.risks) == (after(-5), 1, 1)
    assert [one.due_at for one in told_of.at_risk] == [after(-5)]


async def test_a_clock_that_stands_promises_nothing_meanwhile(line: Line, promised: Promised) -> None:
    """While the handoff's clock is paused its due time is no promise; nobody is sent anything for it."""
    case_id = await promised(10)
    await line.held("4700001", NOON, case_id=case_id)
    async with line.database.session() as session:
        session.add(
            Handoff(
                case_id=case_id,
                queue="service",
                state=HandoffState.PICKED_UP,
                packet={},
                offered_at=NOON,
                due_at=after(10),
                paused="system",
            )
        )

    assert await beat_of(line).run_once(after(5)) == 0
