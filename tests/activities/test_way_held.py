"""A way that is not there: nothing knocks on it or is burnt, and the first one through says whether it is back."""

import pytest

from core import clock
from core.faults import Conflict, SystemDown, SystemHeld
from core.outcome import Outcome
from core.work_item import State
from fallbacks.breaker import Source
from fallbacks.health import Health, ways_of
from records import held_line
from records.database import Database
from records.items import ItemView
from systems.way import Way, WayState
from tests.activities.shop import Bots, Shop, intent, planned
from tests.activities.toy_desk import raises

WAY = Way("shop")


async def fails(bots: Bots, shop: Shop, *items: ItemView) -> list[State]:
    """Each is tried while the shop does not answer; how each stands then."""
    shop.mishaps["find"] = raises(SystemDown())
    for item in items:
        await bots.enters(item)
    return [(await bots.item(item)).state for item in items]


async def tried_again(database: Database) -> None:
    """A probe was answered, and the first of the line is let go."""
    await Health(database).note(WAY, ok=True, source=Source.PROBE)
    async with database.session() as session:
        (hold,) = await held_line.undrained(session)
        assert await held_line.let_go(session, hold.id, 1, clock.now()) == 1


async def state(database: Database) -> WayState:
    """How the shop's way stands."""
    return {row.way: row.state for row in await Health(database).standing(clock.now())}[WAY]


@pytest.mark.failure_mode("F23")
async def test_the_try_that_finds_the_way_held_is_none_and_no_other_one_is_made(
    database: Database, bots: Bots, shop: Shop
) -> None:
    """F23: the third fault holds the way: that entry stays ready, no try burnt, and the next is not tried at all."""
    items = [await planned(database, intent("note", str(number), what="x")) for number in range(4)]
    states = await fails(bots, shop, items[0], items[1])

    third = await bots.enters(items[2])
    looks = shop.looks
    fourth = await bots.enters(items[3])

    kept = await bots.item(items[2])
    assert states == [State.BROKEN, State.BROKEN]  # each said to be its last try; two faults are no outage yet
    assert (third.outcome, third.code, kept.state, kept.attempts) == (Outcome.NOT_YET, "system_held", State.READY, 0)
    assert (fourth.code, shop.looks, kept.signature) == ("system_held", looks, "")


async def test_nobody_looks_at_a_way_that_is_held_and_the_doubt_stays(
    database: Database, bots: Bots, shop: Shop
) -> None:
    """A look says that the system is held and when it is asked again; the entry stays unknown."""
    shop.mishaps["submit"] = raises(SystemDown())
    item = await planned(database, intent("note", what="x"))
    await bots.enters(item)
    await Health(database).isolate([WAY], by="sam@example.org", why="a new release")
    looks = shop.looks

    with pytest.raises(SystemHeld):
        await bots.looks(item)

    assert (shop.looks, (await bots.item(item)).state) == (looks, State.UNKNOWN)


@pytest.mark.parametrize("good", [True, False])
async def test_the_one_that_goes_first_closes_the_outage_or_opens_it_again(
    database: Database, bots: Bots, shop: Shop, good: bool
) -> None:
    """One is let go while the way is tried: entered, the way is up; failed, it stands in line again, nothing burnt."""
    items = [await planned(database, intent("note", str(number), what="x")) for number in range(4)]
    await fails(bots, shop, *items)
    await tried_again(database)
    if good:
        shop.mishaps.pop("find")

    (first,) = [item for item in items if (await bots.item(item)).through_hold]
    await bots.enters(first)

    kept = await bots.item(first)
    assert await state(database) is (WayState.UP if good else WayState.DOWN)
    assert (kept.state, kept.attempts) == ((State.DONE, 1) if good else (State.READY, 0))
    assert not kept.through_hold


async def test_one_that_was_let_go_does_not_knock_on_a_way_that_is_down_again(
    database: Database, bots: Bots, shop: Shop
) -> None:
    """The probe was wrong: before the first one came to its try the way went down, and it stands in line again."""
    items = [await planned(database, intent("note", str(number), what="x")) for number in range(4)]
    await fails(bots, shop, *items)
    await tried_again(database)
    await Health(database).note(WAY, ok=False, code=SystemDown.code, source=Source.PROBE)
    (first,) = [item for item in items if (await bots.item(item)).through_hold]
    looks = shop.looks

    held = await bots.enters(first)

    assert (held.code, shop.looks, (await bots.item(first)).through_hold) == ("system_held", looks, False)


async def test_a_no_of_the_system_is_an_answer(database: Database, bots: Bots, shop: Shop) -> None:
    """Two faults, a refusal, two faults: the system is there."""
    items = [await planned(database, intent("note", str(number), what="x")) for number in range(5)]
    await fails(bots, shop, *items[:2])
    shop.mishaps["find"] = raises(Conflict())
    await bots.enters(items[2])

    await fails(bots, shop, *items[3:])

    assert await state(database) is WayState.UP


async def test_every_way_of_a_system_has_its_own_health(bots: Bots, database: Database) -> None:
    """The shop's screens are held; its API is not."""
    await Health(database).isolate(ways_of("shop", route="bot"), by="sam@example.org", why="a new release")

    assert await Health(database).shut(WAY._replace(route="api")) is None
