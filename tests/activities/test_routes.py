"""The step that chooses a way: moved or in line, logged once with what it was made from, and asked again in time."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update
from temporalio.testing import ActivityEnvironment

from activities.routes import ChooseRoute, Chosen, Routes
from console import words
from core import clock
from fallbacks.routes_again import RoutesAgain
from records.database import Database
from records.health import Outage
from records.holding_back import hold_back
from records.items import ItemView, view
from records.outbox import OutboxRow
from records.route_choice import RouteChoice
from records.trail import Event
from records.work_item import WorkItem
from systems.base import PERSON
from systems.registry import SYSTEMS
from tests.activities.shop import SHOP, Shop, intent, planned
from tests.support.held_way import free_way, hold_way

WAYS = ("bot", "api")


async def note(database: Database, **columns: Any) -> ItemView:
    """A note for the shop, to be made by its API."""
    item = await planned(database, intent("note", what="new"))
    async with database.session() as session:
        await session.exec(update(WorkItem).where(col(WorkItem.id) == item.id).values(route="api", **columns))
    async with database.session() as session:
        return await view(session, item.id)


async def chosen(database: Database, item: ItemView, ways: tuple[str, ...] = WAYS) -> Chosen:
    """It meets the hold, and asks."""
    async with database.session() as session:
        await hold_back(session, item, clock.now())
    asked = ChooseRoute(item_id=item.id, fence=item.fence, ways=ways, at=clock.now())
    found: Chosen = await ActivityEnvironment().run(Routes(database).choose, asked)
    return found


async def choices(database: Database) -> list[tuple[str, str, str]]:
    """From which way to which, by which rule, in order."""
    async with database.session() as session:
        rows = await session.exec(select(RouteChoice).order_by(col(RouteChoice.at)))
        return [(row.from_route, row.to_route, row.rule) for row in rows]


async def said(database: Database) -> list[str]:
    """What the timeline says of them."""
    async with database.session() as session:
        rows = await session.exec(select(Event).where(Event.name == "item.route_chosen").order_by(col(Event.id)))
        return [words.event(row.name, row.system, row.data) for row in rows]


async def test_an_entry_is_moved_to_the_way_that_is_free(database: Database, shop: Shop) -> None:
    """It keeps its identity and stands in no line; the choice is kept, and said in words; a stale word moves none."""
    await hold_way(database, "shop", "api")
    item = await note(database)

    moved, again = await chosen(database, item), await chosen(database, item)

    assert (moved.item.route, moved.item.state, moved.in_line) == ("bot", "ready", False)
    assert (moved.item.reference, moved.item.fence) == (item.reference, item.fence + 1)
    assert (moved.item.held_behind, again.item, again.in_line) == (None, moved.item, False)
    assert await choices(database) == [("api", "bot", "next_way")]
    assert await said(database) == ["“Note” goes by bot: nothing goes by the API at the moment, and this way is free"]


@pytest.mark.failure_mode("F25")
@pytest.mark.parametrize("columns", [{"doubts": 1}, {"parts_done": 1}, {"confirmation": "C-1"}])
async def test_what_may_be_in_stays_on_its_way(columns: dict[str, Any], database: Database, shop: Shop) -> None:
    """F25: an entry that the API may have made is not given to the bot that is free, whatever the playbook says."""
    await hold_way(database, "shop", "api", playbook={"routes": {"*": "bot"}})
    item = await note(database, **columns)

    kept, again = await chosen(database, item), await chosen(database, item)

    assert (kept.item.route, kept.item.fence, kept.in_line, again.in_line) == ("api", item.fence, True, True)
    assert kept.item.held_behind is not None
    assert await choices(database) == [("api", "deferred", "barred")]
    assert [line.rpartition(", ")[2] for line in await said(database)] == [
        "and it may be in already: no other way is taken before somebody has looked"
    ]


async def test_a_doubt_that_a_look_settled_bars_nothing(database: Database, shop: Shop) -> None:
    """Looked for and not there: the other way is free to make it."""
    await hold_way(database, "shop", "api")

    moved = await chosen(database, await note(database, doubts=1, reentries=1))

    assert moved.item.route == "bot"


async def test_a_further_way_is_taken_without_a_word_in_any_journey(
    database: Database, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that declares one more way, with a bot for it: entries take it; without a bot for it they do not."""
    monkeypatch.setitem(SYSTEMS, "shop", dataclasses.replace(SHOP, routes=("api", "mail", "bot")))
    await hold_way(database, "shop", "api")

    by_mail = await chosen(database, await note(database), ("api", "mail", "bot"))
    by_bot = await chosen(database, await note(database), ("api", "bot"))

    assert (by_mail.item.route, by_bot.item.route) == ("mail", "bot")
    assert (await said(database))[0].startswith("“Note” goes by mail: ")


