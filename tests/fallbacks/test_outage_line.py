"""The line after an outage: one first, then the rest in the order of each record, at a rate, until it fails."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.work_item import Priority, State
from fallbacks.breaker import Source
from fallbacks.drains import DrainRefused, Drains
from fallbacks.health import Health
from fallbacks.held_line import FOR_A_SEAT, HALT_AFTER, HeldLine
from records import held_line
from records.database import Database
from records.health import open_outages
from records.work_item import WorkItem
from systems.registry import SYSTEMS
from systems.seating import Seatings
from systems.way import OutageStage, WayState
from tests.fallbacks.conftest import HandIn
from tests.support.failing import NOON
from tests.support.outage_line import WAY, Line, an_outage, busiest, due

ROOM = FOR_A_SEAT * len(SYSTEMS["orderdesk"].accounts)
HOUR, BEAT = timedelta(hours=1), timedelta(seconds=3)
RATE = 100
SAM = "sam@example.org"


@pytest.fixture
async def line(database: Database) -> Line:
    """The order desk is away."""
    return await an_outage(database, NOON)


def beat_of(line: Line) -> HeldLine:
    """The beat of one process."""
    return HeldLine(line.database, Seatings())


async def paced(line: Line, per_minute: float | None) -> None:
    """Somebody has said how fast it goes."""
    await Drains(line.database).pace(line.outage_id, per_minute, SAM, NOON)


@pytest.mark.failure_mode("F23")
@pytest.mark.failure_mode("F27")
async def test_an_hour_of_outage_is_made_good_in_order_at_the_rate(line: Line, hand_one_in: HandIn) -> None:
    """F23, F27 (G6): 300 held in an hour; two drainers at once let each go once, in its record's order, at the rate."""
    chance = random.Random(6)
    cases = [(await hand_one_in(number)).case_id for number in range(4)]
    for number, case_id in enumerate(cases[1:]):
        await due(line.database, case_id, NOON + HOUR + timedelta(minutes=10 * number))
    records = [f"47000{number:02}" for number in range(40)]
    places = {}
    for number in range(300):
        at = NOON + number * HOUR / 300
        how = {"case_id": chance.choice(cases), "priority": chance.choice(list(Priority))}
        item = await line.held(chance.choice(records), at, **how)
        places[item.id] = at
    await paced(line, RATE)
    now = NOON + HOUR
    await line.over(now)
    one, other = beat_of(line), beat_of(line)

    while (await line.outage()).stage is not OutageStage.OVER:
        await asyncio.gather(one.run_once(now), other.run_once(now))
        await line.enter(now, chance)
        now += BEAT
        assert now < NOON + 3 * HOUR, "the line goes nowhere"

    told = await line.let_go()
    assert (len(told), set(told), len(line.entered)) == (300, set(places), 300)
    for record in records:
        of_record = [place for key, place, _ in line.entered if key == record]
        assert of_record == sorted(of_record)
    moments = [(await line.row(item_id)).let_go_at for item_id in places]
    assert busiest([at for at in moments if at is not None]) <= RATE
    assert (await line.hold()).drained_at is not None


@pytest.mark.failure_mode("F27")
async def test_one_drain_at_a_time_has_a_line(line: Line) -> None:
    """F27: while one process lets a line go another one lets nobody of it go; what that one left over goes later."""
    await line.held("4700001", NOON)
    await line.over(NOON)
    async with line.database.session() as session:
        assert await held_line.turn(session, line.hold_id)
        meanwhile = await beat_of(line).run_once(NOON)

    assert (meanwhile, await beat_of(line).run_once(NOON)) == (0, 1)


async def test_an_outage_that_the_breaker_saw_goes_from_its_first_entry_to_an_empty_line(database: Database) -> None:
    """Three faults, a probe that is answered, one entry that is made: only then the other goes, and it is over."""
    health = Health(database)
    for second in range(3):
        await health.note(WAY, ok=False, code="system_down", source=Source.ENTRY, now=NOON + timedelta(seconds=second))
    async with database.session() as session:
        (outage,) = await open_outages(session)
    assert outage.hold_id is not None
    line = Line(database, outage.id, outage.hold_id)
    for number in range(2):
        await line.held(f"470000{number}", NOON + number * BEAT)
    beat = beat_of(line)
    await health.note(WAY, ok=True, source=Source.PROBE, now=NOON + timedelta(minutes=1))
    went = [await beat.run_once(NOON + timedelta(minutes=1)) for _ in range(2)]
    await line.enter(NOON + timedelta(minutes=1))
    await health.note(WAY, ok=True, source=Source.ENTRY, now=NOON + timedelta(minutes=1, seconds=1))

    went.append(await beat.run_once(NOON + timedelta(minutes=2)))
    await line.enter(NOON + timedelta(minutes=2))
    await beat.run_once(NOON + timedelta(minutes=2))

    assert (went, (await line.outage()).stage) == ([1, 0, 1], OutageStage.OVER)


