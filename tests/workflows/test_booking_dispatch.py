"""A booking on the real board with real bots: found and booked, asked of a dispatcher, changed, cancelled."""

from datetime import timedelta

from handoff.booking import JOURNEY, Window
from handoff.resolution import BookSlot
from records.people import Role
from tests.replay.histories import keep_booking
from tests.support.journey import Journey
from tests.workflows.booking_cast import (
    booking,
    dispatch,
    hand_in_booking,
    ledger,
    monday,
    reschedule,
    spelled,
    tell_case,
    until_heard,
    until_open,
    until_stands,
)
from tests.workflows.cast import CLOSE, refusal
from tests.workflows.conftest import Skipping
from workflows.acts import Act, Resolve


async def test_a_booking_gets_the_slot_that_was_wished(journey: Journey) -> None:
    """The first wish is booked once, the customer is told once with a link, and the case waits for the appointment."""
    day = monday()
    request = booking(day, "2", day_2=day + timedelta(days=1))

    receipt = await hand_in_booking(journey, request)
    case = await journey.until_stage(receipt, "booked")

    assert ledger(journey, receipt) == [("book", spelled(day), "2")]
    assert (case.wait_kind, case.customer_name) == ("appointment", request.name)
    (mail,) = journey.floor.mails(request.email)
    assert f"/bookings/{receipt.case_number}." in mail["text"]
    assert "between 10 and 12 o'clock" in mail["text"]


async def test_no_slot_goes_to_a_dispatcher_who_chooses_one(journey: Journey) -> None:
    """Nobody works on a Sunday: a dispatcher, and no agent, gets it with the nearest slots, and one is booked."""
    day = monday()
    request = booking(day - timedelta(days=1), "any")
    dispatcher, agent = await journey.person(Role.DISPATCHER), await journey.person(Role.AGENT)

    receipt = await hand_in_booking(journey, request)
    offered = await until_open(journey, receipt)
    refused = await refusal(dispatch(journey, offered, "pick_up", Act(by=agent)))
    await dispatch(journey, offered, "pick_up", Act(by=dispatcher))
    nearest = next(one for one in offered.packet["order"]["alternatives"] if one["day"] == str(day))
    chosen = {"day": nearest["day"], "slot_code": nearest["slot"], "technician": nearest["technician"]}
    choice = BookSlot.model_validate(chosen)
    await dispatch(journey, offered, "complete", Resolve(by=dispatcher, resolution=choice))
    await journey.until_stage(receipt, "booked")

    assert (offered.kind, offered.queue, refused) == ("dispatch", "dispatch", "not_allowed")
    assert ledger(journey, receipt) == [("book", spelled(day), nearest["slot"])]
    assert len(journey.floor.mails(request.email)) == 1


async def test_a_slot_that_is_taken_meanwhile_is_looked_for_again(journey: Journey) -> None:
    """A colleague takes the chosen slot before the bot's click: the next wish is booked, and no person is asked."""
    day = monday()
    request = booking(day, "1", skill="4", postcode="28195", day_2=day, slot_2="3")
    journey.floor.fault("fieldboard", popup_blocked=True)

    receipt = await hand_in_booking(journey, request)
    item = await journey.until_item(receipt, "book", "ready")
    await journey.until(receipt, lambda: _happened(journey, receipt, "attempt.broken"))
    for technician in ("109", "110"):
        journey.floor.take_slot(technician, day, "1")
    journey.floor.fault("fieldboard", popup_blocked=False)
    await journey.until_stage(receipt, "booked")

    assert item.operation == "book"
    assert ledger(journey, receipt) == [("book", spelled(day), "3")]
    assert "booking.slot_gone" in await journey.events(receipt)
    assert await journey.handoffs(receipt, "dispatch") == []


