"""The service desk's screens: the same store and ledger as its API, forms that know whom they were given to."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.patience import PATIENCE

KEY = {"X-Api-Key": "demo-servicedesk-key"}
TICKET = {"external_reference": "BTN-SCREEN1", "title": "Bell broken", "description": "x", "priority": "high"}


@pytest.fixture
async def agent(servicedesk: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A browser signed in as the first bot account."""
    async with httpx.AsyncClient(base_url=servicedesk.url, follow_redirects=True, timeout=PATIENCE) as client:
        await client.post("/desk/login", data={"account": "agent-bot1", "password": "demo-agent-bot1"})
        yield client


async def send(agent: httpx.AsyncClient, path: str, **typed: str) -> httpx.Response:
    """Open a form and send it as a browser does, hidden fields included."""
    page = (await agent.get(path)).text
    hidden = dict(
        re.findall(r'<input type="hidden" name="(version|token)" value="([^"]*)">', page.split("data-form")[1])
    )
    return await agent.post(path, data={**hidden, **typed})


async def ticket(agent: httpx.AsyncClient) -> str:
    """A ticket opened on the screens."""
    shown = await send(agent, "/desk/tickets/new", **TICKET)
    return shown.url.path.rsplit("/", 1)[-1]


async def rows(desk: Any, key: str) -> list[dict[str, Any]]:
    """The ledger rows of that key."""
    return [row for row in (await desk.http.get("/ledger.json")).json() if row["key"] == key]


