"""The order desk's bot before screens that are not as they were: new layouts, windows in front, other applications."""

from collections.abc import Callable
from typing import cast

import pytest

from bots.kit.contract import Route as SystemRoute
from bots.kit.contract import RouteKey
from bots.kit.hands import ScreenHands
from core.faults import (
    Ambiguous,
    Conflict,
    ScreenUnexpected,
    UnknownWindow,
    WrongApplication,
)
from core.outcome import Answer
from failure.difference import Change
from tests.bots.conformance.cast import PARTS, Part
from tests.bots.desks import Demo
from tests.bots.orderdesk.test_bot import page_of, rewriting

CAST = {part.operation: part for part in PARTS if part.system == "orderdesk"}
MARK, REFUND, RETURN = CAST["mark_failed_delivery"], CAST["refund"], CAST["return_to_sender"]
LAYOUTS = ("v2", "v3", "v4", "v5", "v6")
ACCOUNT = "bot01"
Quiet = Callable[[str], None]


@pytest.fixture
def route(all_routes: dict[RouteKey, SystemRoute]) -> SystemRoute:
    """The order desk by its screens."""
    return all_routes[MARK.way]


CHANGED = {
    MARK: {
        "v2": 'field "Remarks" moved from row 4 to row 1; field "Attempt" moved from row 3 to row 2;'
        ' field "Reason code" moved from row 2 to row 3',
        "v3": 'field "Status" is now "State"',
        "v4": 'field "Status" is called "status_new" by the page in place of "status"',
        "v5": 'field "Attempt" is gone',
        "v6": 'field "Cost centre" is new',
    },
    RETURN: {
        "v2": 'field "Remarks" moved from row 3 to row 1; field "Reason code" moved from row 1 to row 3',
        "v3": 'field "Reason code" is now "Cause"',
        "v4": 'field "Reason code" is called "reason_new" by the page in place of "reason"',
        "v5": 'field "Carrier" is gone',
        "v6": 'field "Cost centre" is new',
    },
}


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(("part", "screen"), [(MARK, "S31 DELIVERY FAILURE"), (RETURN, "S35 RETURN TO SENDER")])
async def test_every_new_layout_is_noticed_and_named_before_typing(
    desk: Demo, route: SystemRoute, quiet: Quiet, part: Part, screen: str
) -> None:
    """F12: a field moved, renamed in caption or input, gone or added is said in words, and nothing was typed."""
    job = part.job(desk.fresh_order())
    typed, told = [], {}

    async with route.open(ACCOUNT, quiet) as hands:
        for layout in LAYOUTS:
            await hands.find(job)
            desk.faults(layout=layout)
            with pytest.raises(ScreenUnexpected) as trouble:
                await hands.enter(job)
            told[layout] = "; ".join(Change.model_validate(change).words for change in trouble.value.drift)
            assert trouble.value.screen == screen, repr(trouble.value.detail)
            assert trouble.value.detail == f"{screen}: {told[layout]}"
            frame = cast(ScreenHands, hands).work_area()
            typed += await frame.evaluate(
                "[...document.querySelectorAll('input[type=text]')].map(input => input.value)"
            )

    assert typed
    assert not any(job.reference in text for text in typed)
    assert told == CHANGED[part]


