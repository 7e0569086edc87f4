"""An order number that the order desk does not know: back to its submitter first, then to the desk."""

from datetime import timedelta

from records.people import Role
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from tests.workflows.cast import at_desk, refusal, resolved, unknown_order
from tests.workflows.conftest import Skipping
from workflows.acts import Act, CorrectOrder


async def test_a_corrected_number_is_read_again(journey: Journey, order_no: str) -> None:
    """The submitter's correction becomes the case's own key; what cannot be right is refused with a code."""
    journey.floor.arrives(order_no)
    other = await journey.hand_in(unknown_order())
    receipt = await journey.hand_in(unknown_order())
    waiting = await journey.until_stage(receipt, "correction")
    ops = await journey.person(Role.OPS)

    def correction(number: str, parcel: str = "P-88112345") -> CorrectOrder:
        return CorrectOrder(by=ops, order_no=number, parcel_no=parcel)

    agents_word = CorrectOrder(by=await journey.person(Role.AGENT), order_no=order_no, parcel_no="P-88112345")
    refused = [
        await refusal(journey.act(receipt, "correct_order", agents_word)),
        await refusal(journey.act(receipt, "correct_order", correction("12"))),
        await refusal(journey.act(receipt, "correct_order", correction(waiting.order_no))),
        await refusal(journey.act(receipt, "correct_order", correction((await journey.case(other)).order_no))),
    ]
    await journey.act(receipt, "correct_order", correction(order_no))
    closed = await journey.until_stage(receipt, "closed")

    assert (waiting.wait_kind, waiting.wait_mover) == ("person", "the submitter")
    assert refused == ["not_allowed", "input_refused", "input_refused", "already_a_case"]
    assert closed.business_key == f"{order_no}/P-88112345/1"
    assert (closed.order_no, closed.outcome) == (order_no, "order delivered")
    await keep_case(journey, receipt, "order_unknown_and_corrected")


async def test_a_confirmed_number_goes_to_the_desk(journey: Journey) -> None:
    """The submitter says that the number is right: an agent gets the case, without a ticket or an entry."""
    receipt = await at_desk(journey)
    late = Act(by=await journey.person(Role.OPS))

    refused = await refusal(journey.act(receipt, "confirm_order", late))
    (handoff,) = await journey.handoffs(receipt)
    await resolved(journey, receipt)

    assert refused == "wrong_state"
    assert handoff.packet["allowed"] == ["close"]
    assert await journey.items(receipt) == []
    await keep_case(journey, receipt, "order_unknown_and_confirmed")


async def test_no_answer_in_a_day_goes_to_the_desk(skipping_journey: Skipping) -> None:
    """Nobody answers for a day: the desk gets the case by itself."""
    journey = skipping_journey
    receipt = await journey.hand_in(unknown_order())
    asked = await journey.until_stage(receipt, "correction")

    await journey.skip(timedelta(days=1, minutes=1), journey.case_handle(receipt))
    offered = await journey.until_stage(receipt, "with_service")

    assert asked.wait_until is not None
    assert offered.wait_since >= asked.wait_until
    assert "order.correction_missed" in await journey.events(receipt)
    await keep_case(journey, receipt, "order_unknown_and_no_answer")
