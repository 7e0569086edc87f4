"""An entry and its case against somebody who wants a duplicate, a lie or a standstill."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest

from bots.kit.contract import Route, RouteKey
from core.faults import NoSeat, Unknown
from records.people import Role
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from tests.activities.toy_desk import ToyDesk, raises
from tests.support.floor import seed
from tests.support.journey import Journey, bots_of
from tests.support.patience import PATIENCE
from tests.workflows.cast import at_desk, item_of_its_own, refusal, until_asked
from workflows import policies
from workflows.acts import Act, DiscardItem, DoneByHand, Release, RetryItem

MARK = MARK_FAILED_DELIVERY.name
BOT = RouteKey("orderdesk", "bot")
TICKETS = RouteKey("servicedesk", "api")
ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}


def absent(order_no: str) -> MarkFailedDelivery:
    """Nobody was at home."""
    return MarkFailedDelivery(order_no=order_no, reason_code="12", attempt=1)


async def test_a_look_waits_for_a_seat(desk_journey: Journey, order_no: str) -> None:
    """In doubt, and every seat is taken for a while: it goes on waiting for its look, and nobody is bothered."""
    busy = itertools.chain([NoSeat()] * 6, itertools.repeat(None))
    desk = ToyDesk({**ON_ITS_WAY})

    async def clicked() -> None:
        desk.mishaps["find"] = taken
        raise Unknown

    async def taken() -> None:
        fault = next(busy)
        if fault is not None:
            raise fault

    desk.mishaps["submit"] = clicked
    async with bots_of(desk_journey, {BOT: desk}):
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)
        done = await desk_journey.until_item(receipt, MARK, "done")

    assert (done.adopted, len(desk.clicks)) == (True, 1)
    assert "item.with_person" not in await desk_journey.events(receipt)


async def test_after_a_doubt_a_conflict_is_a_persons_matter(desk_journey: Journey, order_no: str) -> None:
    """Entered unseen, then changed by a colleague: it says so, and no retry lets the case enter it once more."""
    desk = ToyDesk({**ON_ITS_WAY})

    async def overwritten() -> None:
        desk.shown["reason"] = "14"
        raise Unknown

    desk.mishaps["submit"] = overwritten
    async with bots_of(desk_journey, {BOT: desk}):
        entry = absent(order_no)
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, entry, before=ON_ITS_WAY, report=True)
        doubtful = await until_asked(desk_journey, receipt, MARK, "with_person")
        retry = RetryItem(by=await desk_journey.person(Role.SUPERVISOR))
        await desk_journey.act_on_item(doubtful, "retry", retry)
        await desk_journey.until_item(receipt, MARK, "refused")
        again = await until_asked(desk_journey, receipt, MARK, "refused")

    assert doubtful.code == "conflict"
    assert [found["field"] for found in doubtful.differences or []] == ["reason"]
    assert (again.state, again.code, len(desk.clicks)) == ("refused", "conflict", 1)


async def test_an_entry_that_was_undone_is_not_called_absent(desk_journey: Journey, order_no: str) -> None:
    """Entered unseen, then put back by a colleague: the record bears our reference, and nobody is told otherwise."""
    desk = ToyDesk({**ON_ITS_WAY})

    async def undone() -> None:
        desk.shown |= ON_ITS_WAY
        raise Unknown

    desk.mishaps["submit"] = undone
    async with bots_of(desk_journey, {BOT: desk}):
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)
        doubtful = await desk_journey.until_item(receipt, MARK, "with_person")

    assert doubtful.code == "conflict"


async def test_a_bots_own_mistake_is_told_as_what_it_is(desk_journey: Journey, order_no: str) -> None:
    """A bot that raises what no rule foresees has not died: the person who looks reads so."""
    desk = ToyDesk({**ON_ITS_WAY}, find=raises(KeyError("d_status")))
    async with bots_of(desk_journey, {BOT: desk}):
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)
        broken = await desk_journey.until_item(receipt, MARK, "broken")

    assert (broken.code, desk.clicks) == ("unforeseen", [])


async def test_a_case_outlives_the_end_of_its_items_workflow(
    desk_journey: Journey, shared_hands: dict[RouteKey, Route], order_no: str
) -> None:
    """Somebody terminates an item's workflow at Temporal in the middle of the click: looked for, found, carried on."""
    journey, answer = desk_journey, asyncio.Event()
    desk = ToyDesk({**ON_ITS_WAY})
    desk.order = {**seed(1)[0], "order_no": order_no}
    desk.mishaps["submit"] = never(answer)
    async with bots_of(journey, {BOT: desk, TICKETS: shared_hands[TICKETS]}):
        receipt = await journey.hand_in(order_no)
        item = await journey.until_item(receipt, MARK, "submitting")
        await journey.client.get_workflow_handle(f"item/{item.id}").terminate("by mistake")
        await journey.until_stage(receipt, "with_service")
        done = (await journey.items(receipt))[0]

    assert (done.id, done.state, done.adopted) == (item.id, "done", True)
    assert desk.clicks == [item.reference]


def never(answer: asyncio.Event) -> Any:
    """The answer to a click never comes."""

    async def wait() -> None:
        await answer.wait()

    return wait


async def test_what_cannot_be_kept_stops_nobody(journey: Journey) -> None:
    """A character that PostgreSQL cannot keep, in an Update of any program: the case goes on all the same."""
    receipt = await at_desk(journey)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))

    put_back = {"by": str(agent), "reason": "no\x00body"}
    await asyncio.wait_for(journey.act_at_desk(receipt, "release", put_back), PATIENCE)
    taken = await refusal(journey.act_at_desk(receipt, "release", Release(by=agent)))

    assert taken == "wrong_state"
    assert (await journey.handoffs(receipt))[0].state == "offered"


async def test_a_word_that_nobody_can_check_holds_nobody_up(
    desk_journey: Journey, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bot is there to look for what was done by hand: the person is told so, and others may act on the entry."""
    monkeypatch.setattr(policies, "VERIFY_TIMEOUT", timedelta(seconds=1), raising=False)
    desk = ToyDesk({**ON_ITS_WAY, "reason": "14"})
    async with bots_of(desk_journey, {BOT: desk}):
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)
        item = await until_asked(desk_journey, receipt, MARK, "refused")
    agent = await desk_journey.person(Role.AGENT)

    told = desk_journey.act_on_item(item, "done_by_hand", DoneByHand(by=agent, confirmation="0001234"))
    refused = await asyncio.wait_for(refusal(told), PATIENCE)
    await desk_journey.act_on_item(item, "discard", DiscardItem(by=agent, reason="done by phone"))
    given_up = await desk_journey.until_item(receipt, MARK, "discarded")

    assert refused == "system_down"
    assert given_up.ended_at is not None
