"""Mails nobody could place: listed, looked at, assigned or dismissed by a person; and notes that programs hand in."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from fallbacks.replies import Replies
from records.case import Case
from records.evidence_store import EvidenceStore
from records.outbox import OutboxRow
from records.received_mail import CaseNote, ReceivedMail
from records.trail import Event
from tests.console.conftest import NOW, Console
from tests.fallbacks.letters import PHOTO, Box, parts
from tests.support import desk_cast

HOSTILE = "Where is FD-000999? <script>alert(1)</script>\u202e"


@pytest.fixture
async def mail(console: Console) -> ReceivedMail:
    """A mail from nobody we know, with a photo."""
    store = EvidenceStore.local(console.parts.settings.data_dir / "mails")
    raw = parts(f"Content-Type: text/plain; charset=utf-8\r\n\r\n{HOSTILE}", PHOTO, Subject="Hello?")
    await Replies(console.database, Box(raw), store, 14).run_once(NOW)
    async with console.database.session() as session:
        return (await session.exec(select(ReceivedMail))).one()


@pytest.fixture
async def number(console: Console) -> str:
    """A case that an agent has."""
    return await desk_cast.offer(console.database, NOW, "4700123", timedelta(hours=4), holder="agent@example.org")


async def test_a_waiting_mail_is_listed_and_shown_inert(agent: httpx.AsyncClient, mail: ReceivedMail) -> None:
    """F59: the list names it and why it waits; its page shows every word and runs none, and offers the number it
    names."""
    listing, page = await agent.get("/mails"), await agent.get(f"/mails/{mail.id}")

    assert "Hello?" in listing.text
    assert "No case found" in listing.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]" in page.text
    assert 'value="FD-000999"' in page.text
    assert "door.jpg" in page.text


async def test_a_mail_is_assigned_to_its_case(
    console: Console, agent: httpx.AsyncClient, mail: ReceivedMail, number: str
) -> None:
    """An unknown number is said and kept typed; a known one puts the mail on the case, where its agent hears it."""
    wrong = await agent.post(f"/mails/{mail.id}/placements", data={"number": "FD-777777"})
    right = await agent.post(f"/mails/{mail.id}/placements", data={"number": number})

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert "There is no case FD-777777" in wrong.text
    assert 'value="FD-777777"' in wrong.text
    page = (await agent.get(right.headers["location"])).text
    assert f"/mails/{mail.id}" in page
    assert "Every mail has found its case" in (await agent.get("/mails")).text
    async with console.database.session() as session:
        assert len((await session.exec(select(OutboxRow).where(OutboxRow.signal == "heard"))).all()) == 1


async def test_a_mail_is_dismissed_with_a_reason(agent: httpx.AsyncClient, mail: ReceivedMail) -> None:
    """Without a reason it stays; with one it is gone from the list, and its page says who and why."""
    without = await agent.post(f"/mails/{mail.id}/dismissals", data={"reason": ""})
    done = await agent.post(f"/mails/{mail.id}/dismissals", data={"reason": "advertising"})

    assert (without.status_code, done.status_code) == (422, 303)
    page = (await agent.get(f"/mails/{mail.id}")).text
    assert "advertising" in page
    assert "agent@example.org" in page


CHAT: dict[str, Any] = {
    "kind": "chat",
    "text": "Wants Friday.",
    "transcript": [{"who": "Grethe", "text": "Friday\u202e please", "at": "2026-11-20T09:00:00Z"}],
}


async def test_a_chat_is_noted_once_and_heard(console: Console, ops: httpx.AsyncClient, number: str) -> None:
    """F39: the same key twice is one note, one event and one signal; other words under it are refused."""
    headers = {"Idempotency-Key": "chat-1"}

    made = await ops.post(f"/api/cases/{number}/notes", json=CHAT, headers=headers)
    again = await ops.post(f"/api/cases/{number}/notes", json=CHAT, headers=headers)
    other = await ops.post(f"/api/cases/{number}/notes", json={**CHAT, "text": "No"}, headers=headers)

    assert [made.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert made.json() == again.json()
    async with console.database.session() as session:
        (event,) = await session.exec(select(Event).where(Event.name == "case.noted"))
        (told,) = await session.exec(select(OutboxRow).where(OutboxRow.signal == "heard"))
    assert event.data["transcript"][0]["text"] == "Friday[U+202E] please"
    assert (told.argument["kind"], told.argument["text"]) == ("reply", "Wants Friday.")
    assert "In a chat: “Wants Friday.”" in (await ops.get(f"/cases/{number}")).text


async def test_an_internal_note_wakes_nobody(console: Console, agent: httpx.AsyncClient, number: str) -> None:
    """A word between colleagues is no answer of a customer; without a key each is a note of its own."""
    for _ in range(2):
        made = await agent.post(f"/api/cases/{number}/notes", json={"kind": "internal", "text": "Careful."})
        assert made.status_code == 201

    async with console.database.session() as session:
        assert len((await session.exec(select(CaseNote))).all()) == 2
        assert (await session.exec(select(OutboxRow).where(OutboxRow.signal == "heard"))).all() == []


async def test_a_note_on_no_case_is_refused(console: Console, agent: httpx.AsyncClient) -> None:
    """An unknown number is 404, an empty note 422; nothing is kept."""
    async with console.database.session() as session:
        assert (await session.exec(select(Case))).all() == []

    lost = await agent.post("/api/cases/FD-000001/notes", json={"kind": "phone", "text": "x"})
    empty = await agent.post("/api/cases/FD-000001/notes", json={"kind": "phone", "text": ""})

    assert (lost.status_code, empty.status_code) == (404, 422)
