"""The dispatch board's bot in the troubles of its screens: changed forms, windows, lost sessions, cut values."""

from collections.abc import Callable
from datetime import date
from typing import cast

import pytest

from bots.fieldboard.bot import FieldBoardHands
from bots.kit.contract import Hands, Route
from core.faults import Fault, Refused, ScreenUnexpected, SessionLost, UnknownWindow, WindowMissing
from systems.fieldboard import SlotsWanted
from tests.bots.desks import Demo
from tests.bots.fieldboard.parts import ACCOUNT, BOOK, CANCEL, MOVE, entered, place_of

MONDAY = date(2041, 3, 4)
Quiet = Callable[[str], None]


@pytest.mark.failure_mode("F12")
async def test_a_changed_form_stops_before_typing(board: Demo, route: Route, quiet: Quiet) -> None:
    """F12: a field moved, renamed, removed or added is seen before anything is typed."""
    job, change = BOOK.job(BOOK.fresh(board)), CANCEL.job(board.fresh_booking())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        for layout in ("v2", "v3", "v4", "v5", "v6"):
            board.faults(layout=layout, layout_screen="new")
            with pytest.raises(ScreenUnexpected):
                await hands.enter(job)
        await hands.find(change)
        board.faults(layout="v6", layout_screen="cancel")
        with pytest.raises(ScreenUnexpected):
            await hands.enter(change)

    assert board.ledger(job.reference) == []


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(("screen", "layout"), [("booking display", "v3"), ("booking display", "v6"), ("board", "v6")])
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
async def test_what_the_board_keeps_otherwise_is_seen(board: Demo, route: Route, quiet: Quiet) -> None:
    """F13: values cut off, in capitals, or with day and month swapped stand among the differences of the read-back."""
    job = BOOK.job(BOOK.fresh(board))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        board.faults(cut_texts=6, upper_case=True, swap_dates=True)
        await hands.submit(job)
        kept = await hands.read_back(job)

    seen = {one.field: one.seen for one in job.part.differences(kept.records[0])}
    day = job.part.image["day"]
    assert (seen["street"], seen["city"], seen["day"]) == ("MÜHLGA", "LEIPZI", f"{day[3:5]}.{day[:2]}.{day[6:]}")


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