async def test_the_rate_is_used_and_never_exceeded(line: Line) -> None:
    """Of a line of many records at 100 a minute, 85 to 100 go in the first minute, whatever the rhythm of the beats."""
    for number in range(110):
        await line.held(f"47{number:05}", NOON)
    await paced(line, RATE)
    await line.over(NOON)
    beat, chance, now = beat_of(line), random.Random(1), NOON

    went: list[datetime] = []
    while len(went) < 110:
        went += [now] * await beat.run_once(now)
        await line.enter(now)
        now += timedelta(seconds=chance.choice([0.5, 3, 4.5]))

    assert busiest(went) <= RATE
    assert sum(at < NOON + timedelta(minutes=1) for at in went) >= 85


async def test_the_more_urgent_record_goes_first_and_takes_what_stands_before_it_along(
    line: Line, hand_one_in: HandIn
) -> None:
    """Urgent before due before first come; an urgent entry behind another one of its record lifts both."""
    case_id = (await hand_one_in(1)).case_id
    await due(line.database, case_id, NOON + HOUR)
    plain = await line.held("4700001", NOON)
    promised = await line.held("4700002", NOON + timedelta(minutes=1), case_id=case_id)
    before = await line.held("4700003", NOON + timedelta(minutes=2), priority=Priority.BULK)
    urgent = await line.held("4700003", NOON + timedelta(minutes=3), priority=Priority.URGENT)
    await paced(line, 1)
    await line.over(NOON)
    beat, order = beat_of(line), []

    for minute in range(0, 10, 2):
        await beat.run_once(NOON + timedelta(minutes=minute))
        order += [item for item in (plain, promised, before, urgent) if (await line.row(item)).through_hold]
        await line.enter(NOON)

    assert [one.id for one in order] == [before.id, urgent.id, promised.id, plain.id]


async def test_nobody_overtakes_an_earlier_entry_of_its_record(line: Line) -> None:
    """Not in the line, not while a person has the earlier one, and not by coming once the outage is over."""
    first, second = await line.held("4700001", NOON), await line.held("4700001", NOON + BEAT)
    await line.over(NOON)
    beat = beat_of(line)
    await beat.run_once(NOON)
    third = await line.add("4700001", NOON + 2 * BEAT)
    other = await line.add("4700002", NOON + 2 * BEAT)
    tried = [await line.tried(one, NOON) for one in (first, second, third, other)]
    await line.end_as(first, "refused", "status_forbids", NOON)
    with_a_person = await beat.run_once(NOON + BEAT)
    await line.end_as(first, "done", "", NOON + BEAT)
    after = [await beat.run_once(NOON + BEAT)]
    await line.end_as(second, "done", "", NOON + BEAT)

    after.append(await beat.run_once(NOON + BEAT))

    assert (tried, with_a_person, after) == ([True, False, False, True], 0, [1, 1])
    assert (await line.row(third)).through_hold


async def test_one_entry_goes_first_and_nothing_follows_it_until_its_end_is_known(line: Line) -> None:
    """Nobody goes while the way is down; once it answers one does, be it in doubt; down again, that is back."""
    items = [await line.held(f"470000{number}", NOON + number * BEAT) for number in range(3)]
    beat = beat_of(line)
    down = await beat.run_once(NOON)
    await line.stands(WayState.TRYING, NOON)
    went = [await beat.run_once(NOON + BEAT), await beat.run_once(NOON + 2 * BEAT)]
    through = (await line.row(items[0])).through_hold
    await line.stands(WayState.DOWN, NOON)
    again = await beat.run_once(NOON + 3 * BEAT)
    back = [await line.tried(one, NOON) for one in items]
    await line.stands(WayState.TRYING, NOON)
    await beat.run_once(NOON + 4 * BEAT)
    async with line.database.session() as session:
        (await session.get_one(WorkItem, items[0].id)).state = State.UNKNOWN

    in_doubt = await beat.run_once(NOON + 5 * BEAT)

    assert (down, went, through) == (0, [1, 0], True)
    assert (again, back, in_doubt) == (0, [False] * 3, 0)


