"""One entry and everything that can become of it: adopted, refused, broken, corrected, done by hand, given up."""

from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from bots.kit.contract import Job, RouteKey
from records.intake import Receipt
from records.people import Role
from records.work_item import WorkItem
from systems.orderdesk import (
    CORRECT_ADDRESS,
    MARK_FAILED_DELIVERY,
    CorrectAddress,
    MarkFailedDelivery,
)
from tests.activities.toy_desk import ToyDesk, raises
from tests.replay.histories import keep_item
from tests.support.floor import ORDERS
from tests.support.journey import Journey, bots_of
from tests.workflows.cast import item_of_its_own, refusal, until_asked
from workflows.acts import CorrectItem, DiscardItem, DoneByHand, RetryItem
from workflows.policies import BROKEN_RETRIES

ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}
"""A fresh order as the screen for failed deliveries shows it."""
MARK = MARK_FAILED_DELIVERY.name
BOT = RouteKey("orderdesk", "bot")


def absent(order_no: str) -> MarkFailedDelivery:
    """Nobody was at home."""
    return MarkFailedDelivery(order_no=order_no, reason_code="12", attempt=1)


def entries(journey: Journey, order_no: str, operation: str = MARK) -> int:
    """How often our bots have entered that operation."""
    rows = journey.floor.ledger("orderdesk", order_no)
    return sum(row["operation"] == operation and row["reference"] is not None for row in rows)


async def waits_for_the_desk(journey: Journey, receipt: Receipt) -> bool:
    """Whether the item says that it waits for its system."""
    return [item.wait_kind for item in await journey.items(receipt)] == ["held_system"]


@pytest.mark.failure_mode("F07")
async def test_a_commit_that_answers_with_an_error_is_adopted(journey: Journey, order_no: str) -> None:
    """F07: saved, but the desk shows an error: unknown, then found by a look and adopted with its own number."""
    journey.floor.fault("orderdesk", commit_then_500=1)
    receipt = await item_of_its_own(journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)

    done = await journey.until_item(receipt, MARK, "done")

    assert "item.unknown" in await journey.events(receipt)
    (row,) = journey.floor.ledger("orderdesk", order_no)
    assert (done.adopted, done.confirmation) == (True, row["confirmation"])
    await keep_item(journey, done, "unknown_and_adopted")


async def test_a_locked_record_is_waited_for(journey: Journey, order_no: str) -> None:
    """Open at MEIER: no attempt is burnt, the item says what it waits for, and goes on once the record is free."""
    journey.floor.fault("orderdesk", lock_order=order_no)
    receipt = await item_of_its_own(journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)

    await journey.until(receipt, lambda: waits_for_the_desk(journey, receipt))
    (waiting,) = await journey.items(receipt)
    journey.floor.fault("orderdesk", unlock_order=order_no)
    done = await journey.until_item(receipt, MARK, "done")

    assert (waiting.state, waiting.code, waiting.attempts) == ("ready", "record_locked", 0)
    assert waiting.next_look_at is not None
    assert (done.attempts, done.adopted, done.code) == (1, False, "")
    assert entries(journey, order_no) == 1
    await keep_item(journey, done, "locked_and_waited")


async def conflicting(journey: Journey, order_no: str) -> tuple[Receipt, WorkItem]:
    """An item whose record is neither as it was nor as it is wanted."""
    journey.floor.meier_saves(order_no, "failure", status="50", reason="14", attempt="1")
    receipt = await item_of_its_own(journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)
    return receipt, await until_asked(journey, receipt, MARK, "refused")


async def test_a_refused_item_goes_again_when_a_person_says_so(journey: Journey, order_no: str) -> None:
    """A conflict shows its fields and waits; roles and values that may not be are refused; retried, it looks first."""
    receipt, refused_item = await conflicting(journey, order_no)
    supervisor = await journey.person(Role.SUPERVISOR)

    def correction(**content: Any) -> CorrectItem:
        return CorrectItem(by=supervisor, content={**absent(order_no).model_dump(), **content})

    on_item = journey.act_on_item
    hand = DoneByHand(by=supervisor, confirmation="0001234")
    refused = [
        await refusal(on_item(refused_item, "retry", RetryItem(by=await journey.person(Role.OPS)))),
        await refusal(on_item(refused_item, "correct", correction(reason_code="99"))),
        await refusal(on_item(refused_item, "correct", correction(order_no=str(next(ORDERS))))),
        await refusal(on_item(refused_item, "done_by_hand", hand)),
    ]
    journey.floor.meier_saves(order_no, "failure", status="30", reason="", attempt="1")
    await on_item(refused_item, "correct", correction(attempt=2))
    again = await until_asked(journey, receipt, MARK, "refused")
    journey.floor.meier_saves(order_no, "failure", status="50", reason="12", attempt="2")
    await on_item(refused_item, "retry", RetryItem(by=supervisor))
    done = await journey.until_item(receipt, MARK, "done")
    await journey.client.get_workflow_handle(f"item/{done.id}").result()
    with pytest.raises(RPCError) as ended:
        await on_item(done, "retry", RetryItem(by=supervisor))

    assert (refused_item.code, {found["field"] for found in refused_item.differences or []}) == ("conflict", {"reason"})
    assert refused == ["not_allowed", "input_refused", "input_refused", "not_found_on_screen"]
    assert ended.value.status is RPCStatusCode.NOT_FOUND
    assert (again.revision, done.revision, done.adopted) == (2, 2, True)
    assert entries(journey, order_no) == 0
    await keep_item(journey, done, "refused_and_retried")


