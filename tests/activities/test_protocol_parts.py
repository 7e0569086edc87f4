"""Entries of several commits: what is in stays in, and every try begins at the first part that is missing."""

import pytest
from sqlmodel import col, select

from activities import perform, steps
from core import clock
from core.crash_points import POINTS
from core.faults import BrowserDied, StatusForbids
from core.work_item import State
from records import attempts, items
from records.items import ItemView
from records.work_item import ItemPart
from tests.activities.shop import Bots, Shop, intent, planned

LINES = ("chair", "table")


class Killed(BaseException):
    """The end of a bot process, as far as a test's own process can have one."""


async def parts_of(bots: Bots, item: ItemView) -> list[tuple[int, str, bool]]:
    """The parts that are in: number, name, and whether it was there already."""
    async with bots.database.session() as session:
        found = await session.exec(select(ItemPart).where(ItemPart.item_id == item.id).order_by(col(ItemPart.number)))
        return [(part.number, part.name, part.adopted) for part in found]


async def again(bots: Bots, item: ItemView) -> None:
    """A person sends it again."""
    now = await bots.item(item)
    move = items.Move(item_id=item.id, fence=now.fence, to=State.READY, event="item.retried")
    async with bots.database.session() as session:
        assert await items.move(session, move, clock.now())


async def test_all_parts_are_entered_in_order(bots: Bots, shop: Shop) -> None:
    """Header and lines, each with a reference and a row of its own; the item is done with the last one."""
    item = await planned(bots.database, intent("order", lines=LINES))

    done = (await bots.enters(item)).item

    assert shop.clicks == [f"{item.reference}P{number}" for number in (1, 2, 3)]
    assert (done.state, done.parts_done, done.confirmation) == ("done", 3, f"C-{item.reference}P3")
    assert await parts_of(bots, item) == [(1, "header", False), (2, "line-1", False), (3, "line-2", False)]


async def test_a_hand_back_begins_at_the_first_missing_part(bots: Bots, shop: Shop) -> None:
    """Refused at its second part: one of three is in, and stays in; sent again, the second and third are entered."""
    item = await planned(bots.database, intent("order", lines=LINES))
    refusals = iter([None, StatusForbids()])

    async def once() -> None:
        fault = next(refusals, None)
        if fault is not None:
            shop.rows.pop()
            raise fault

    shop.mishaps["submit"] = once
    refused = (await bots.enters(item)).item
    await again(bots, item)
    done = (await bots.enters(item)).item

    assert (refused.state, refused.parts_done) == ("refused", 1)
    assert (done.state, done.parts_done) == ("done", 3)
    assert [row[3] for row in shop.rows] == ["1", "chair", "table"]


async def test_a_part_that_is_there_is_adopted_and_the_next_goes_on(bots: Bots, shop: Shop) -> None:
    """The first line is there already: it is not entered again, and the second is."""
    item = await planned(bots.database, intent("order", lines=LINES))
    shop.rows.append(("order", "1", f"{item.reference}P2", "chair"))

    await bots.enters(item)

    assert shop.clicks == [f"{item.reference}P1", f"{item.reference}P3"]
    assert await parts_of(bots, item) == [(1, "header", False), (2, "line-1", True), (3, "line-2", False)]


async def test_a_process_that_dies_between_parts_loses_none(bots: Bots, shop: Shop) -> None:
    """Lost after the first part was confirmed: ready again, one part in, and the second try begins at the second."""
    item = await planned(bots.database, intent("order", lines=LINES))
    finds = iter([None, None, Killed()])  # the second is the read-back of the first part

    async def next_find() -> None:
        fault = next(finds, None)
        if fault is not None:
            raise fault

    shop.mishaps["find"] = next_find
    with pytest.raises(Killed):
        await bots.enters(item)
    settled = await bots.settles(item, item.fence)
    done = (await bots.enters(item)).item

    assert (settled.state, settled.parts_done) == ("ready", 1)
    assert (done.state, len(shop.clicks)) == ("done", 3)


async def test_a_doubt_about_one_part_is_about_that_part(bots: Bots, shop: Shop) -> None:
    """The browser dies after the second click: unknown with one part in, and the look is for the second part."""
    item = await planned(bots.database, intent("order", lines=LINES))
    deaths = iter([None, BrowserDied()])

    async def second_click() -> None:
        fault = next(deaths, None)
        if fault is not None:
            raise fault

    shop.mishaps["submit"] = second_click
    doubtful = (await bots.enters(item)).item
    looked = await bots.looks(item)

    assert (doubtful.state, doubtful.parts_done, doubtful.doubts) == ("unknown", 1, 1)
    assert (looked.answer, looked.wanted, looked.confirmation) == ("equal", {"what": "chair"}, f"C-{item.reference}P2")


@pytest.mark.parametrize("operation", ["order", "note", "rename", "refund", "drop", "fax"])
async def test_every_kind_and_part_reaches_every_point(
    operation: str, bots: Bots, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F01 to F05 can happen to each of them: a bot process can be killed at every named point of every part."""
    reached: list[str] = []
    for module in (perform, steps):
        monkeypatch.setattr(module, "reach", lambda point, _: reached.append(point))
    if operation in ("drop", "rename"):
        shop.rows.append(("note", "1", "BTN-OLD", "old"))
    wanted = intent(operation, lines=("chair",), what="new", before={"what": "old"})

    done = (await bots.enters(await planned(bots.database, wanted))).item

    each = ["after_find", "before_guard", "after_guard", "after_submit", "after_confirm"]
    count = 2 if operation == "order" else 1
    assert done.state == "done"
    assert reached == ["before_intent", *(each * count), "before_report"]
    assert set(reached) == set(POINTS) - {"relay_after_start"}


async def test_no_write_of_a_part_passes_a_stale_fence(bots: Bots, shop: Shop) -> None:
    """Settled while its first part was being read back: the part is not booked, and the try enters nothing more."""
    item = await planned(bots.database, intent("order", lines=LINES))

    async def settled() -> None:
        await bots.settles(item, item.fence)

    shop.mishaps["read_back"] = settled
    with pytest.raises(Exception, match="Another holder took over"):
        await bots.enters(item)
    now = await bots.item(item)

    assert (now.state, now.parts_done, len(shop.clicks)) == ("unknown", 0, 1)
    assert await parts_of(bots, item) == []
    assert shop.kills == 1
    async with bots.database.session() as session:
        assert await attempts.unproven(session, item.id) == []