async def test_what_does_not_wait_goes_to_a_person(
    database: Database, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation whose chain holds no line, and one that a playbook gives to people: to be keyed by hand."""
    one = dataclasses.replace(SHOP.operations["note"], routes=("api", PERSON))
    monkeypatch.setitem(SYSTEMS, "shop", dataclasses.replace(SHOP, operations={**SHOP.operations, "note": one}))
    hold = await hold_way(database, "shop", "api")

    at_once = await chosen(database, await note(database))
    monkeypatch.setitem(SYSTEMS, "shop", SHOP)
    async with database.session() as session:
        (await session.get_one(Outage, hold.outage_id)).playbook = {"routes": {"note": PERSON, "*": "deferred"}}
    by_playbook = await chosen(database, await note(database))

    assert [(one.item.state, one.item.code, one.in_line) for one in (at_once, by_playbook)] == [
        ("with_person", "by_hand", False),
        ("with_person", "by_hand", False),
    ]
    assert [rule for *_, rule in await choices(database)] == ["no_waiting", "playbook"]


async def test_who_stands_in_line_chooses_anew_when_another_way_is_free_again(database: Database, shop: Shop) -> None:
    """Woken once when the other way goes again, and once when a playbook is chosen; nobody else is woken."""
    held, other = await hold_way(database, "shop", "api"), await hold_way(database, "shop", "bot")
    waits, barred = await note(database), await note(database, parts_done=1, target_key="N-2")
    for item in (waits, barred):
        await chosen(database, item)
    beat = RoutesAgain(database)

    before = await beat.run_once(clock.now())
    await free_way(database, other)
    freed = [await beat.run_once(clock.now()) for _ in range(2)]
    moved = await chosen(database, waits)
    async with database.session() as session:
        outage = await session.get_one(Outage, held.outage_id)
        outage.playbook, outage.playbook_at = {"routes": {"*": PERSON}}, clock.now() + timedelta(seconds=1)
    chosen_playbook = await beat.run_once(clock.now() + timedelta(seconds=2))

    assert (before, freed, moved.item.route, chosen_playbook) == (0, [2, 0], "bot", 1)
    async with database.session() as session:
        woken = [row.workflow_id for row in await session.exec(select(OutboxRow)) if row.signal == "let_go"]
    assert sorted(woken) == sorted([f"item/{waits.id}", f"item/{barred.id}", f"item/{barred.id}"])


async def test_of_one_record_who_came_first_chooses_first(database: Database, shop: Shop) -> None:
    """The other way is free again: the next entry of a record is woken once the one before it has ended, no sooner."""
    other = (await hold_way(database, "shop", "api"), await hold_way(database, "shop", "bot"))[1]
    first, second = await note(database), await note(database)
    for item in (first, second):
        await chosen(database, item)
    await free_way(database, other)
    beat = RoutesAgain(database)

    woken = [await beat.run_once(clock.now()) for _ in range(2)]
    await chosen(database, first)
    woken.append(await beat.run_once(clock.now()))
    async with database.session() as session:
        (await session.get_one(WorkItem, first.id)).ended_at = clock.now()
    woken.append(await beat.run_once(clock.now()))

    assert woken == [1, 0, 0, 1]
    async with database.session() as session:
        rows = list(await session.exec(select(OutboxRow).order_by(col(OutboxRow.created_at))))
    assert [row.workflow_id for row in rows] == [f"item/{first.id}", f"item/{second.id}"]
