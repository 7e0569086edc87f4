"""What the dispatch board's bot finds, reads and refuses: slots that go, references, bookings that were cancelled."""

from collections.abc import Callable
from datetime import date
from typing import cast

import pytest

from bots.fieldboard.codes import TechnicianOff
from bots.kit.contract import Job, Route
from core.faults import (
    Ambiguous,
    Conflict,
    RecordNotFound,
    Refused,
)
from core.outcome import Answer
from systems.fieldboard import Book, Booking, CancelBooking, FreeSlots, Move, SlotsWanted, screen_date
from systems.registry import operation_of
from tests.bots.desks import Demo
from tests.bots.fieldboard.parts import ACCOUNT, BOOK, CANCEL, MOVE, entered, place_of

MONDAY = date(2041, 3, 4)
Quiet = Callable[[str], None]


async def test_free_slots_are_told_in_order(board: Demo, route: Route, quiet: Quiet) -> None:
    """Over two weeks: whom the skill and postcode allow, free ones alone, within the window, the earliest first."""
    wanted = SlotsWanted(first=MONDAY, last=date(2041, 3, 11), skill_code="3", postcode="04109", slot_codes=("1", "2"))
    board.faults(take_slot=f"109 {screen_date(MONDAY)} 1", send_home=f"110 {screen_date(MONDAY)}")

    async with route.open(ACCOUNT, quiet) as hands:
        found = FreeSlots.model_validate(await hands.read("slots", wanted.key())).slots

    assert {slot.technician for slot in found} == {"105", "109", "110"}
    assert [slot.order for slot in found] == sorted(slot.order for slot in found)
    assert {slot.technician for slot in found if slot.day == MONDAY and slot.slot_code == "1"} <= {"105"}
    assert {slot.slot_code for slot in found} == {"1", "2"}
    assert (found[0].day, found[-1].day) == (MONDAY, wanted.last)


async def test_a_booking_is_read_whole(board: Demo, route: Route, quiet: Quiet) -> None:
    """Reading gives every field that the system's model wants; what is not there, or twice, is said so."""
    reference = board.fresh_booking()

    async with route.open(ACCOUNT, quiet) as hands:
        read = Booking.model_validate(await hands.read("booking", reference))
        with pytest.raises(RecordNotFound):
            await hands.read("booking", "FB-999999")
        board.faults(homonyms="double")
        with pytest.raises(Ambiguous):
            await hands.read("booking", reference)

    assert (read.reference, read.status, read.skill) == (reference, "10", "2")


async def test_a_place_that_the_board_does_not_have_is_told_apart(board: Demo, route: Route, quiet: Quiet) -> None:
    """Nobody works on a Sunday; a technician whom the board does not know is no technician."""
    job = BOOK.job(BOOK.fresh(board))
    sunday = cast(Book, job.entry).model_copy(update={"day": date(2041, 3, 10)})
    nobody = sunday.model_copy(update={"day": MONDAY, "technician": "999"})

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        with pytest.raises(TechnicianOff):
            await hands.enter(Job.of(job.operation, sunday, job.reference))
        with pytest.raises(RecordNotFound):
            await hands.enter(Job.of(job.operation, nobody, job.reference))


@pytest.mark.parametrize("when", ["before the window opens", "at the save"])
async def test_a_slot_that_somebody_takes_is_not_booked(when: str, board: Demo, route: Route, quiet: Quiet) -> None:
    """A colleague books the slot first: SlotTaken by the board's own word, and nothing of ours in the ledger."""
    job = BOOK.job(BOOK.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        if when == "at the save":
            await hands.enter(job)
        board.faults(take_slot=place_of(job))
        with pytest.raises(Refused) as raised:
            await (hands.submit(job) if when == "at the save" else hands.enter(job))

    assert raised.value.code == "slot_taken"
    assert board.ledger(job.reference) == []


@pytest.mark.parametrize(
    ("technician", "day", "code"),
    [
        ("110", date(2020, 3, 2), "day_past"),
        ("109", date(2041, 3, 10), "technician_off"),
        ("105", date(2041, 3, 12), "skill_missing"),
    ],
)
async def test_what_the_board_refuses_has_a_code_of_its_own(
    technician: str, day: date, code: str, board: Demo, route: Route
) -> None:
    """A day that is over, a technician who is off or cannot do it: refused, each told apart, nothing moved."""
    board.faults(send_home="109 10.03.2041")
    entry = Move(reference=board.fresh_booking(), technician=technician, day=day, slot_code="3")
    job = Job.of(operation_of("fieldboard", "move"), entry, f"BTN-REFUSED{technician}")

    with pytest.raises(Refused) as raised:
        await entered(route, job)

    assert raised.value.code == code
    assert board.ledger(job.reference) == []


async def test_who_moved_it_meanwhile_is_not_overwritten(board: Demo, route: Route, quiet: Quiet) -> None:
    """A colleague moves the booking while the window is open: a conflict; a cancellation of the old place stops too."""
    reference = board.fresh_booking()
    job, other, cancel = MOVE.job(reference), MOVE.job(reference), CANCEL.job(reference)
    elsewhere = cast(Move, other.entry).model_copy(update={"technician": "101", "day": MONDAY})
    other = Job.of(other.operation, elsewhere, other.reference)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        await entered(route, other, "disp02")
        with pytest.raises(Conflict):
            await hands.submit(job)
        seen = await hands.find(cancel)

    assert cancel.part.judge(seen, None) is Answer.OTHER
    assert board.ledger(job.reference) == []


async def test_a_cancelled_booking_is_neither_made_nor_cancelled_again(board: Demo, route: Route, quiet: Quiet) -> None:
    """Booked, cancelled, booked anew under the same reference: the first two are known as done, the third stands."""
    first = BOOK.job(BOOK.fresh(board))
    entry = cast(Book, first.entry)
    place = {name: getattr(entry, name) for name in ("reference", "technician", "day", "slot_code")}
    again = Job.of(first.operation, entry, "BTN-AGAIN01")
    cancel = Job.of(operation_of("fieldboard", "cancel_booking"), CancelBooking(**place), "BTN-CANCEL01")

    await entered(route, first)
    number = await entered(route, cancel)
    await entered(route, again)
    async with route.open(ACCOUNT, quiet) as hands:
        made, gone, stands = await hands.find(first), await hands.find(cancel), await hands.find(again)

    assert first.part.judge(made, None) is Answer.CANNOT_TELL
    assert (cancel.part.judge(gone, None), gone.confirmation) == (Answer.AFTER, number)
    assert (again.part.judge(stands, None), stands.ours) == (Answer.EQUAL, [True])


@pytest.mark.failure_mode("F15")
async def test_only_the_very_reference_counts(board: Demo, route: Route, quiet: Quiet) -> None:
    """F15: the search finds what begins alike; that does not count, and the reference twice is for a person."""
    job = MOVE.job(board.fresh_booking())

    async with route.open(ACCOUNT, quiet) as hands:
        board.faults(homonyms="prefix")
        alike = await hands.find(job)
        board.faults(homonyms="double")
        twice = await hands.find(job)

    assert len(alike.records) == 1
    assert job.part.judge(twice, None) is Answer.SEVERAL