@pytest.mark.failure_mode("F12")
async def test_a_new_layout_stops_only_what_works_on_that_screen(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F12: with another refund screen the refund stops, and a failed delivery is marked as ever."""
    refund, mark = REFUND.job(desk.fresh_order()), MARK.job(desk.fresh_order())
    desk.faults(layout="v4", layout_screen="refund")

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(refund)
        with pytest.raises(ScreenUnexpected):
            await hands.enter(refund)
        await hands.find(mark)
        await hands.enter(mark)
        await hands.submit(mark)

    assert len(desk.ledger(mark.reference)) == 1


@pytest.mark.failure_mode("F12")
async def test_a_display_that_changed_is_not_read(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F12: rows moved, a caption, a cell's name, a row gone, columns swapped: ScreenUnexpected instead of a guess."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        for layout in LAYOUTS:
            desk.faults(layout=layout, layout_screen="order display")
            with pytest.raises(ScreenUnexpected):
                await hands.find(job)


@pytest.mark.failure_mode("F12")
async def test_a_sign_in_that_changed_gets_no_password(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F12: nothing is typed into a sign-in screen that is not the known one, so no failed sign-in is counted."""
    desk.faults(expire_sessions=True, layout="v4", layout_screen="sign-in")

    async with route.open("bot06", quiet) as hands:
        with pytest.raises(ScreenUnexpected):
            await hands.find(MARK.job(desk.fresh_order()))

    assert "bot06" not in desk.faults()["failed_signins"]


@pytest.mark.failure_mode("F09")
@pytest.mark.parametrize("modal", ["maintenance", "survey"])
async def test_a_known_window_is_closed(desk: Demo, route: SystemRoute, quiet: Quiet, modal: str) -> None:
    """F09: a banner and a survey that are on the list do not hold up an entry."""
    job = MARK.job(desk.fresh_order())
    desk.faults(modal=modal)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        await hands.submit(job)

    assert len(desk.ledger(job.reference)) == 1


@pytest.mark.failure_mode("F09")
async def test_an_unknown_window_stops_before_the_click(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F09: a window that is not on the list is UnknownWindow before anything is typed; evidence shows and masks it."""
    job = MARK.job(desk.fresh_order())
    desk.faults(modal="unknown", modal_screen="failure")

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        with pytest.raises(UnknownWindow):
            await hands.enter(job)
        (picture, text) = (await hands.capture("looked"))[:2]

    assert picture.data
    assert b"Period closing" in text.data
    assert b"booked to the next one" not in text.data
    assert desk.ledger(job.reference) == []


@pytest.mark.failure_mode("F09")
async def test_a_message_box_stops_before_the_click(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F09: a script's message box nobody knows is dismissed and ends the job before the click."""
    job = MARK.job(desk.fresh_order())
    desk.faults(modal="alert", modal_screen="failure")

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        with pytest.raises(ScreenUnexpected):
            await hands.enter(job)

    assert desk.ledger(job.reference) == []


@pytest.mark.failure_mode("F08")
@pytest.mark.parametrize("how", ["page", "dialog"])
async def test_create_anyway_is_never_confirmed(desk: Demo, route: SystemRoute, quiet: Quiet, how: str) -> None:
    """F08: asked to create a second refund anyway the bot says no: a conflict with both versions, nothing saved."""
    order_no = desk.fresh_order()
    first, second = REFUND.job(order_no), REFUND.job(order_no)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(first)
        await hands.enter(first)
        await hands.submit(first)
        desk.faults(duplicate_warning=how)
        seen = await hands.find(second)
        await hands.enter(second)
        with pytest.raises(Conflict) as raised:
            await hands.submit(second)

    assert second.part.judge(seen, None) is Answer.ABSENT
    assert {found.field: (found.wanted, found.seen) for found in raised.value.differences} == {
        "amount": ("12,50", "12,50"),
        "currency": ("EUR", "EUR"),
        "reason": ("14", "14"),
    }
    assert desk.ledger(second.reference) == []
    assert order_no not in desk.faults()["locks"]


@pytest.mark.failure_mode("F15")
async def test_namesakes_are_told_apart_by_the_whole_number(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F15: of a list of orders that begin alike the very one is opened; two of one number are ambiguous."""
    job = MARK.job(desk.fresh_order())
    desk.faults(homonyms="prefix")

    async with route.open(ACCOUNT, quiet) as hands:
        seen = await hands.find(job)
        await hands.enter(job)
        await hands.submit(job)
        desk.faults(homonyms="double")
        twice = await hands.find(job)
        with pytest.raises(Ambiguous):
            await hands.read("order", job.operation.target(job.entry))

    assert job.part.judge(seen, seen.records[0]) is Answer.BEFORE
    assert job.part.judge(twice, seen.records[0]) is Answer.SEVERAL
    assert len(desk.ledger(job.reference)) == 1


async def test_another_application_is_not_worked_with(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """A page that is not the order desk's, behind the right address, is WrongApplication at once."""
    async with route.open(ACCOUNT, quiet) as hands:
        await page_of(hands).route(f"{desk.url}/**", rewriting("<title>ORDERDESK", "<title>Webmail"))
        with pytest.raises(WrongApplication):
            await hands.find(MARK.job(desk.fresh_order()))


@pytest.mark.failure_mode("F59")
async def test_hostile_text_is_only_text(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F59: scripts, control characters and formulas in names and remarks are read as they stand and do nothing."""
    desk.faults(hostile_text=True)
    order_no = desk.fresh_order()

    async with route.open(ACCOUNT, quiet) as hands:
        read = await hands.read("order", order_no)
        title = await page_of(hands).title()

    assert "<script>document.title='owned'</script>" in str(read["name"])
    assert '=HYPERLINK("http://127.0.0.2/","click")' in str(read["remarks"])
    assert title == "ORDERDESK"
