"""The service desk's bot on screens that lag, expire and change: never twice, nothing typed into the wrong one."""

from collections.abc import Callable
from typing import cast

import pytest
from playwright.async_api import Route as Asked

from bots.kit.contract import Job, Route, RouteKey
from bots.kit.hands import ScreenHands
from bots.servicedesk.codes import VersionMoved
from core.faults import (
    ElementMissing,
    ElementTwice,
    Fault,
    RecordNotFound,
    Refused,
    ScreenUnexpected,
    SignInRefused,
    WrongApplication,
)
from core.outcome import Answer
from tests.bots.conformance.cast import Part, part_of
from tests.bots.desks import Demo

OPEN, CHANGE, ADD, REMOVE = (
    part_of("servicedesk", operation)
    for operation in ("open_ticket", "update_ticket", "add_callback", "remove_callback")
)
Quiet = Callable[[str], None]
TWICE = """
  addEventListener('submit', event => {
    if (!event.target.dataset.form) return;
    sessionStorage.sent = JSON.stringify([event.target.action, [...new FormData(event.target)]]);
  });
  addEventListener('DOMContentLoaded', () => {
    if (!sessionStorage.sent) return;
    const [address, typed] = JSON.parse(sessionStorage.sent);
    delete sessionStorage.sent;
    const asked = new XMLHttpRequest();
    asked.open('POST', address, false);
    try { asked.send(new URLSearchParams(typed)); } catch { /* kept back */ }
  });
"""
"""A page's script that sends a form again on the page that answers it."""


@pytest.fixture
def desk(demos: dict[str, Demo]) -> Demo:
    """The service desk."""
    return demos["servicedesk"]


@pytest.fixture
def route(all_routes: dict[RouteKey, Route]) -> Route:
    """The service desk by its screens."""
    return all_routes[OPEN.way]


