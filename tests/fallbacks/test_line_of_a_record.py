"""The order of one record across every way to its system: nobody overtakes, nobody waits for a way not his own."""

import random
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, update

from core.work_item import State
from fallbacks.breaker import Source
from fallbacks.health import Health
from fallbacks.held_line import HeldLine
from records.database import Database
from records.holding_back import overtakes
from records.items import ItemView, view
from records.work_item import WorkItem
from systems.seating import Seatings
from systems.way import Way, WayState
from tests.support.failing import NOON
from tests.support.outage_line import WAY, Line, an_outage

BEAT = timedelta(seconds=3)
API = WAY._replace(route="api")


@pytest.fixture
async def line(database: Database) -> Line:
    """The order desk's screens are away; its other way is free."""
    return await an_outage(database, NOON)


async def by_api(line: Line, record: str, at: datetime) -> ItemView:
    """One more, by the other way."""
    item = await line.add(record, at)
    async with line.database.session() as session:
        await session.exec(update(WorkItem).where(col(WorkItem.id) == item.id).values(route="api"))
    return item


async def now_of(line: Line, item: ItemView) -> ItemView:
    """As it is known now."""
    async with line.database.session() as session:
        return await view(session, item.id)


def beat_of(line: Line) -> HeldLine:
    """The beat of one process."""
    return HeldLine(line.database, Seatings())


async def ended(line: Line, item: ItemView) -> None:
    """A person keyed it."""
    async with line.database.session() as session:
        gone = {"state": State.DONE, "ended_at": NOON, "held_behind": None}
        await session.exec(update(WorkItem).where(col(WorkItem.id) == item.id).values(**gone))


async def test_one_by_another_way_waits_for_the_earlier_one_and_no_longer(line: Line) -> None:
    """Its own way is free: it stands behind the earlier one of its record, and goes once that is in, outage or not."""
    first = await line.held("4700001", NOON)
    later = await by_api(line, "4700001", NOON + BEAT)
    stood = await line.tried(later, NOON + BEAT)
    before = await beat_of(line).run_once(NOON + 2 * BEAT)
    await ended(line, first)

    went = await beat_of(line).run_once(NOON + 3 * BEAT)

    row = await line.row(later)
    assert (stood, before, went, await line.let_go()) == (False, 0, 1, [later.id])
    assert (row.held_behind, row.through_hold, await line.tried(later, NOON + 3 * BEAT)) == (None, False, True)


async def test_one_by_another_way_is_not_the_one_that_goes_first(line: Line) -> None:
    """It would say nothing of the way that is tried: it goes by its own, and one of that way goes first."""
    first = await line.held("4700001", NOON)
    later = await by_api(line, "4700001", NOON + BEAT)
    assert not await line.tried(later, NOON + BEAT)
    of_the_way = await line.held("4700002", NOON + 2 * BEAT)
    await ended(line, first)
    await line.stands(WayState.TRYING, NOON + 3 * BEAT)

    went = await beat_of(line).run_once(NOON + 3 * BEAT)

    assert (went, set(await line.let_go())) == (2, {later.id, of_the_way.id})
    assert ((await line.row(later)).through_hold, (await line.row(of_the_way)).through_hold) == (False, True)


async def test_one_that_waited_for_its_seat_does_not_overtake_who_came_to_stand_in_line(line: Line) -> None:
    """Between its turn and its seat the earlier one of its record was held: it is not tried, and stands there too."""
    first = await line.add("4700001", NOON)
    later = await by_api(line, "4700001", NOON + BEAT)
    free = await line.tried(later, NOON + BEAT)
    async with line.database.session() as session:
        before = await overtakes(session, await view(session, later.id))
    assert not await line.tried(first, NOON + 2 * BEAT)

    async with line.database.session() as session:
        after = await overtakes(session, await view(session, later.id))

    assert (free, before, after, await line.tried(later, NOON + 3 * BEAT)) == (True, False, True, False)


async def test_a_line_of_which_nobody_can_go_first_does_not_keep_its_way_shut(line: Line) -> None:
    """All there wait for an earlier one that a person has: what else is done there proves that the way is back."""
    first = await line.held("4700001", NOON)
    await line.held("4700001", NOON + BEAT)
    async with line.database.session() as session:
        gone = {"state": State.WITH_PERSON, "held_behind": None}
        await session.exec(update(WorkItem).where(col(WorkItem.id) == first.id).values(**gone))
    health = Health(line.database)
    await line.stands(WayState.TRYING, NOON + BEAT)

    heard = await health.note(WAY, ok=True, source=Source.LOOK, now=NOON + 2 * BEAT)

    assert heard is WayState.UP


async def steered(health: Health, act: str, way: Way, now: datetime) -> None:
    """Somebody takes a way out of use, or it is used again and answers."""
    if act == "isolate":
        await health.isolate([way], by="sam@example.org", why="seen", now=now)
    else:
        await health.resume([way], by="sam@example.org", why="seen", now=now)
        await health.note(way, ok=True, source=Source.PROBE, now=now)


async def entered(line: Line, items: list[ItemView], now: datetime, chance: float, draw: random.Random) -> list[str]:
    """Bots enter what is free to go; of what was let go only some, the rest takes its time."""
    done = []
    for item in items:
        row = await line.row(item)
        if row.ended_at is None and await line.tried(item, now) and (not row.through_hold or draw.random() < chance):
            await ended(line, item)
            await Health(line.database).note(WAY._replace(route=row.route), ok=True, source=Source.ENTRY, now=now)
            done.append(item.reference)
    return done


async def test_the_order_of_each_record_is_kept_whichever_way_each_takes(line: Line) -> None:
    """Two ways that come and go, entries by either: each record's are entered in their order, and all in the end."""
    draw, health, now = random.Random(6), Health(line.database), NOON
    items: list[ItemView] = []
    ledger: list[str] = []
    for _ in range(14):
        now += BEAT
        new = by_api if draw.random() < 0.5 else Line.add
        items.append(await new(line, f"470000{draw.randrange(2)}", now))
        if draw.random() < 0.3:
            await steered(health, draw.choice(["isolate", "resume"]), draw.choice([WAY, API]), now)
        await beat_of(line).run_once(now)
        ledger += await entered(line, items, now, 0.5, draw)
    for _ in range(14):
        now += BEAT
        for way in (WAY, API):
            await steered(health, "resume", way, now)
        await beat_of(line).run_once(now)
        ledger += await entered(line, items, now, 1, draw)

    place = {item.reference: (item.target_key, number) for number, item in enumerate(items)}
    assert sorted(ledger) == sorted(place), "somebody waits for ever"
    for record in {item.target_key for item in items}:
        order = [place[one] for one in ledger if place[one][0] == record]
        assert order == sorted(order)
