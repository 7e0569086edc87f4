"""A booking that arrives again changed, and one that its starter takes back: what is keyed is never forgotten."""

from datetime import timedelta

from handoff.booking import JOURNEY, BookingRequest
from records.people import Role
from records.submission import Submission, Verdict
from tests.replay.histories import keep_booking
from tests.support.journey import Journey
from tests.support.pressing import pressed
from tests.workflows.booking_cast import (
    booking,
    dispatch,
    hand_in_booking,
    ledger,
    monday,
    spelled,
    until_open,
    until_stands,
)
from tests.workflows.cast import CLOSE, refusal
from workflows.acts import Act, Resolve, ReviewProposal, WithdrawCase


async def told(journey: Journey, number: str, name: str, act: Act) -> str:
    """An Update on a booking's case; the sentence it answers."""
    handle = journey.client.get_workflow_handle(f"{JOURNEY}/{number}")
    return await pressed(handle, name, act)


async def reviewed(journey: Journey, request: BookingRequest, role: Role, *, accept: bool) -> str:
    """The booking arrives with this content, and somebody says yes or no; the sentence they read."""
    proposal = await hand_in_booking(journey, request)
    assert proposal.verdict is Verdict.PROPOSED
    act = ReviewProposal(by=await journey.person(role), submission_id=proposal.submission_id, accept=accept)
    return await told(journey, proposal.case_number, "review_proposal", act)


async def test_an_accepted_change_is_what_stands_on_the_board(journey: Journey) -> None:
    """Dismissed it changes nothing; another phone is keyed anew at the same time; another day moves it; all is told."""
    day = monday()
    request = booking(day, "2", reference=f"PORTAL-{day}")
    receipt = await hand_in_booking(journey, request)
    await journey.until_stage(receipt, "booked")

    ops = await journey.person(Role.OPS)
    third = await hand_in_booking(journey, request.model_copy(update={"note": "ring twice"}))
    act = ReviewProposal(by=ops, submission_id=third.submission_id, accept=True)
    not_theirs = await refusal(told(journey, receipt.case_number, "review_proposal", act))
    later = request.model_copy(update={"day_1": day + timedelta(days=1)})
    dismissed = await reviewed(journey, later, Role.SUPERVISOR, accept=False)
    phone = request.model_copy(update={"phone": "0421 555 0199"})
    await reviewed(journey, phone, Role.DISPATCHER, accept=True)
    await journey.until(receipt, lambda: _mails(journey, request, 2))
    moved = phone.model_copy(update={"day_1": day + timedelta(days=2)})
    accepted = await reviewed(journey, moved, Role.SUPERVISOR, accept=True)
    await until_stands(journey, receipt, moved.day_1, "2")
    await journey.until(receipt, lambda: _mails(journey, request, 3))
    await journey.until_stage(receipt, "booked")

    await keep_booking(journey, receipt, "changed_by_proposals")

    assert not_theirs == "not_allowed"
    assert (dismissed, accepted) == ("The proposed change is dismissed.", "The proposed change is accepted.")
    assert ledger(journey, receipt) == [("book", spelled(day), "2"), ("cancel_booking", spelled(day), "2")]
    again = journey.floor.ledger("fieldboard", f"{receipt.case_number}/2")
    assert [(row["operation"], row["after"]["day"]) for row in again] == [
        ("book", spelled(day)),
        ("move", spelled(moved.day_1)),
    ]
    assert again[0]["after"]["phone"] == "0421 555 0199"
    async with journey.database.session() as session:
        assert (await session.get_one(Submission, third.submission_id)).verdict is Verdict.PROPOSED


async def test_a_booking_is_withdrawn_before_a_bot_began(journey: Journey) -> None:
    """What no bot has begun is never keyed, the customer hears nothing, and the case closes with the reason."""
    request = booking(monday(), "1")
    journey.floor.fault("fieldboard", popup_blocked=True)
    receipt = await hand_in_booking(journey, request)
    await journey.until(receipt, lambda: _happened(journey, receipt, "attempt.broken"))

    withdrawn = WithdrawCase(by=await journey.person(Role.OPS), reason="typed twice")
    said = await told(journey, receipt.case_number, "withdraw", withdrawn)
    case = await journey.until_stage(receipt, "closed")
    journey.floor.fault("fieldboard", popup_blocked=False)

    assert (said, case.outcome) == ("Withdrawn. No appointment stands.", "withdrawn: typed twice")
    assert (ledger(journey, receipt), journey.floor.mails(request.email)) == ([], [])
    assert await journey.handoffs(receipt, "dispatch") == []


async def test_an_appointment_of_a_withdrawn_booking_goes_to_a_dispatcher(journey: Journey) -> None:
    """It stays on the board until a dispatcher has looked, who reads its confirmation; nothing else is keyed."""
    day = monday()
    receipt = await hand_in_booking(journey, booking(day, "3"))
    await journey.until_stage(receipt, "booked")
    stranger, dispatcher = await journey.person(Role.OPS, "second"), await journey.person(Role.DISPATCHER)

    other = WithdrawCase(by=stranger, reason="not mine")
    not_theirs = await refusal(told(journey, receipt.case_number, "withdraw", other))
    mine = WithdrawCase(by=await journey.person(Role.OPS), reason="typed twice")
    said = await told(journey, receipt.case_number, "withdraw", mine)
    offered = await until_open(journey, receipt)
    await dispatch(journey, offered, "pick_up", Act(by=dispatcher))
    await dispatch(journey, offered, "complete", Resolve(by=dispatcher, resolution=CLOSE))
    case = await journey.until_stage(receipt, "closed")

    (item,) = await journey.items(receipt)
    assert not_theirs == "not_allowed"
    assert said == "Withdrawn. The appointment that stands goes to a dispatcher."
    assert (offered.queue, offered.packet["allowed"]) == ("dispatch", ["close"])
    assert item.confirmation in offered.packet["missing"][0]
    assert (ledger(journey, receipt), case.outcome) == ([("book", spelled(day), "3")], "withdrawn: typed twice")
    await keep_booking(journey, receipt, "withdrawn_with_an_appointment")


async def _mails(journey: Journey, request: BookingRequest, number: int) -> bool:
    return len(journey.floor.mails(request.email)) == number


async def _happened(journey: Journey, receipt: object, name: str) -> bool:
    return name in await journey.events(receipt)  # type: ignore[arg-type]
