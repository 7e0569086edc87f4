"""Under watch: filled and left, until a person approves the form; entered only when it is filled just so again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bots.kit.contract import Job
from core import clock
from core.work_item import State
from records import items, watches
from records.items import ItemView, Move
from records.watches import Watch
from systems.base import System
from systems.registry import SYSTEMS
from tests.activities.shop import SHOP, Bots, Shop, intent, planned


async def watched(bots: Bots, first: int = 1, **more: Any) -> None:
    """A watch on the shop."""
    async with bots.database.session() as session:
        how: dict[str, Any] = {"first_items": first, "why": "a new form", "added_by": "test", "since": clock.now()}
        session.add(Watch(system="shop", **{**how, **more}))


async def approved(bots: Bots, item: ItemView, **changes: Any) -> None:
    """What the workflow writes once a supervisor approved what is filled."""
    now = await bots.item(item)
    values = {"approved": {**(now.filled or {}), **changes}, "code": ""}
    move = Move(item_id=now.id, fence=now.fence, to=State.READY, event="item.approved", values=values)
    async with bots.database.session() as session:
        assert await items.move(session, move, clock.now())


async def taken(bots: Bots) -> list[tuple[str, int, int]]:
    """Every watch: the version it is for, and how many of how many it stopped."""
    async with bots.database.session() as session:
        found = await session.exec(select(Watch))
        return [(watch.bot_version, watch.taken, watch.first_items) for watch in found]


async def test_a_watched_entry_stops_filled_and_goes_once_approved(bots: Bots, shop: Shop) -> None:
    """Nothing is clicked before the approval; after it the form is filled again, is the same, and is submitted once."""
    await watched(bots)
    item = await planned(bots.database, intent("note", what="hello"))

    stopped = (await bots.enters(item)).item
    clicks = list(shop.clicks)
    await approved(bots, item)
    done = (await bots.enters(item)).item

    assert (stopped.state, stopped.code, stopped.watched, clicks) == ("with_person", "under_watch", True, [])
    assert (stopped.filled or {})["values"] == {"what": "hello"}
    assert (done.state, done.adopted, shop.clicks) == ("done", False, [item.reference])


async def test_a_form_that_is_filled_otherwise_than_approved_stops_again(
    bots: Bots, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference is named field by field, the approval is gone, and nothing is clicked."""
    await watched(bots)
    item = await planned(bots.database, intent("note", what="hello"))
    await bots.enters(item)
    await approved(bots, item)

    async def mistyped(job: Job) -> dict[str, str]:
        return {"what": job.part.image["what"][:3]}

    monkeypatch.setattr(shop, "filled", mistyped)
    again = (await bots.enters(item)).item

    assert (again.state, again.code, again.approved, shop.clicks) == ("with_person", "under_watch", None, [])
    assert again.differences == [{"field": "what", "label": "What", "wanted": "hello", "seen": "hel"}]
    assert (again.filled or {})["values"] == {"what": "hel"}


@pytest.mark.parametrize("changes", [{"revision": 2}, {"part": 2}, {"route": "api"}])
async def test_an_approval_is_for_one_content_of_one_part_by_one_way(
    changes: dict[str, Any], bots: Bots, shop: Shop
) -> None:
    """The same texts approved for another revision, another part or another way do not let this one go."""
    await watched(bots)
    item = await planned(bots.database, intent("note", what="hello"))
    await bots.enters(item)

    await approved(bots, item, **changes)
    again = (await bots.enters(item)).item

    assert (again.code, again.differences, shop.clicks) == ("under_watch", [], [])


async def test_each_part_of_a_watched_entry_is_approved(bots: Bots, shop: Shop) -> None:
    """With the header in, the first line stops filled as well: what is in stays in."""
    await watched(bots)
    item = await planned(bots.database, intent("order", lines=("a",)))
    await bots.enters(item)
    await approved(bots, item)

    second = (await bots.enters(item)).item
    await approved(bots, item)
    done = (await bots.enters(item)).item

    assert (second.code, second.parts_done, (second.filled or {})["part"]) == ("under_watch", 1, 2)
    assert (done.state, shop.clicks) == ("done", [f"{item.reference}P1", f"{item.reference}P2"])


async def test_a_watch_counts_items_and_then_is_over(bots: Bots, shop: Shop) -> None:
    """Of three notes at once two are stopped, a try counts once, and what is not named is not watched."""
    await watched(bots, first=2, operation="note")
    notes = [await planned(bots.database, intent("note", str(number), what="x")) for number in range(3)]
    other = await planned(bots.database, intent("refund", "9", what="1.00"))

    ended = [(await bots.enters(item)).item.code for item in notes]
    await approved(bots, notes[0])
    await bots.enters(notes[0])
    refund = (await bots.enters(other)).item

    assert ended == ["under_watch", "under_watch", ""]
    assert await taken(bots) == [("", 2, 2)]
    assert refund.state == "done"


async def test_two_claims_at_once_take_no_more_than_there_is(bots: Bots) -> None:
    """A watch on one item stops one of two that are claimed at the same moment."""
    await watched(bots)
    both = [await planned(bots.database, intent("note", str(number), what="x")) for number in range(2)]

    ended = await asyncio.gather(*(bots.enters(item) for item in both))

    assert sorted(performed.item.code for performed in ended) == ["", "under_watch"]


async def test_the_first_items_of_a_new_bot_version_are_watched(
    bots: Bots, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that has entered before is not new, one that never did is watched for as many items as declared."""
    first, second, third = [await planned(bots.database, intent("note", str(number), what="x")) for number in range(3)]
    before = (await bots.enters(first)).item
    monkeypatch.setitem(SYSTEMS, "shop", System(**{**vars(SHOP), "watch_new_version": 1}))

    known = (await bots.enters(second)).item
    shop.version = "toy-2"
    new = (await bots.enters(third)).item

    assert (before.state, known.state, new.code) == ("done", "done", "under_watch")
    assert await taken(bots) == [("toy-2", 1, 1)]


async def test_a_watch_that_begins_later_stops_nothing_before(bots: Bots) -> None:
    """It was noted ahead of a change: what is entered until then goes, and the watch has all of its items left."""
    await watched(bots, since=clock.now() + timedelta(days=1))

    ended = (await bots.enters(await planned(bots.database, intent("note", what="hello")))).item

    assert (ended.state, await taken(bots)) == ("done", [("", 0, 1)])


async def test_an_ended_watch_stops_nothing_more(bots: Bots) -> None:
    """What it stopped stays stopped; the next item goes."""
    await watched(bots, first=5)
    first, second = [await planned(bots.database, intent("note", str(number), what="x")) for number in range(2)]
    await bots.enters(first)

    async with bots.database.session() as session:
        ended = await watches.end(session, "", clock.now())
        again = await watches.end(session, "", clock.now())
    later = (await bots.enters(second)).item

    assert ended is not None
    assert again is None
    assert ((await bots.item(first)).code, later.state) == ("under_watch", "done")
