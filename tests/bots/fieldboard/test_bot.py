"""The dispatch board's bot in the troubles of its screens: slots that go, windows, changed forms, cut values."""

from collections.abc import Callable
from datetime import date
from typing import cast

import pytest

from bots.fieldboard.bot import FieldBoardHands
from bots.kit.contract import Hands, Job, Route, RouteKey
from core.faults import (
    Ambiguous,
    Conflict,
    Fault,
    RecordNotFound,
    Refused,
    ScreenUnexpected,
    SessionLost,
    UnknownWindow,
    WindowMissing,
)
from core.outcome import Answer
from systems.fieldboard import Book, Booking, CancelBooking, FreeSlots, Move, SlotsWanted, screen_date
from systems.registry import operation_of
from tests.bots.conformance.cast import part_of
from tests.bots.desks import Demo

BOOK, MOVE, CANCEL = (part_of("fieldboard", name) for name in ("book", "move", "cancel_booking"))
ACCOUNT = "disp01"
MONDAY = date(2041, 3, 4)
Quiet = Callable[[str], None]


@pytest.fixture
def board(demos: dict[str, Demo]) -> Demo:
    """The dispatch board."""
    return demos["fieldboard"]


@pytest.fixture
def route(all_routes: dict[RouteKey, Route]) -> Route:
    """The board by its screens."""
    return all_routes[RouteKey("fieldboard", "bot")]


def place_of(job: Job) -> str:
    """Technician, day and slot as the fault switches take them."""
    return f"{job.part.image['technician']} {job.part.image['day']} {job.part.image['slot']}"


async def entered(route: Route, job: Job, account: str = ACCOUNT) -> str:
    """Make the whole entry; its confirmation."""
    async with route.open(account, lambda _: None) as hands:
        await hands.find(job)
        await hands.enter(job)
        return await hands.submit(job)


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
    cancel_operation, again = (
        operation_of("fieldboard", "cancel_booking"),
        Job.of(first.operation, entry, "BTN-AGAIN01"),
    )
    cancel = Job.of(cancel_operation, cancel_operation.entry.model_validate(place), "BTN-CANCEL01")

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


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(
    ("screen", "layout"),
    [("new", "v2"), ("new", "v3"), ("new", "v4"), ("new", "v5"), ("new", "v6"), ("move", "v6"), ("cancel", "v3")],
)
async def test_a_changed_form_stops_before_typing(
    screen: str, layout: str, board: Demo, route: Route, quiet: Quiet
) -> None:
    """F12: a field moved, renamed, removed or added is seen before anything is typed."""
    part = {"new": BOOK, "move": MOVE, "cancel": CANCEL}[screen]
    job = part.job(part.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        board.faults(layout=layout, layout_screen=screen)
        with pytest.raises(ScreenUnexpected):
            await hands.enter(job)

    assert board.ledger(job.reference) == []


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(("screen", "layout"), [("booking display", "v6"), ("board", "v3"), ("board", "v6")])
async def test_a_changed_display_is_not_read(screen: str, layout: str, board: Demo, route: Route, quiet: Quiet) -> None:
    """F12: columns that are swapped are no booking, and no free slot: nothing is concluded from them."""
    wanted = SlotsWanted(first=MONDAY, last=MONDAY, skill_code="1")
    job = MOVE.job(board.fresh_booking())

    async with route.open(ACCOUNT, quiet) as hands:
        board.faults(layout=layout, layout_screen=screen)
        with pytest.raises(ScreenUnexpected):
            await (hands.read("slots", wanted.key()) if screen == "board" else hands.find(job))


@pytest.mark.failure_mode("F09")
async def test_a_window_in_front_is_known_or_stops_the_job(board: Demo, route: Route, quiet: Quiet) -> None:
    """F09: what means nothing is closed in the booking window, too; what nobody knows stops before the click."""
    job, other = BOOK.job(BOOK.fresh(board)), BOOK.job(BOOK.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        board.faults(modal="survey", modal_screen="new")
        await hands.find(job)
        await hands.enter(job)
        await hands.submit(job)
        board.faults(modal="unknown")
        await hands.find(other)
        with pytest.raises(UnknownWindow):
            await hands.enter(other)

    assert (len(board.ledger(job.reference)), board.ledger(other.reference)) == (1, [])


async def test_a_booking_window_that_does_not_open_is_said_so(board: Demo, route: Route, quiet: Quiet) -> None:
    """The click opens nothing: WindowMissing, before anything was typed."""
    job = BOOK.job(BOOK.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        board.faults(popup_blocked=True)
        cast(FieldBoardHands, hands).job_page._window_seconds = 0.5
        with pytest.raises(WindowMissing):
            await hands.enter(job)


@pytest.mark.failure_mode("F13")
@pytest.mark.parametrize("mistreated", [{"cut_texts": 4}, {"upper_case": True}, {"swap_dates": True}])
async def test_what_the_board_keeps_otherwise_is_seen(
    mistreated: dict[str, object], board: Demo, route: Route, quiet: Quiet
) -> None:
    """F13: values cut off, in capitals, or with day and month swapped stand among the differences of the read-back."""
    job = BOOK.job(BOOK.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        board.faults(**mistreated)
        await hands.submit(job)
        kept = await hands.read_back(job)

    assert job.part.differences(kept.records[0])


async def test_a_form_that_is_sent_twice_books_once(board: Demo, route: Route) -> None:
    """The answer to the save posts the form again, and the board would overbook the slot: it is kept from it."""
    job = BOOK.job(BOOK.fresh(board))
    board.faults(double_submit=True)

    await entered(route, job)

    assert len(board.ledger(job.reference)) == 1


@pytest.mark.failure_mode("F10")
@pytest.mark.parametrize(("at", "rows"), [("open", 0), ("saved", 1)])
async def test_a_session_that_ends_in_the_window_is_no_refusal(
    at: str, rows: int, board: Demo, route: Route, quiet: Quiet
) -> None:
    """F10: signed out behind the open form or after the commit, the answer says nothing of the entry: no refusal."""
    job = MOVE.job(board.fresh_booking())
    board.faults(expire_at=at)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        with pytest.raises(Fault) as raised:
            await hands.submit(job)

    assert not isinstance(raised.value, Refused | SessionLost)
    assert len(board.ledger(job.reference)) == rows


async def test_a_search_that_lags_is_asked_again(board: Demo, route: Route, quiet: Quiet) -> None:
    """Reading back looks again while the board's search does not show yet what it has saved."""
    job, steps = BOOK.job(BOOK.fresh(board)), list[str]()

    async with route.open(ACCOUNT, steps.append) as hands:
        await hands.find(job)
        await hands.enter(job)
        confirmation = await hands.submit(job)
        board.faults(lag_seconds=1.5)
        kept = await hands.read_back(job)

    assert (kept.ours, kept.confirmation) == ([True], confirmation)


async def test_evidence_hides_the_customer(board: Demo, route: Route, quiet: Quiet) -> None:
    """The filled window and the booking leave pictures and texts without name, address and telephone number."""
    job = BOOK.job(BOOK.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        texts = await told(hands, "before_submit")
        await hands.submit(job)
        await hands.read_back(job)
        texts += await told(hands, "looked")

    assert place_of(job).split()[0] in texts
    assert not [name for name in ("Greta", "Mühlgasse", "04109", "Leipzig", "0341") if name in texts]


async def told(hands: Hands, taken: str) -> str:
    """All texts of the evidence of that moment."""
    found = await hands.capture(taken)
    return "".join(thing.data.decode("utf-8") for thing in found if thing.kind == "snapshot")