async def test_a_wish_that_comes_while_the_bot_enters_another_is_followed(journey: Journey) -> None:
    """Rescheduled while the bot enters it: one booking stands, the right one, with one ledger row for each intent."""
    day = monday()
    request = booking(day, "1")
    journey.floor.fault("fieldboard", commit_late_seconds=6)

    receipt = await hand_in_booking(journey, request)
    await journey.until_item(receipt, "book", "submitting")
    wish = await reschedule(journey, receipt, Window(day=day + timedelta(days=2), slot="4"))
    await until_heard(journey, receipt, wish)
    journey.floor.fault("fieldboard", commit_late_seconds=0)
    await reschedule(journey, receipt, Window(day=day + timedelta(days=2), slot="4"), id=wish)
    await until_stands(journey, receipt, day + timedelta(days=2), "4")
    await journey.until_stage(receipt, "booked")

    moved = spelled(day + timedelta(days=2))
    assert ledger(journey, receipt) == [("book", spelled(day), "1"), ("move", moved, "4")]
    assert [(item.operation, item.state) for item in await journey.items(receipt)] == [
        ("book", "done"),
        ("move", "done"),
    ]
    told = [mail["text"] for mail in journey.floor.mails(request.email) if "between 14 and 16" in mail["text"]]
    assert len(told) == 1
    await tell_case(journey, receipt, "cancelled")
    closed = await journey.until_stage(receipt, "closed")
    assert closed.outcome == "cancelled by the customer"
    await keep_booking(journey, receipt, "rescheduled_while_entered_then_cancelled")


async def test_a_wish_that_comes_before_the_bot_began_changes_what_is_booked(journey: Journey) -> None:
    """What no bot has begun is taken back: one entry of the newer wish, and the customer hears of that alone."""
    day = monday()
    request = booking(day, "1")
    journey.floor.fault("fieldboard", popup_blocked=True)

    receipt = await hand_in_booking(journey, request)
    await journey.until(receipt, lambda: _happened(journey, receipt, "attempt.broken"))
    await reschedule(journey, receipt, Window(day=day + timedelta(days=1), slot="2"))
    await journey.until(receipt, lambda: _happened(journey, receipt, "item.withdrawn"))
    journey.floor.fault("fieldboard", popup_blocked=False)
    await until_stands(journey, receipt, day + timedelta(days=1), "2")
    await journey.until_stage(receipt, "booked")

    assert ledger(journey, receipt) == [("book", spelled(day + timedelta(days=1)), "2")]
    (mail,) = journey.floor.mails(request.email)
    assert "between 10 and 12" in mail["text"]


async def test_a_customer_who_cancels_is_told_and_the_board_is_free(journey: Journey) -> None:
    """Cancelled on the board, told, closed; a second word changes nothing."""
    day = monday()
    request = booking(day, "3")

    receipt = await hand_in_booking(journey, request)
    await journey.until_stage(receipt, "booked")
    await tell_case(journey, receipt, "cancelled")
    closed = await journey.until_stage(receipt, "closed")

    assert closed.outcome == "cancelled by the customer"
    assert [row[0] for row in ledger(journey, receipt)] == ["book", "cancel_booking"]
    subjects = [mail["subject"] for mail in journey.floor.mails(request.email)]
    assert subjects == ["Your appointment", "Your appointment is cancelled"]


async def _happened(journey: Journey, receipt: object, name: str) -> bool:
    return name in await journey.events(receipt)  # type: ignore[arg-type]


async def test_the_case_closes_when_the_appointment_is_over(skipping_journey: Skipping) -> None:
    """It stays open until the technician has been there, and closes by itself then."""
    day = monday()

    receipt = await hand_in_booking(skipping_journey, booking(day, "2"))
    await skipping_journey.until_stage(receipt, "booked")
    waiting = skipping_journey.client.get_workflow_handle(f"{JOURNEY}/{receipt.case_number}")
    await skipping_journey.skip(timedelta(days=150), waiting)
    closed = await skipping_journey.until_stage(receipt, "closed")

    assert closed.outcome == "appointment over"
    assert len(ledger(skipping_journey, receipt)) == 1


async def test_what_stands_stays_where_the_dispatcher_finds_nothing_better(journey: Journey) -> None:
    """A wish without a slot, closed by the dispatcher: the old appointment stands, and the customer hears so."""
    day = monday()
    request = booking(day, "2")
    dispatcher = await journey.person(Role.DISPATCHER)

    receipt = await hand_in_booking(journey, request)
    await journey.until_stage(receipt, "booked")
    await reschedule(journey, receipt, Window(day=day - timedelta(days=1), slot="any"))
    offered = await until_open(journey, receipt)
    await dispatch(journey, offered, "pick_up", Act(by=dispatcher))
    await dispatch(journey, offered, "complete", Resolve(by=dispatcher, resolution=CLOSE))
    await journey.until_stage(receipt, "booked")

    assert ledger(journey, receipt) == [("book", spelled(day), "2")]
    told = [mail["text"] for mail in journey.floor.mails(request.email)]
    assert ["between 10 and 12" in text for text in told] == [True, True]
