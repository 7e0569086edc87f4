"""The accounts' page: what is held and why, what waits, what expires, and letting one go on by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from core.case import WaitsFor
from core.faults import Broken
from core.work_item import State
from records import account_holds
from records.account_holds import AccountHold
from records.case import Case
from records.lease import Lease
from records.people import Role
from records.trail import AuditEntry
from records.work_item import Attempt, WorkItem
from systems.environment import BadEnvironmentsError, Environment, Environments
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.cast_of_cases import Cast

PLACES = Environments(
    [
        Environment(system="orderdesk", address="http://desk.test", accounts=("bot01", "bot02", "bot03")),
        Environment(system="orderdesk", name="test", address="http://try.test", accounts=("try1",)),
    ]
)


@dataclass(frozen=True)
class Kept:
    """What is known of a credential."""

    name: str
    expires_at: datetime | None = None


async def kept() -> Sequence[Kept]:
    """Two credentials of four: one expires soon."""
    return [Kept("orderdesk-bot01", NOW + timedelta(days=13)), Kept("orderdesk-bot02", NOW + timedelta(days=200))]


@pytest.fixture
async def hold(console: Console, cast: Cast) -> AccountHold:
    """bot02 of the order desk is held since a try of the refused case; another case's entry waits, bot03 works."""
    console.app.state.collaborators = replace(console.parts, places=lambda: PLACES, credentials=kept)
    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == cast.refused))).one()
        item = (await session.exec(select(WorkItem).where(WorkItem.case_id == case.id))).one()
        attempt = (await session.exec(select(Attempt).where(Attempt.item_id == item.id))).one()
        item.wait_kind = WaitsFor.HELD_SYSTEM.value
        held = AccountHold(
            system="orderdesk",
            environment="production",
            account="bot02",
            credential="orderdesk-bot02",
            code="sign_in_refused",
            since=NOW - timedelta(minutes=40),
            attempt_id=attempt.id,
        )
        session.add(held)
        session.add(Lease(key="account/orderdesk/production/bot03", holder="a bot", until=NOW + timedelta(days=9999)))
    return held


async def test_the_page_says_what_is_held_and_why(
    console: Console, cast: Cast, hold: AccountHold, as_role: SignedIn
) -> None:
    """Sentence, since when, by which entry; what expires or is missing; who works; what waits, with the way there."""
    shown = (await (await as_role(Role.IT)).get("/accounts")).text

    assert "1 of 4 accounts is held." in shown
    assert "The system did not accept the bot&#39;s sign-in." in shown
    assert "20 Nov 2026, 08:50 UTC" in shown
    assert 'href="/items/' in shown
    assert "Expires <time" in shown
    assert "Not kept" in shown
    assert "At work" in shown
    assert '<a href="/cases?wait=held_system">' in shown
    assert "Order desk, test" in shown
    assert "Nothing waits because of it" in shown
    assert "Every account of a way there is held" not in shown
    assert "Accounts are free: what waits is tried again by itself" in shown


async def test_what_waits_behind_held_accounts_alone_is_counted_as_theirs(
    console: Console, hold: AccountHold, as_role: SignedIn
) -> None:
    """Where the held account is the only one of its way, what waits for that system waits because of it."""
    alone = Environments([Environment(system="orderdesk", address="http://desk.test", accounts=("bot02",))])
    console.app.state.collaborators = replace(console.parts, places=lambda: alone, credentials=kept)

    shown = (await (await as_role(Role.IT)).get("/accounts")).text

    assert "because of it" in shown
    assert "Nothing waits because of it" not in shown
    assert "Every account of a way there is held" in shown


async def test_the_page_does_not_deny_what_it_cannot_see(
    console: Console, hold: AccountHold, as_role: SignedIn
) -> None:
    """Credentials of the bots' own environment are not called missing; one that is seen all the same is told of."""
    known = replace(console.parts, places=lambda: PLACES, credentials=kept, secrets_of_bots=True)
    console.app.state.collaborators = known

    shown = (await (await as_role(Role.IT)).get("/accounts")).text

    assert shown.count("this page cannot see it") == 2
    assert "Not kept" not in shown
    assert "Expires <time" in shown


