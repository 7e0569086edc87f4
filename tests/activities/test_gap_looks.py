"""F58: after a restore every entry that the backup may be wrong about is looked for before its bots are let go."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from activities.gap_looks import GapLooks
from activities.look import Look
from activities.seat import Seats
from baton.backup import gap
from core.faults import SystemDown
from core.work_item import State
from fallbacks.health import Health, IsolationRefused, ways_of
from records import gap_look
from records.database import Database
from records.evidence_store import EvidenceStore
from records.gap_look import GapLook, GapStanding
from records.health import HealthSpan
from records.items import ItemView
from records.work_item import Attempt, WorkItem
from systems.way import Way
from tests.activities.shop import RUNNER, WAY, Shop, intent, planned, shop

__all__ = ["shop"]
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SHOP = ("shop", "production")
CLAIMED = text("UPDATE gap_looks SET next_at = clock_timestamp() + make_interval(mins => :at) WHERE item_id = :id")
pytestmark = pytest.mark.failure_mode("F58")


def bots(database: Database, shop: Shop, folder: Path) -> GapLooks:
    """What one bot process looks with, at two seats."""
    look = Look(database, {WAY: shop}, EvidenceStore.local(folder), Seats(database, RUNNER, 6), RUNNER)
    return GapLooks(database, look, {SHOP: 2})


async def restored(database: Database) -> None:
    """The store comes from a backup."""
    await gap.hold(database.url, "it", "restored from backup of then", NOW)


async def put(database: Database, state: State, **content: str) -> ItemView:
    """An entry as the backup has it."""
    item = await planned(database, intent("note", **content))
    async with database.session() as session:
        found = await session.get_one(WorkItem, item.id)
        found.state = state
    return item


async def stands(database: Database) -> GapStanding | None:
    """How far the looks are."""
    async with database.session() as session:
        return (await gap_look.standing(session)).get(SHOP)


async def states(database: Database) -> dict[str, tuple[State, str]]:
    """How each order's entry stands, and why."""
    async with database.session() as session:
        return {item.target_key: (item.state, item.code) for item in await session.exec(select(WorkItem))}


async def test_what_no_look_can_settle_goes_to_a_person_and_the_rest_is_let_go(
    database: Database, shop: Shop, tmp_path: Path
) -> None:
    """While bots are held: not a click, one look at each, and only then the system is used again."""
    there = await put(database, State.READY, order_no="1", what="a")
    await put(database, State.RUNNING, order_no="2", what="b")
    other = await put(database, State.READY, order_no="3", what="c")
    doubt = await put(database, State.UNKNOWN, order_no="4", what="d")
    twice = await put(database, State.SUBMITTING, order_no="5", what="e")
    mine = await put(database, State.WITH_PERSON, order_no="6", what="f")
    await put(database, State.NEW, order_no="7", what="g")
    shop.rows = [("note", one.target_key, one.reference, one.content["what"]) for one in (there, doubt, mine)]
    shop.rows += [("note", "3", other.reference, "another"), *[("note", "5", twice.reference, "e")] * 2]
    await restored(database)
    health = Health(database)

    with pytest.raises(IsolationRefused, match="Entries that nobody has looked for yet since the restore: 6"):
        await health.resume(ways_of("shop"), by="it", why="a guess")
    looks = await bots(database, shop, tmp_path).run_once()
    again = await bots(database, shop, tmp_path).run_once()

    after = await stands(database)
    assert (looks, again, shop.looks, shop.clicks) == (6, 0, 6, [])
    assert after == GapStanding(entries=6, looked=6, there=3, people=2)
    assert after.sentence == "Since the restore 6 of 6 entries looked for: 3 there, 2 to people."
    assert await states(database) == {
        "1": (State.READY, ""),
        "2": (State.RUNNING, ""),
        "3": (State.WITH_PERSON, "conflict"),
        "4": (State.UNKNOWN, ""),
        "5": (State.WITH_PERSON, "ambiguous"),
        "6": (State.WITH_PERSON, ""),
        "7": (State.NEW, ""),
    }
    assert len(await health.resume(ways_of("shop"), by="it", why="looked")) == 2
    assert await stands(database) is None


async def test_a_system_that_does_not_answer_stays_held_until_somebody_says_why(
    database: Database, shop: Shop, tmp_path: Path
) -> None:
    """It is asked again, and a time out of use that ends lets nothing go; a reason does, and stays."""

    async def down() -> None:
        raise SystemDown

    shop.mishaps["find"] = down
    await put(database, State.READY, order_no="1")
    await restored(database)
    health = Health(database)
    await health.isolate(ways_of("shop"), by="sam", why="for an hour", until=datetime(2100, 1, 1, tzinfo=UTC))

    looks = await bots(database, shop, tmp_path).run_once()
    async with database.session() as session:
        await (await session.connection()).execute(text("UPDATE gap_looks SET next_at = NULL"))
    again = await bots(database, shop, tmp_path).run_once()
    expired = await health.expire(datetime(2100, 1, 2, tzinfo=UTC))
    standing = await stands(database)
    with pytest.raises(IsolationRefused, match="--unlooked"):
        await health.resume([Way("shop")], by="it", why="a guess")
    await health.resume(ways_of("shop"), by="it", why="it will be slow", unlooked=True)

    async with database.session() as session:
        spans = await session.exec(select(HealthSpan).where(HealthSpan.system == "shop"))
        whys = {span.why for span in spans if span.ended is None}
    assert (looks, again, expired) == (1, 1, 0)
    assert standing == GapStanding(entries=1, looked=0, there=0, people=0, code="system_down")
    assert "1 left. The system does not answer" in standing.sentence
    assert whys == {"it will be slow (1 not looked for since the restore)"}
    assert await states(database) == {"1": (State.READY, "")}


async def test_several_processes_look_once_and_a_dead_ones_look_is_made_anew(
    database: Database, shop: Shop, tmp_path: Path
) -> None:
    """Three of them share twelve entries; of two looks that nobody ended, the one that is old enough is made again."""
    entries = [await put(database, State.READY, order_no=str(number)) for number in range(14)]
    await restored(database)
    async with database.session() as session:
        for item, minutes in ((entries[0], 60), (entries[1], -1)):
            await (await session.connection()).execute(CLAIMED, {"at": minutes, "id": item.id})

    looks, processes = 0, [bots(database, shop, tmp_path) for _ in range(3)]
    while made := sum(await asyncio.gather(*(one.run_once() for one in processes))):
        looks += made

    async with database.session() as session:
        left = [one.item_id for one in await session.exec(select(GapLook)) if one.looked_at is None]
        tries = [one.item_id for one in await session.exec(select(Attempt)) if one.purpose == "gap"]
    assert left == [entries[0].id]
    assert sorted(tries) == sorted(one.id for one in entries[1:])
    assert looks == len(tries)
