"""What got in the way: one form on every page, a receipt, an answer that is told, and never a lost word."""

import re

import httpx
from sqlmodel import select

from records.feedback import Feedback
from records.people import Role
from records.told import Told
from tests.console.conftest import Console, SignedIn
from tests.support.cast_of_cases import Cast


async def said(client: httpx.AsyncClient, text: str = "The reason is asked twice.", **form: str) -> str:
    """Say something; the address of the receipt."""
    answer = await client.post("/feedback", data={"text": text, "path": "/desk", **form})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_the_form_takes_along_where_somebody_is(console: Console, cast: Cast, agent: httpx.AsyncClient) -> None:
    """The menu's entry leads from any page with its address; the form says what goes along, and that is kept."""
    page = (await agent.get(f"/cases/{cast.refused}?tab=1")).text
    link = re.search(r'href="(/feedback/new\?from=[^"]+)"', page)
    assert link is not None

    form = (await agent.get(link[1])).text
    path = re.search(r'name="path" value="([^"]+)"', form)
    assert path is not None
    receipt = await said(agent, path=path[1], width="360")

    async with console.database.session() as session:
        row = (await session.exec(select(Feedback))).one()
    assert f"the case {cast.refused}" in form
    assert (row.path, row.case_number) == (f"/cases/{cast.refused}?tab=1", cast.refused)
    assert (row.person, row.role, row.width) == ("agent@example.org", "agent", 360)
    assert receipt == f"/feedback/{row.id}"
    assert "Waits for an answer" in (await agent.get(receipt)).text


async def test_pressed_twice_it_counts_once(console: Console, agent: httpx.AsyncClient) -> None:
    """The same form sent again leads to the same receipt."""
    receipts = [await said(agent, key="k"), await said(agent, key="k")]

    assert receipts[0] == receipts[1]


async def test_an_answer_reaches_who_said_it(console: Console, as_role: SignedIn) -> None:
    """IT answers and keeps it open, a supervisor closes it; the agent reads both and was told of each."""
    agent, it, lead = [await as_role(role) for role in (Role.AGENT, Role.IT, Role.SUPERVISOR)]
    receipt = await said(agent)

    listed = (await it.get("/feedback")).text
    await it.post(f"{receipt}/answers", data={"text": "We look at it.", "closes": "no", "key": "a"})
    answered = (await agent.get(receipt)).text
    await lead.post(f"{receipt}/answers", data={"text": "Asked once now.", "closes": "yes", "key": "b"})

    page, mine = (await agent.get(receipt)).text, (await agent.get("/feedback")).text
    async with console.database.session() as session:
        told = [(row.person, row.kind, row.path) for row in await session.exec(select(Told))]
    assert "The reason is asked twice." in listed
    assert "Answered, open" in answered
    assert ["We look at it." in page, "Asked once now." in page, "Closed" in page] == [True] * 3
    assert "Answered and closed" in mine
    assert told == [("agent@example.org", "feedback_answered", receipt)] * 2


async def test_who_comes_too_late_keeps_what_they_wrote(as_role: SignedIn) -> None:
    """Closed by somebody meanwhile: the second answer is not sent, says so, and stands there to be copied."""
    agent, lead = await as_role(Role.AGENT), await as_role(Role.SUPERVISOR)
    receipt = await said(agent)
    await lead.post(f"{receipt}/answers", data={"text": "Done.", "closes": "yes", "key": "a"})

    late = await lead.post(f"{receipt}/answers", data={"text": "My long answer.", "closes": "yes", "key": "b"})

    assert late.status_code == 422
    assert "Somebody closed it meanwhile" in late.text
    assert "My long answer.</textarea>" in late.text


async def test_others_do_not_read_it(as_role: SignedIn) -> None:
    """Another agent or ops person finds nothing, in the list or by its address, and nobody else may answer."""
    agent, ops = await as_role(Role.AGENT), await as_role(Role.OPS)
    receipt = await said(agent)

    answers = [await ops.get(receipt), await ops.post(f"{receipt}/answers", data={"text": "Mine to say."})]
    own = await agent.post(f"{receipt}/answers", data={"text": "I answer myself."})

    assert [answer.status_code for answer in answers] == [404, 403]
    assert own.status_code == 403
    assert "The reason" not in (await ops.get("/feedback")).text


async def test_a_form_that_is_not_right_comes_back_filled(agent: httpx.AsyncClient) -> None:
    """Empty or too long: 422 with a sentence, the text, the page and the key as they were."""
    for text in ("", "  ", "x" * 4001):
        answer = await agent.post("/feedback", data={"text": text, "path": "/cases?q=1", "width": "800", "key": "kk"})

        assert answer.status_code == 422
        assert text.strip() in answer.text
        assert all(f'value="{value}"' in answer.text for value in ("/cases?q=1", "800", "kk"))


async def test_a_word_is_not_lost_while_the_records_are_away(away: httpx.AsyncClient) -> None:
    """The database does not answer: the text comes back with a button to send it again."""
    await away.get("/sign-in")
    away.cookies.set("baton_session", "x")

    answer = await away.post("/feedback", data={"text": "My long story."})

    assert answer.status_code == 503
    assert "My long story." in answer.text


async def test_the_way_back_stays_in_the_house(console: Console, agent: httpx.AsyncClient) -> None:
    """A made-up address is neither shown as the way back nor kept; nor is a made-up width."""
    paths = ["https://evil.example/", "//evil.example/", "/\\evil.example", "evil:alert(1)"]

    forms = [(await agent.get("/feedback/new", params={"from": path})).text for path in paths]
    for path in paths:
        await said(agent, path=path, width="-1")

    async with console.database.session() as session:
        rows = [(row.path, row.width) for row in await session.exec(select(Feedback))]
    assert ["evil" in form for form in forms] == [False] * 4
    assert rows == [("/", 0)] * 4
