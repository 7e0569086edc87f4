"""The screen of systems: a status page that says what stands, what is held and whose promise, and that is steered."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from fallbacks.breaker import Source
from fallbacks.health import Health
from fallbacks.outage_notices import OutageNotices
from records import account_holds, gap_look
from records.account_holds import AccountHold
from records.case import Case
from records.health import Outage, SignInLook
from records.holding_back import hold_back
from records.intake import hand_in
from records.people import Role
from records.told import Told
from records.work_item import WorkItem
from systems.base import PRODUCTION
from systems.environment import Environment, Environments
from systems.way import Way
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.failing import Entries
from tests.support.journey import handed, report_of

PAGE = "/systems/orderdesk/production"
DESK = Way("orderdesk")


@pytest.fixture(autouse=True)
def _set_up(console: Console) -> None:
    """The order desk and the service desk have addresses here."""
    places = Environments(
        [Environment(system=name, address=f"http://{name}.test") for name in ("orderdesk", "servicedesk")]
    )
    console.app.state.collaborators = replace(console.parts, places=lambda: places)


async def outage(console: Console) -> Outage:
    """The outage that lasts."""
    async with console.database.session() as session:
        return (await session.exec(select(Outage))).one()


async def goes_down(console: Console) -> Outage:
    """The order desk stops answering."""
    for second in range(3):
        await Health(console.database).note(
            DESK, ok=False, source=Source.ENTRY, code="system_down", now=NOW + timedelta(seconds=second)
        )
    return await outage(console)


async def stand_in_line(console: Console) -> str:
    """An entry of a case that is due in two hours meets the outage; the case's number."""
    async with console.database.session() as session:
        receipt = await hand_in(session, handed(report_of("4700123")), NOW)
        (await session.get_one(Case, receipt.case_id)).due_at = NOW + timedelta(hours=2)
    waiting = await Entries(console.database, receipt).new("4700009", at=NOW)
    async with console.database.session() as session:
        assert await hold_back(session, waiting, NOW)
    return receipt.case_number


