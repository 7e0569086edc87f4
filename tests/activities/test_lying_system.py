"""A system that says saved and saves nothing: after a few it counts as not there, before its whole line goes so."""

from core.faults import AnswerBroken, ConfirmedButAbsent, Unknown
from records import health
from records.database import Database
from systems.registry import SYSTEMS
from systems.way import Way, WayState
from tests.activities.shop import Bots, Shop, intent, planned
from tests.activities.toy_desk import raises


async def test_a_confirmation_of_nothing_speaks_against_the_way(bots: Bots, shop: Shop, database: Database) -> None:
    """F30: a change that is confirmed and not there is a doubt, and a fault of its way: enough of them hold it."""
    wanted, shop.commits = SYSTEMS["shop"].open_after, False
    doubtful = []

    for number in range(wanted):
        shop.rows.append(("note", str(number), "BTN-OLD", "old"))
        item = await planned(database, intent("rename", str(number), what="new", before={"what": "old"}))
        doubtful.append((await bots.enters(item)).item.state)

    async with database.session() as session:
        standing = await health.state_of(session, Way("shop"))
    assert standing is not None
    assert doubtful == ["unknown"] * wanted
    assert (standing.state, standing.code) == (WayState.DOWN, ConfirmedButAbsent.code)


async def test_entries_that_fail_hold_a_way_that_can_be_read(bots: Bots, shop: Shop, database: Database) -> None:
    """F30: what answers a save makes no sense, every look is answered well: only an entry that is in speaks for it."""
    wanted, shop.commits = SYSTEMS["shop"].open_after, False
    shop.mishaps["submit"] = raises(Unknown("what answers is none of its screens"))

    for number in range(wanted):
        item = await planned(database, intent("note", str(number), what="new"))
        await bots.enters(item)
        if number < wanted - 1:
            await bots.looks(item)

    async with database.session() as session:
        standing = await health.state_of(session, Way("shop"))
    assert standing is not None
    assert (standing.state, standing.code) == (WayState.DOWN, AnswerBroken.code)