async def test_screens_and_api_keep_one_store(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """What a form saves is in the API and the ledger, with the account, and said once with its number."""
    made = await ticket(agent)

    changed = await send(agent, f"/desk/tickets/{made}/change", state="solved", note="done", reference="BTN-NOTE9")
    again = await agent.get(f"/desk/tickets/{made}")
    read = (await servicedesk.http.get(f"/api/tickets/{made}", headers=KEY)).json()

    assert f"SD-202 Ticket {made} saved as version 2." in changed.text
    assert "SD-202" not in again.text
    assert (read["state"], read["changes"][0]["reference"]) == ("solved", "BTN-NOTE9")
    told = [(row["operation"], row["account"], row["confirmation"]) for row in await rows(servicedesk, made)]
    assert told == [("open_ticket", "agent-bot1", made), ("update_ticket", "agent-bot1", f"{made}/2")]


async def test_callbacks_come_and_go(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """A callback is in the list until it is removed; both leave their rows, and its number is not given again."""
    made = await ticket(agent)
    wanted = {"phone": "0551 1", "day": "2026-12-03", "slot": "12-16", "reference": "BTN-CALL1"}

    added = await send(agent, f"/desk/tickets/{made}/callbacks/new", **wanted)
    removed = await send(agent, f"/desk/tickets/{made}/callbacks/C-1/remove", reference="BTN-CALL2")
    gone = await agent.get(f"/desk/tickets/{made}/callbacks/C-1/remove")
    second = await send(agent, f"/desk/tickets/{made}/callbacks/new", **wanted)

    assert f"SD-203 Callback {made}/C-1 added." in added.text
    assert f"SD-204 Callback {made}/C-1 removed with version 3." in removed.text
    assert (gone.status_code, "SD-404" in gone.text) == (404, True)
    assert f"{made}/C-2 added" in second.text
    assert [row["reference"] for row in await rows(servicedesk, f"{made}/C-1")] == ["BTN-CALL2"]


async def test_the_hidden_button_saves_twice(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """Whoever presses the button that nobody sees opens two tickets: not pressing it is a bot's work."""
    typed = {**TICKET, "external_reference": "BTN-TWICE9"}

    await send(agent, "/desk/tickets/new", **typed, then="again")

    found = (await servicedesk.http.get("/api/tickets?external_reference=BTN-TWICE9", headers=KEY)).json()
    assert len(found) == 2


async def test_a_stale_form_saves_nothing(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """A ticket that moved on since the form was opened: SD-409 and no change."""
    made = await ticket(agent)
    page = (await agent.get(f"/desk/tickets/{made}/change")).text
    token = re.findall(r'name="token" value="([^"]*)"', page)[-1]
    await servicedesk.http.patch(f"/api/tickets/{made}", json={"state": "in_progress"}, headers=KEY)

    typed = {"token": token, "version": "1", "state": "solved", "note": "late"}
    refused = await agent.post(f"/desk/tickets/{made}/change", data=typed)

    assert (refused.status_code, "SD-409" in refused.text) == (409, True)
    assert len(await rows(servicedesk, made)) == 2


async def test_a_form_from_elsewhere_saves_nothing(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """Without its own token, or with that of another form, a post is SD-403."""
    made = await ticket(agent)
    page = (await agent.get(f"/desk/tickets/{made}/callbacks/new")).text
    others = re.findall(r'name="token" value="([^"]*)"', page)[-1]

    for token in ("", others):
        refused = await agent.post(f"/desk/tickets/{made}/change", data={"token": token, "state": "open", "note": "x"})
        assert (refused.status_code, "SD-403" in refused.text) == (403, True)

    assert len(await rows(servicedesk, made)) == 1


async def test_a_session_ends(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """After its end a page asks for a sign-in and a form says that nothing was saved; wrong sign-ins are counted."""
    made = await ticket(agent)
    await servicedesk.faults(expire_sessions=True)

    page = await agent.get("/desk/tickets")
    form = await agent.post(f"/desk/tickets/{made}/change", data={"state": "open"})
    wrong = await agent.post("/desk/login", data={"account": "agent-bot2", "password": "no"})
    state = (await servicedesk.http.get("/faults.json")).json()

    assert page.url.path == "/desk/login"
    assert "SD-402" in form.text
    assert (wrong.status_code, state["failed_signins"].get("agent-bot2")) == (401, 1)


async def test_the_search_is_wide_and_may_lag(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """It finds whatever contains the text, ten to a page; with the switch on a new ticket is not found yet."""
    for number in range(12):
        await send(agent, "/desk/tickets/new", **{**TICKET, "external_reference": f"BTN-WIDE{number}"})

    first = (await agent.get("/desk/tickets?reference=BTN-WIDE")).text
    second = (await agent.get("/desk/tickets?reference=btn-wide&page=2")).text
    await servicedesk.faults(search_lag_seconds=600)
    lagging = (await agent.get("/desk/tickets?reference=BTN-WIDE")).text

    assert (first.count("data-row"), second.count("data-row"), lagging.count("data-row")) == (10, 2, 0)


async def test_an_invalid_form_keeps_what_was_typed(agent: httpx.AsyncClient) -> None:
    """SD-422 names the field, and the rest is not typed again."""
    made = await ticket(agent)

    wrong = {"phone": "0551 <7>", "day": "tomorrow", "slot": "12-16"}
    shown = await send(agent, f"/desk/tickets/{made}/callbacks/new", **wrong)

    assert (shown.status_code, "SD-422 Not valid: Day" in shown.text) == (422, True)
    assert 'value="0551 &lt;7&gt;"' in shown.text


async def test_a_late_commit_comes_when_nobody_waits(servicedesk: Any, agent: httpx.AsyncClient) -> None:
    """F06: a sender that gives up finds the change in the ledger later all the same."""
    await servicedesk.faults(commit_late_seconds=1)
    page = (await agent.get("/desk/tickets/new")).text
    token = re.findall(r'name="token" value="([^"]*)"', page)[-1]
    typed = {**TICKET, "external_reference": "BTN-LATE9", "token": token}

    with pytest.raises(httpx.ReadTimeout):
        await agent.post("/desk/tickets/new", data=typed, timeout=httpx.Timeout(PATIENCE, read=0.3))

    async with asyncio.timeout(PATIENCE):
        while not (await servicedesk.http.get("/api/tickets?external_reference=BTN-LATE9", headers=KEY)).json():
            continue
