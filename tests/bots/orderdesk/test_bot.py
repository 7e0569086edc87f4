"""The order desk's bot in the troubles that screens make: locks, lost sessions, changed forms, dialogs, cut values."""

from collections.abc import Callable
from typing import cast

import pytest
from playwright.async_api import Page
from playwright.async_api import Route as Request

from bots.kit.contract import Hands, Job, RouteKey
from bots.kit.contract import Route as SystemRoute
from bots.kit.hands import ScreenHands
from core.faults import (
    InputRefused,
    RecordLocked,
    Refused,
    ScreenUnexpected,
    SessionLost,
    SignInRefused,
    StatusForbids,
    SystemDown,
)
from systems.orderdesk import CorrectAddress, Order
from systems.registry import operation_of
from tests.bots.conformance.cast import PARTS
from tests.bots.desks import DELIVERED, Demo

MARK, RESCHEDULE, _, *_rest = PARTS
ACCOUNT = "bot01"
Quiet = Callable[[str], None]


@pytest.fixture
def route(all_routes: dict[RouteKey, SystemRoute]) -> SystemRoute:
    """The order desk by its screens."""
    return all_routes[RouteKey("orderdesk", "bot")]


def page_of(hands: Hands) -> Page:
    """The page behind a bot's hands, to play tricks on."""
    return cast(ScreenHands, hands).page


def rewriting(old: str, new: str) -> Callable[[Request], object]:
    """A handler that changes a page's text on its way to the browser."""

    async def handle(request: Request) -> None:
        answer = await request.fetch()
        body = await answer.text()
        assert old in body
        await request.fulfill(response=answer, body=body.replace(old, new))

    return handle


async def test_an_order_is_read_whole(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """Reading gives every field that the system's model of an order wants."""
    key = desk.fresh_order()

    async with route.open(ACCOUNT, quiet) as hands:
        read = await hands.read("order", key)

    assert Order.model_validate(read).order_no == key


async def test_a_record_that_somebody_has_open_is_not_yet(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """ORD-113 before the click is RecordLocked: to be tried again soon, with no attempt burnt."""
    job = MARK.job(desk.fresh_order())
    desk.faults(lock_order=job.operation.target(job.entry))

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        with pytest.raises(RecordLocked):
            await hands.enter(job)


async def test_a_lock_taken_at_the_last_moment_is_a_refusal(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """ORD-113 as the answer to the save is the desk's own word that nothing was saved."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        desk.faults(lock_order=job.operation.target(job.entry))
        with pytest.raises(Refused):
            await hands.submit(job)

    assert desk.ledger(job.reference) == []


async def test_a_delivered_order_refuses_changes(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """ORD-120 is StatusForbids: a person must look."""
    job = MARK.job(DELIVERED)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        with pytest.raises(StatusForbids):
            await hands.enter(job)


@pytest.mark.failure_mode("F10")
async def test_a_session_lost_before_the_click_restarts_at_find(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """F10: somebody changes the record while the bot is signed out: what it found is not so any more, so it stops."""
    order = desk.fresh_order()
    job, other = MARK.job(order), RESCHEDULE.job(order)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        async with route.open("bot02", quiet) as others:
            await others.find(other)
            await others.enter(other)
            await others.submit(other)
        desk.faults(expire_sessions=True)
        with pytest.raises(SessionLost):
            await hands.enter(job)

    assert (len(desk.ledger(other.reference)), desk.ledger(job.reference)) == (1, [])


@pytest.mark.failure_mode("F10")
async def test_a_session_lost_twice_ends_the_job(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """A second loss in one job is SessionLost, and nothing is entered."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        desk.faults(expire_sessions=True)
        await hands.find(job)
        desk.faults(expire_sessions=True)
        with pytest.raises(SessionLost):
            await hands.enter(job)

    assert desk.ledger(job.reference) == []


@pytest.mark.failure_mode("F10")
async def test_a_session_lost_at_the_click_is_no_refusal(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """Signed out in answer to the save: nobody says that it was not saved, so it is not refused."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        desk.faults(expire_sessions=True)
        with pytest.raises(Exception) as raised:  # noqa: PT011  (anything but a refusal will do)
            await hands.submit(job)

    assert not isinstance(raised.value, Refused)


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(
    ("old", "new"), [("Reason code", "Category"), ("DELIVERY FAILURE", "DELIVERY"), ('name="attempt"', 'name="try"')]
)
async def test_a_changed_form_is_noticed_before_typing(
    desk: Demo, route: SystemRoute, quiet: Quiet, old: str, new: str
) -> None:
    """A caption, title or field that is not the known one is ScreenUnexpected, and no field was touched."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await page_of(hands).route("**/failure", rewriting(old, new))
        with pytest.raises(ScreenUnexpected):
            await hands.enter(job)
        typed = await cast(ScreenHands, hands).work_area().input_value("#remarks")

    assert typed == ""


@pytest.mark.failure_mode("F08")
@pytest.mark.failure_mode("F09")
async def test_an_unknown_question_is_never_confirmed(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """Another text than the desk's own question is dismissed at once: nothing is saved, and it is no refusal."""
    job = MARK.job(desk.fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        await page_of(hands).route("**/failure", rewriting("Save change of order", "Change exists. Save anyway"))
        await hands.enter(job)
        with pytest.raises(ScreenUnexpected):
            await hands.submit(job)

    assert desk.ledger(job.reference) == []


@pytest.mark.failure_mode("F13")
async def test_a_value_that_does_not_fit_is_refused_before_the_click(
    desk: Demo, route: SystemRoute, quiet: Quiet
) -> None:
    """The street field holds 30 characters: a longer one is InputRefused, and the record is given back."""
    order_no = desk.fresh_order()
    entry = CorrectAddress(order_no=order_no, street="S" * 31, house_no="1", postcode="04109", city="Leipzig")
    job = Job.of(operation_of("orderdesk", "correct_address"), entry, "BTN-TOOLONG1")

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.find(job)
        with pytest.raises(InputRefused):
            await hands.enter(job)

    assert order_no not in desk.faults()["locks"]


@pytest.mark.failure_mode("F15")
async def test_a_display_of_another_order_is_not_read(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """The key on the screen must be exactly the one that was asked for."""
    job = MARK.job(desk.fresh_order())
    order_no = job.operation.target(job.entry)

    async with route.open(ACCOUNT, quiet) as hands:
        await hands.read("order", order_no)
        await page_of(hands).route(f"**/order/{order_no}", rewriting(f"{order_no}</td>", "4700000</td>"))
        seen = await hands.find(job)

    assert not seen.readable


@pytest.mark.failure_mode("F11")
async def test_a_refused_sign_in_is_tried_once(
    desk: Demo, route: SystemRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is SignInRefused after one try, so that no account gets locked."""
    monkeypatch.setenv("BATON_SECRET_ORDERDESK_BOT07", "wrong")
    job = MARK.job(desk.fresh_order())

    async with route.open("bot07", quiet) as hands:
        with pytest.raises(SignInRefused):
            await hands.find(job)
    await route.kill("bot07")

    assert desk.faults()["failed_signins"]["bot07"] == 1


async def test_a_refused_connection_is_a_system_that_is_down(
    demos: dict[str, Demo], route: SystemRoute, quiet: Quiet
) -> None:
    """Nobody listens at the address: SystemDown."""
    job = MARK.job(demos["orderdesk"].fresh_order())

    async with route.open(ACCOUNT, quiet) as hands:
        await page_of(hands).route("**/*", lambda request: request.abort("connectionrefused"))
        with pytest.raises(SystemDown):
            await hands.find(job)