async def test_all_is_well_until_something_is_not(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Nothing heard is said as such; down, list, page and every other page name the system, and why."""
    before = (await supervisor.get("/systems")).text

    await goes_down(console)

    listed, shown = (await supervisor.get("/systems")).text, (await supervisor.get(PAGE)).text
    assert ("nothing is held" in before, "Not heard of yet" in before) == (True, True)
    assert [text in listed for text in ("Does not answer", "The system does not answer.")] == [True] * 2
    assert [text in shown for text in ("Nothing is sent there", "Try it again", "Take it out of use")] == [True] * 3
    assert "does not answer since" in (await supervisor.get("/")).text


async def test_a_system_is_named_once(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Both ways to a system are out: every page says once that it is, not once for each way."""
    ways = [Way("servicedesk", PRODUCTION, "bot"), Way("servicedesk", PRODUCTION, "api")]
    await Health(console.database).isolate(ways, by="op@example.org", why="their new release", now=NOW)

    page = (await supervisor.get("/")).text

    assert page.count("is taken out of use since") == 1


async def test_whoever_may_takes_a_way_out_of_use_and_brings_it_back(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """Without a reason nothing changes; with one it is out of use by their name, and comes back by a word."""
    refused = await supervisor.post(f"{PAGE}/isolations", data={"route": "bot", "why": " "}, follow_redirects=True)
    taken = await supervisor.post(
        f"{PAGE}/isolations", data={"route": "bot", "why": "It loses entries", "hours": "4"}, follow_redirects=True
    )
    found = await outage(console)
    back = await supervisor.post(
        f"{PAGE}/resumptions", data={"route": "bot", "why": "Their team mended it"}, follow_redirects=True
    )

    assert "Nothing was changed" in refused.text
    assert [text in taken.text for text in ("Taken out of use", "It loses entries", "comes back by itself")] == [
        True
    ] * 3
    assert (found.isolated, found.by, found.why) == (True, "supervisor@example.org", "It loses entries")
    assert "asked at once" in back.text


@pytest.mark.failure_mode("F58")
async def test_after_a_restore_the_page_says_how_far_the_looks_are_and_lets_nobody_go_before(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """F58: the progress and what holds it up stand where the hold does; on goes only who ticks what is left."""
    await goes_down(console)
    await stand_in_line(console)
    async with console.database.session() as session:
        item = (await session.exec(select(WorkItem))).one()
        await gap_look.begin(session, [(item.system, item.operation)])
        await gap_look.later(session, item.id, "too_slow", 60)
    form = {"route": "bot", "why": "Their team mended it"}

    shown = [(await supervisor.get(page)).text for page in ("/systems", PAGE)]
    refused = await supervisor.post(f"{PAGE}/resumptions", data=form, follow_redirects=True)
    back = await supervisor.post(f"{PAGE}/resumptions", data={**form, "unlooked": "true"}, follow_redirects=True)

    said = "Since the restore 0 of 1 entry looked for: 0 there, 0 to people. 1 left. The system"
    assert [said in page for page in shown] == [True, True]
    assert "1 not looked for since the restore" in shown[1]
    assert "Nothing was changed. Entries that nobody has looked for yet since the restore: 1." in html.unescape(
        refused.text
    )
    assert "asked at once" in back.text
    assert "Since the restore" not in back.text


async def test_the_line_is_let_go_at_a_rate(console: Console, supervisor: httpx.AsyncClient) -> None:
    """A rate that is none changes nothing and says so; a good one stands on the page; what goes cannot go on."""
    found = await goes_down(console)
    await stand_in_line(console)
    form = {"outage": str(found.id)}

    answers = [
        (await supervisor.post(f"{PAGE}/{noun}", data={**form, **typed}, follow_redirects=True)).text
        for noun, typed in (
            ("paces", {"per_minute": "-1"}),
            ("paces", {"per_minute": "12"}),
            ("go-ons", {}),
        )
    ]

    said = ("A rate is more than 0", "Now at most 12 a minute", "waits for the end of the outage")
    assert [text in answer for text, answer in zip(said, answers, strict=True)] == [True] * 3
    assert (await outage(console)).drain_per_minute == 12


async def test_who_only_sees_systems_steers_none(console: Console, as_role: SignedIn) -> None:
    """Operations read the page, and neither see nor may send what steers it."""
    client = await as_role(Role.OPS)

    shown = (await client.get(PAGE)).text
    sent = await client.post(f"{PAGE}/isolations", data={"route": "bot", "why": "I would like to"})

    assert ("Take it out of use" in shown, sent.status_code) == (False, 403)


async def test_the_last_look_whether_anybody_can_sign_in_stands_beside_the_probes(
    console: Console, supervisor: httpx.AsyncClient
) -> None:
    """How it went, when and how long it took; who looks is held, not yet seen, or not declared: each is a sentence."""
    none = (await supervisor.get(PAGE)).text
    place = Environment(system="orderdesk", address="http://orderdesk.test", probe_account="bot09")
    console.app.state.collaborators = replace(console.parts, places=lambda: Environments([place]))
    unseen = (await supervisor.get(PAGE)).text
    async with console.database.session() as session:
        session.add(SignInLook(**DESK._asdict(), account="bot09", at=NOW, code="system_down", ms=2300))
    failed = (await supervisor.get(PAGE)).text
    async with console.database.session() as session:
        hold = AccountHold(
            system="orderdesk",
            environment="production",
            account="bot09",
            credential="orderdesk-bot09",
            code="sign_in_refused",
            since=NOW,
        )
        await account_holds.place(session, hold)

    held, accounts = (await supervisor.get(PAGE)).text, (await supervisor.get("/accounts")).text

    assert "No account is named that looks whether bots can sign in." in none
    assert "A bot process looks as bot09 once it runs." in unseen
    assert [text in failed for text in ("Cannot sign in", "The system does not answer.", "took 2.3 s")] == [True] * 3
    assert "bot09 is held, so nobody looks. Entries go on." in held
    assert "only looks whether it can sign in" in accounts


async def test_a_system_that_is_not_here_is_said_so(supervisor: httpx.AsyncClient) -> None:
    """Neither an unknown system nor an unknown environment is a page."""
    assert [
        (await supervisor.get(f"/systems/{path}")).status_code for path in ("nosuch/production", "orderdesk/moon")
    ] == [
        404,
        404,
    ]


async def test_what_is_held_is_counted_with_its_first_promise(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Entries behind the outage are told with their case's due time, and only then is anybody told, once."""
    await goes_down(console)
    quiet = await OutageNotices(console.database).run_once(NOW)
    number = await stand_in_line(console)

    first = [await OutageNotices(console.database).run_once(NOW) for _ in range(2)]

    shown = (await supervisor.get(PAGE)).text
    assert (quiet, first) == (0, [1, 0])
    assert [text in shown for text in ("<strong>1</strong> entry is held", number, "Failed delivery")] == [True] * 3
    link = re.search(r'href="(/bulk-actions/new[?]kind=hand_over_held[^"]+)"', shown)
    assert link is not None
    assert "Send to people: 1 held entry" in (await supervisor.get(html.unescape(link[1]))).text
    async with console.database.session() as session:
        told = (await session.exec(select(Told).where(Told.person == "supervisor@example.org"))).one()
    assert (told.path, "1 entry is held" in told.text) == (PAGE, True)