async def test_a_hold_ends_by_hand_with_a_reason(console: Console, hold: AccountHold, as_role: SignedIn) -> None:
    """Without a reason nothing happens; with one the hold ends with who and why, is audited, and ends only once."""
    it, address = await as_role(Role.IT), f"/accounts/holds/{hold.id}/clearances"

    empty = await it.post(address, data={"why": " "})
    asked = await it.get(address)
    done = await it.post(address, data={"why": "unlocked by the desk's owner"})
    page = (await it.get("/accounts")).text
    again = await it.post(address, data={"why": "once more"})
    async with console.database.session() as session:
        ended = await session.get_one(AccountHold, hold.id)
        noted = (await session.exec(select(AuditEntry).where(AuditEntry.action == "account.cleared"))).all()
        left = await account_holds.open_holds(session)

    assert (empty.status_code, asked.status_code, done.status_code, again.status_code) == (422, 200, 303, 409)
    assert (ended.cleared_by, ended.cleared_why) == ("it@example.org", "unlocked by the desk's owner")
    assert [(one.actor, one.about) for one in noted] == [("it@example.org", "orderdesk/production/bot02")]
    assert left == []
    assert "bot02 may sign in again" in page


async def test_only_some_mind_accounts(hold: AccountHold, as_role: SignedIn) -> None:
    """IT and supervisors see the page in their bar; nobody else sees it, tries an account or lets one go on."""
    trial = "/accounts/orderdesk/production/bot/bot02/trials"
    clearance = f"/accounts/holds/{hold.id}/clearances"

    for role in Role:
        client, may = await as_role(role), role in (Role.IT, Role.SUPERVISOR)
        bar = (await client.get("/")).text
        answers = [await client.get("/accounts"), await client.post(trial), await client.post(clearance)]
        assert ('href="/accounts"' in bar) == may
        assert [answer.status_code for answer in answers] == ([200, 503, 422] if may else [403, 403, 403])


async def test_a_try_of_no_account_is_none(hold: AccountHold, supervisor: httpx.AsyncClient) -> None:
    """An address that names no account of here starts nothing; while Temporal is away a try says so."""
    stray = ["nosuch/production/bot/bot02", "orderdesk/other/bot/bot02", "orderdesk/production/bot/bot99"]

    answers = [await supervisor.post(f"/accounts/{place}/trials") for place in stray]
    away = await supervisor.post("/accounts/orderdesk/production/bot/bot02/trials")

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert away.status_code == 503


async def test_the_page_stands_whatever_is_wrong(console: Console, supervisor: httpx.AsyncClient) -> None:
    """No system, a systems file that cannot be read, a place of credentials that is away: each is said in words."""

    def bad() -> Environments:
        raise BadEnvironmentsError(["[orderdesk.test]: address is missing."])

    async def away() -> Sequence[Kept]:
        raise Broken

    empty = (await supervisor.get("/accounts")).text
    console.app.state.collaborators = replace(console.parts, places=bad, credentials=away)
    wrong = (await supervisor.get("/accounts")).text

    assert "No system has an address here" in empty
    assert "[orderdesk.test]: address is missing." in wrong
    assert "nothing is said of their expiry" in wrong


async def test_a_case_that_a_held_account_keeps_says_who_puts_it_right(
    console: Console, cast: Cast, hold: AccountHold, as_role: SignedIn
) -> None:
    """Whoever may mind accounts is sent to their page; nobody is told that it moves by itself."""
    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == cast.refused))).one()
        item = (await session.exec(select(WorkItem).where(WorkItem.case_id == case.id))).one()
        item.state = State.READY

    pages = {role: (await (await as_role(role)).get(f"/cases/{cast.refused}")).text for role in (Role.IT, Role.AGENT)}

    assert 'href="/accounts">Open the accounts' in pages[Role.IT]
    assert "IT or a supervisor puts the held account right." in pages[Role.AGENT]
    assert not any("it moves by itself" in page for page in pages.values())