async def test_what_was_keyed_by_hand_counts_when_the_screen_shows_it(journey: Journey, order_no: str) -> None:
    """The person's word is checked on the screen; then the item is done with the number that the person gave."""
    receipt, item = await conflicting(journey, order_no)
    agent = await journey.person(Role.AGENT)

    journey.floor.meier_saves(order_no, "failure", status="50", reason="12", attempt="1")
    await journey.act_on_item(item, "done_by_hand", DoneByHand(by=agent, confirmation="0009999"))
    done = await journey.until_item(receipt, MARK, "done")

    assert (done.confirmation, done.adopted, entries(journey, order_no)) == ("0009999", True, 0)
    of_item = [name for name in await journey.events(receipt) if name.startswith("item.")]
    assert of_item[-1] == "item.done_by_hand"
    await keep_item(journey, done, "done_by_hand")


async def test_the_number_on_the_screen_counts_more_than_the_one_that_was_typed(
    journey: Journey, order_no: str
) -> None:
    """Keyed by hand with our reference, and the number mistyped: the item bears the one that the system gave."""
    receipt, item = await conflicting(journey, order_no)
    agent = await journey.person(Role.AGENT)

    by_hand = {"status": "50", "reason": "12", "attempt": "1", "remarks": f"{item.reference} by hand"}
    journey.floor.meier_saves(order_no, "failure", **by_hand)
    await journey.act_on_item(item, "done_by_hand", DoneByHand(by=agent, confirmation="9999999"))
    done = await journey.until_item(receipt, MARK, "done")

    [row] = [row for row in journey.floor.ledger("orderdesk", order_no) if row["reference"] == item.reference]
    assert done.confirmation == row["confirmation"]


async def test_a_conflict_is_reported_to_a_case_that_wants_to_decide_anew(journey: Journey, order_no: str) -> None:
    """An item that may report withdraws by itself and enters nothing."""
    journey.floor.meier_saves(order_no, "failure", status="50", reason="14", attempt="1")
    entry = absent(order_no)

    receipt = await item_of_its_own(journey, MARK_FAILED_DELIVERY, entry, before=ON_ITS_WAY, report=True)
    item = await journey.until_item(receipt, MARK, "withdrawn")

    assert entries(journey, order_no) == 0
    await keep_item(journey, item, "withdrawn")


class LoudDesk(ToyDesk):
    """A desk that keeps what is typed in capitals."""

    async def submit(self, job: Job) -> str:
        """Click, and let the desk do as it does."""
        number = await super().submit(job)
        self.shown = {name: text.upper() for name, text in self.shown.items()}
        return number


@pytest.mark.failure_mode("F13")
async def test_a_correction_goes_over_what_we_entered_ourselves(desk_journey: Journey) -> None:
    """F13: kept otherwise than entered, a person is asked; their other value is no conflict with what we entered."""
    address = {"street": "Hafenweg", "house_no": "12a", "postcode": "28195", "city": "Bremen"}
    desk = LoudDesk({**address})
    wanted = CorrectAddress(order_no="4700123", **{**address, "street": "Am Deich"})
    supervisor = await desk_journey.person(Role.SUPERVISOR)

    async with bots_of(desk_journey, {BOT: desk}):
        receipt = await item_of_its_own(desk_journey, CORRECT_ADDRESS, wanted, before=address, report=True)
        item = await until_asked(desk_journey, receipt, "correct_address", "with_person")
        loud = {**wanted.model_dump(), "street": "AM WALL", "house_no": "12A", "city": "BREMEN"}
        await desk_journey.act_on_item(item, "correct", CorrectItem(by=supervisor, content=loud, why="as it keeps it"))
        done = await desk_journey.until_item(receipt, "correct_address", "done")

    differing = [found["field"] for found in item.differences or []]
    assert (item.code, differing) == ("read_back_differs", ["street", "house_no", "city"])
    assert desk.shown["street"] == "AM WALL"
    assert (done.adopted, len(desk.clicks)) == (False, 2)
    await keep_item(desk_journey, done, "corrected_over_our_own")


async def test_a_broken_item_waits_for_a_person_and_can_be_given_up(desk_journey: Journey) -> None:
    """A bot that fails at an item each time is not sent for ever; a person discards it, and nothing was keyed."""
    journey, desk = desk_journey, ToyDesk({**ON_ITS_WAY}, find=raises(ValueError("a bug")))

    async with bots_of(journey, {BOT: desk}):
        receipt = await item_of_its_own(journey, MARK_FAILED_DELIVERY, absent("4700123"), before=ON_ITS_WAY)
        broken = await until_asked(journey, receipt, MARK, "broken")
        agent = await journey.person(Role.AGENT)
        await journey.act_on_item(broken, "discard", DiscardItem(by=agent, reason="the customer cancelled"))
        given_up = await journey.until_item(receipt, MARK, "discarded")

    assert (broken.code, broken.attempts) == ("unforeseen", BROKEN_RETRIES + 1)
    assert given_up.ended_at is not None
    assert desk.clicks == []
    await keep_item(journey, given_up, "broken_and_discarded")
