"""An entry that a bot passed on, on the desk: seen whole, taken, given back, and its agent is back on the desk."""

import re
import uuid
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.async_api import Browser, expect

from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from records.evidence_store import EvidenceStore
from records.people import Role
from systems.environment import Environment, Environments
from tests.activities.toy_desk import ToyDesk
from tests.console.conftest import ADDRESS, NOW, Console
from tests.console.test_desk import AGENT
from tests.console.test_desk_deeds import AWAY, WRONG, seen_on, waiting_on
from tests.console.test_desk_journey import Site
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.support.desk_cast import offer
from tests.support.director import Director, picture
from tests.support.eyes import barriers
from tests.support.journey import Journey, bots_of
from tests.support.stuck_cast import passed_on, until_passed_on
from tests.workflows.test_people_as_route import ADDRESS as KEYED
from tests.workflows.test_people_as_route import MOVED, conflict
from tests.workflows.test_work_item import BOT

NOUNS = ("questions", "asides", "transfers", "desk-notes")


async def stuck(console: Console, folder: Path, order_no: str, holder: str | None = None) -> tuple[str, uuid.UUID]:
    """Three of five parts are in: its case's number, and the handoff."""
    async with console.database.session() as session:
        number, handoff, _ = await passed_on(Director(session, NOW, folder, picture()), order_no, holder=holder)
    return number, handoff


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_what_is_keyed_and_what_is_missing_is_seen_at_once(
    width: int, scheme: Any, screen: Browser, address: str, console: Console, tmp_path: Path
) -> None:
    """Each part with its number, the next field to copy, the steps with their frames; no barrier, nothing too wide."""
    number, handoff = await stuck(console, tmp_path / "evidence", "4700190", "agent@example.org")
    context = await screen.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await sign_in(context, address, "agent")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)

    await page.goto(f"{address}/desk/{number}")
    await page.get_by_role("button", name="Copy Parcel").click()
    await expect(page.get_by_role("button", name="Copied Parcel")).to_be_visible()
    shown = await page.locator("#whole").inner_text()
    troubles += await barriers(page)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    await context.close()

    assert page.url.endswith(f"/desk/handoffs/{handoff}")
    assert [f"000123{count}" in shown for count in (1, 2, 3, 4)] == [True, True, True, False]
    assert (shown.count("not entered") >= 2, "goes on here" in shown, "Correct…" in shown) == (True, True, True)
    assert not troubles
    assert wide <= width


async def test_a_case_has_its_own_handoff_beside_the_entrys(
    console: Console, agent: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Both are open: the number means the case's, the queue leads to each, and nobody who lacks the right sees it."""
    number, handoff = await stuck(console, tmp_path / "evidence", "4700191")
    with psycopg.connect(console.database.url, autocommit=True) as connection:
        beside = await offer(console.database, NOW, "4700192", timedelta(hours=1))
        taken = "UPDATE handoffs SET case_id = (SELECT id FROM cases WHERE number = %s) WHERE kind = 'service'"
        connection.execute(taken, [number])

    queue = (await agent.get("/desk")).text
    case, entry = await agent.get(f"/desk/{number}"), await agent.get(f"/desk/handoffs/{handoff}")
    unknown = await agent.get(f"/desk/handoffs/{uuid.uuid4()}")

    assert (f'href="/desk/{number}"' in queue, f'href="/desk/handoffs/{handoff}"' in queue) == (True, True)
    assert (case.status_code, "How it goes on" in case.text or "Pick up" in case.text) == (200, True)
    assert (entry.status_code, "What is keyed, what is missing" in entry.text) == (200, True)
    assert (unknown.status_code, beside != number) == (404, True)


async def test_what_is_wrong_with_a_word_about_an_entry_is_said_on_its_page(
    console: Console, agent: httpx.AsyncClient, tmp_path: Path
) -> None:
    """An entry takes the acts of a case; what cannot be taken, now or at all, comes back where it was typed, whole."""
    _, handoff = await stuck(console, tmp_path / "evidence", "4700193", AGENT)
    here = f"/desk/handoffs/{handoff}"

    page = (await agent.get(here)).text

    for noun, typed, said in (one for one in WRONG if one[0] in NOUNS and one[1].get("pass_to") != "queue:service"):
        answer = await agent.post(f"{here}/{noun}", data=typed)
        assert f'action="{here}/{noun}"' in page
        assert (answer.status_code, said in unescape(answer.text)) == (422, True), typed
        assert re.search(r'<details name="deed" id="\w+" open>', answer.text), typed
    for noun, typed, _ in (one for one in AWAY if one[0] in NOUNS):
        answer = await agent.post(f"{here}/{noun}", data={**typed, "key": f"{noun}-key"})
        assert answer.status_code == 303, typed
    waiting = " ".join(str(row.argument) for row in await waiting_on(console.database))
    assert all(kept in waiting for noun, _, kept in AWAY if noun in NOUNS)
    assert f"{here}/returns" not in page


async def test_an_agent_gives_it_back_and_is_back_on_the_desk(desk_journey: Journey) -> None:
    """Noted, asked about, put aside; then the differing values shown, ours the truth: said truly what came of it."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    evidence = EvidenceStore.local(journey.settings.data_dir / "evidence")
    places = Environments([Environment(system="orderdesk", address="http://desk.test")])
    parts = Collaborators(journey.database, journey.client, journey.settings, evidence, clock.now, lambda: places)
    site = Site(journey, httpx.ASGITransport(create_app(parts), raise_app_exceptions=False))
    agent = await site.signed_in(Role.AGENT)

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)
        handoff = await until_passed_on(journey, receipt, "offered")
        here = f"/desk/handoffs/{handoff.id}"
        before = (await agent.get(here)).text
        await agent.post(f"{here}/pickups", data={"key": "take"})
        mine = (await agent.get(here)).text
        noted = await agent.post(f"{here}/desk-notes", data={"note_kind": "note", "said": "the depot knows it"})
        depot = {"to_kind": "depot", "to_address": "nord@depot.example", "question": "Is it there?", "ask_when": "4h"}
        waits = await agent.post(f"{here}/questions", data={**depot, "seen": seen_on(mine)})
        stale = await agent.post(f"{here}/questions", data={**depot, "seen": seen_on(mine)})
        aside = await agent.post(f"{here}/asides", data={"aside_when": "1h", "aside_why": "the depot rings back"})
        busy = unescape((await agent.get(here)).text)
        asked = await agent.post(f"/items/{item.id}/returns?desk={handoff.id}", data={"key": "back"})
        differing = (await agent.get(f"/items/{item.id}/returns?desk={handoff.id}")).text
        desk.shown.update(KEYED)
        given = await agent.post(f"/items/{item.id}/returns?desk={handoff.id}", data={"key": "again"})
        await until_passed_on(journey, receipt, "completed")
        await journey.until_item(receipt, item.operation, "done")
        after = (await agent.get(here)).text

    assert [one.headers["location"] for one in (noted, waits, aside)] == [here, here, "/desk"]
    assert (stale.status_code, "This case changed while you were writing" in stale.text) == (409, True)
    assert ("the depot knows it" in busy, "waits for the depot" in busy, "Is it there?" in busy) == (True, True, True)
    assert ("Give back to the bot" in before, "Pick up" in before) == (False, True)
    assert ("Give back to the bot" in mine or "Say which is the truth" in mine, "http://desk.test" in mine) == (
        True,
        True,
    )
    assert (asked.status_code, asked.headers["location"], "Am Wall" in differing) == (303, here, True)
    assert (given.status_code, given.headers["location"]) == (303, here)
    assert "The entry is in" in after
    assert ADDRESS not in after