async def entered(route: Route, part: Part, job: Job, quiet: Quiet) -> str:
    """A whole entry."""
    async with route.open(part.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        return await hands.submit(job)


@pytest.mark.parametrize(
    ("operation", "first"),
    [("open_ticket", "api"), ("update_ticket", "bot"), ("add_callback", "api"), ("remove_callback", "bot")],
)
async def test_what_one_way_enters_the_other_way_finds(
    operation: str, first: str, desk: Demo, all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """The identity is the same by both ways: an entry made by one is adopted by the other, with its number."""
    other = part_of("servicedesk", operation, "bot" if first == "api" else "api")
    part = part_of("servicedesk", operation, first)
    job = part.job(part.fresh(desk))

    confirmation = await entered(all_routes[part.way], part, job, quiet)
    async with all_routes[other.way].open(other.account, quiet) as hands:
        seen = await hands.find(job)

    assert job.part.judge(seen, None) in (Answer.EQUAL, Answer.AFTER)
    assert seen.confirmation == confirmation


async def test_a_search_that_lags_hides_no_entry_from_its_reading_back(desk: Demo, route: Route, quiet: Quiet) -> None:
    """A new ticket that the search does not show yet is read back by its number."""
    job = OPEN.job("FD-000001")
    desk.faults(search_lag_seconds=600)

    async with route.open(OPEN.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        await hands.submit(job)
        kept = await hands.read_back(job)
        searched = await hands.find(job)

    assert job.part.differences(kept.records[0]) == []
    assert searched.records == []


@pytest.mark.failure_mode("F15")
async def test_a_longer_reference_is_not_ours(desk: Demo, route: Route, quiet: Quiet) -> None:
    """F15: twelve tickets whose references only begin like ours, over two pages, are not taken for ours."""
    job = OPEN.job("FD-000001")
    for number in range(12):
        desk.api("POST", "/api/tickets", external_reference=f"{job.reference}{number}", title="another")

    async with route.open(OPEN.account, quiet) as hands:
        seen = await hands.find(job)

    assert job.part.judge(seen, None) is Answer.ABSENT


async def test_a_ticket_that_moved_on_is_not_written_over(desk: Demo, route: Route, quiet: Quiet) -> None:
    """Somebody changes the ticket between form and click: VersionMoved, by the desk's own word nothing was saved."""
    job = CHANGE.job(CHANGE.fresh(desk))

    async with route.open(CHANGE.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        desk.api("PATCH", f"/api/tickets/{job.operation.target(job.entry)}", state="solved")
        with pytest.raises(VersionMoved):
            await hands.submit(job)

    assert desk.ledger(job.reference) == []


async def test_a_page_that_posts_twice_commits_once(desk: Demo, route: Route, quiet: Quiet) -> None:
    """A form that the answering page sends again is let through once, and the entry is told by its number."""
    job = OPEN.job("FD-000001")

    async with route.open(OPEN.account, quiet) as hands:
        await cast(ScreenHands, hands).page.add_init_script(TWICE)
        await hands.find(job)
        await hands.enter(job)
        confirmation = await hands.submit(job)

    assert [row["confirmation"] for row in desk.ledger(job.reference)] == [confirmation]


@pytest.mark.failure_mode("F10")
async def test_a_session_that_ends_before_the_click_is_renewed_and_at_the_click_is_no_refusal(
    desk: Demo, route: Route, quiet: Quiet
) -> None:
    """F10: signed out before the form, the bot signs in once and goes on; signed out at the click, nobody knows."""
    job, again = ADD.job(ADD.fresh(desk)), ADD.job(ADD.fresh(desk))

    async with route.open(ADD.account, quiet) as hands:
        await hands.find(job)
        desk.faults(expire_sessions=True)
        await hands.enter(job)
        await hands.submit(job)
        await hands.find(again)
        await hands.enter(again)
        desk.faults(expire_sessions=True)
        with pytest.raises(Fault) as raised:
            await hands.submit(again)

    assert len(desk.ledger(job.reference)) == 1
    assert not isinstance(raised.value, Refused)


async def test_a_callback_that_was_taken_away_is_for_a_person(desk: Demo, route: Route, quiet: Quiet) -> None:
    """Our callback that somebody removed is neither entered again nor called done: the bot cannot tell."""
    job = ADD.job(ADD.fresh(desk))
    number = await entered(route, ADD, job, quiet)
    ticket, callback = number.split("/")
    desk.api("DELETE", f"/api/tickets/{ticket}/callbacks/{callback}")

    async with route.open(ADD.account, quiet) as hands:
        seen = await hands.find(job)

    assert job.part.judge(seen, None) is Answer.CANNOT_TELL


@pytest.mark.parametrize("way", ["api", "bot"])
async def test_a_callback_that_never_was_cannot_be_taken_back(
    way: str, desk: Demo, all_routes: dict[RouteKey, Route], quiet: Quiet
) -> None:
    """Its absence is no proof of a removal: RecordNotFound, by both ways."""
    part = part_of("servicedesk", "remove_callback", way)
    job = part.job(f"{desk.fresh_ticket()}/C-7")

    async with all_routes[part.way].open(part.account, quiet) as hands:
        with pytest.raises(RecordNotFound):
            await hands.find(job)


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ((">Priority<", ">Urgency<"), ElementMissing),
        ((">Customer number<", ">Title<"), ElementMissing),
        (('class="x-off"', ""), ElementTwice),
        (("Save ticket", "Send ticket"), ElementMissing),
        (("<h1>New ticket</h1>", "<h1>New request</h1>"), ScreenUnexpected),
        (('content="Service Desk 2"', 'content="Parcel Shop"'), WrongApplication),
    ],
)
async def test_a_form_that_changed_is_noticed_before_typing(
    change: tuple[str, str], fault: type[Fault], desk: Demo, route: Route, quiet: Quiet
) -> None:
    """F12: a caption, button, heading or application that is another one: its own fault, and nothing is typed."""
    job = OPEN.job("FD-000001")

    async def altered(asked: Asked) -> None:
        answer = await asked.fetch()
        await asked.fulfill(response=answer, body=(await answer.text()).replace(*change))

    async with route.open(OPEN.account, quiet) as hands:
        await hands.find(job)
        page = cast(ScreenHands, hands).page
        await page.route("**/desk/tickets/new", altered)
        with pytest.raises(fault):
            await hands.enter(job)
        typed = await page.locator("form.card [name=title]").input_value()

    assert typed == ""


@pytest.mark.failure_mode("F11")
async def test_a_refused_sign_in_is_tried_once(
    desk: Demo, route: Route, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F11: a wrong password is one failed sign-in of that account and no more."""
    monkeypatch.setenv("BATON_SECRET_SERVICEDESK_AGENT_BOT4", "wrong")

    async with route.open("agent-bot4", quiet) as hands:
        with pytest.raises(SignInRefused):
            await hands.find(OPEN.job("FD-000001"))

    assert desk.faults()["failed_signins"] == {"agent-bot4": 1}
