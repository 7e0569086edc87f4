"""The bell and what it leads to: one's own notices, read once, and an open page that hears of new ones."""

import httpx
from sqlmodel import select

from records.people import Role
from records.told import Tell, Told, ToldState, tell
from tests.console.conftest import NOW, Console, SignedIn

AGENT = "person:agent@example.org"


async def told(console: Console, *texts: str, to: str = AGENT, path: str = "/desk") -> list[str]:
    """Tell somebody; the ids, in the order of the texts."""
    async with console.database.session() as session:
        await tell(session, NOW, *(Tell(kind="assigned", occurrence=t, to=to, text=t, path=path) for t in texts))
        rows = {row.text: str(row.id) for row in await session.exec(select(Told))}
    return [rows[text] for text in texts]


async def test_the_bell_counts_what_is_unread(console: Console, agent: httpx.AsyncClient) -> None:
    """Quiet without any; then the number in words and as a mark; many are "99+"."""
    quiet = (await agent.get("/")).text
    await told(console, "one", "two")
    two = (await agent.get("/")).text
    await told(console, *(f"more {number}" for number in range(110)))
    many = (await agent.get("/")).text

    assert 'aria-label="Notices"' in quiet
    assert 'class="many"' not in quiet
    assert 'aria-label="Notices: 2 unread"' in two
    assert 'aria-label="Notices: 99+ unread"' in many


async def test_following_a_notice_reads_it(console: Console, agent: httpx.AsyncClient) -> None:
    """Its link leads to its page; it counts as read and is not sent any more; the others stay."""
    first, _ = await told(console, "FD-000001 is yours.", "FD-000002 is yours.")

    answer = await agent.get(f"/notices/{first}")

    page = (await agent.get("/notices")).text
    async with console.database.session() as session:
        states = {row.text: row.state for row in await session.exec(select(Told))}
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert page.count('<span class="state state-note">New</span>') == 1
    assert states == {"FD-000001 is yours.": ToldState.READ, "FD-000002 is yours.": ToldState.WAITING}


async def test_all_are_read_at_once(console: Console, agent: httpx.AsyncClient) -> None:
    """One press, and the page says so; what other people were told stays unread."""
    await told(console, "mine", "mine too")
    await told(console, "theirs", to="lead:service")

    await agent.post("/notices/readings")

    page = (await agent.get("/notices")).text
    async with console.database.session() as session:
        unread = [row.text for row in await session.exec(select(Told)) if row.read_at is None]
    assert "You have read everything." in page
    assert unread == ["theirs"]


async def test_nobody_reads_what_others_were_told(console: Console, as_role: SignedIn) -> None:
    """Another's notice is not there: not in the list, not by its address, and it stays unread."""
    (mine,) = await told(console, "only the agent's")
    other = await as_role(Role.SUPERVISOR)

    answers = [await other.get(f"/notices/{mine}"), await other.get("/notices")]

    async with console.database.session() as session:
        row = (await session.exec(select(Told))).one()
    assert answers[0].status_code == 404
    assert "only the agent" not in answers[1].text
    assert row.read_at is None


async def test_a_long_list_goes_page_by_page(console: Console, agent: httpx.AsyncClient) -> None:
    """Each notice stands on exactly one page, also when many were told at the same moment."""
    texts = [f"notice {number:03}" for number in range(120)]
    await told(console, *texts)

    shown, page = "", (await agent.get("/notices")).text
    for _ in range(2):
        shown += page
        page = (await agent.get("/notices", params={"before": page.split('href="?before=')[1].split('"')[0]})).text
    shown += page

    assert [shown.count(text) for text in texts] == [1] * 120
    assert "Older" not in page


CAME_OF = {
    ToldState.SENT: ("", "Sent by your webhook"),
    ToldState.REFUSED: ("answer 404", "Not sent by your webhook: answer 404"),
    ToldState.UNKNOWN: ("ReadTimeout", "Sent by your webhook, but nobody knows whether it arrived"),
    ToldState.MOOT: ("", "Not sent: it was over before your shift began"),
}


async def test_the_page_says_what_came_of_the_sending(console: Console, agent: httpx.AsyncClient) -> None:
    """Sent, refused with its reason, doubtful, or over before the shift: in words beside the notice."""
    await told(console, *CAME_OF)
    async with console.database.session() as session:
        for row in await session.exec(select(Told)):
            row.state, row.code, row.channel = ToldState(row.text), CAME_OF[ToldState(row.text)][0], "webhook"

    page = (await agent.get("/notices")).text

    assert [words in page for _, words in CAME_OF.values()] == [True] * 4


async def test_an_empty_page_says_what_would_be_here(agent: httpx.AsyncClient) -> None:
    """Nothing was told yet: what will stand here, and where to choose how."""
    page = (await agent.get("/notices")).text

    assert "Nothing yet." in page
    assert 'href="/me"' in page