async def test_who_was_let_go_stands_in_line_again_when_the_way_goes_away_once_more(line: Line) -> None:
    """A second outage takes the rest of the first one's line, its place and all; the first one is over."""
    items = [await line.held(f"47000{number:02}", NOON + number * BEAT) for number in range(ROOM + 2)]
    await line.over(NOON)
    await beat_of(line).run_once(NOON)
    second = await an_outage(line.database, NOON + BEAT)

    await beat_of(line).run_once(NOON + 2 * BEAT)

    assert {(await line.row(one)).held_behind for one in items} == {second.hold_id}
    assert not any([await line.tried(one, NOON) for one in items])
    assert (await line.outage()).stage is OutageStage.OVER


async def test_new_failures_halt_the_line_until_somebody_says_to_go_on(line: Line) -> None:
    """Three different entries that fail with none in between stop it, and it is said why; a refusal is none of them."""
    items = [await line.held(f"47000{number:02}", NOON) for number in range(ROOM + 8)]
    await line.over(NOON)
    beat, drains = beat_of(line), Drains(line.database)
    await beat.run_once(NOON)
    gone = [one for one in items if (await line.row(one)).through_hold]
    ends = ["broken", "refused", "broken", "unknown", "unknown"]
    for number, (one, how) in enumerate(zip(gone, ends, strict=False)):
        await line.end_as(one, how, "element_twice", NOON + timedelta(seconds=number))
    halted = await beat.run_once(NOON + 2 * BEAT)
    await line.end_as(gone[5], "done", "", NOON + timedelta(seconds=7))
    still = await beat.run_once(NOON + 3 * BEAT)
    outage = await line.outage()
    said = await drains.go_on(line.outage_id, SAM, NOON + 3 * BEAT)

    went = await beat.run_once(NOON + 4 * BEAT)

    assert outage.halted_why.startswith(f"{HALT_AFTER} entries that were let go failed")
    assert (halted, still, went) == (0, 0, 6)
    assert said == "The line of the Order desk goes on, as fast as the system takes it."


async def test_a_rate_is_said_of_what_comes_and_of_what_goes(line: Line) -> None:
    """While the outage stands nothing is let go yet, and the sentence does not say so."""
    await line.held("4700001", NOON)
    said = [await Drains(line.database).pace(line.outage_id, 6, SAM, NOON)]
    await line.over(NOON)
    said.append(await Drains(line.database).pace(line.outage_id, None, SAM, NOON))
    assert [one.removeprefix("The line of the Order desk ") for one in said] == [
        "will be let go at 6 a minute.", "is let go as fast as the system takes it."
    ]  # fmt: skip


async def test_the_line_waits_for_the_hours_of_its_system(line: Line, tmp_path: Path) -> None:
    """An outage that ends at night is made good in the morning."""
    await line.held("4700001", NOON)
    await line.over(NOON)
    hours = tmp_path / "systems.toml"
    hours.write_text('[orderdesk.production]\nhours = ["Mon-Sun 13:00-14:00"]\n', "utf-8")
    beat = HeldLine(line.database, Seatings(hours))

    went = [await beat.run_once(NOON + timedelta(minutes=minute)) for minute in (0, 59, 60)]

    assert went == [0, 0, 1]


@pytest.mark.failure_mode("F27")
async def test_an_operator_who_drains_twice_changes_nothing_and_reads_why(line: Line) -> None:
    """F27: a drain while one runs, of an outage that stands, of an empty line, at no rate: a sentence, nothing else."""
    await line.held("4700001", NOON)
    drains, said = Drains(line.database), []

    async def refused(word: Callable[[], Awaitable[str]]) -> None:
        before = await line.outage()
        with pytest.raises(DrainRefused) as refusal:
            await word()
        said.append(str(refusal.value))
        assert (await line.outage()).model_dump() == before.model_dump()

    def go_on() -> Awaitable[str]:
        return drains.go_on(line.outage_id, SAM, NOON)

    def pace(rate: float) -> Callable[[], Awaitable[str]]:
        return lambda: drains.pace(line.outage_id, rate, SAM, NOON)

    await refused(go_on)
    await refused(pace(0))
    await paced(line, 20)
    await line.over(NOON)
    await beat_of(line).run_once(NOON)
    await refused(go_on)
    await line.enter(NOON)
    await beat_of(line).run_once(NOON + BEAT)
    await refused(pace(30))

    assert said == [
        "Nothing was changed. The line of the Order desk waits for the end of the outage.",
        "Nothing was changed. A rate is more than 0 and at most 6,000 a minute.",
        "Nothing was changed. The line of the Order desk is being let go already, at 20 a minute.",
        "Nothing was changed. The line of the Order desk is empty: everything that stood in it went.",
    ]
    assert len(await line.let_go()) == 1
