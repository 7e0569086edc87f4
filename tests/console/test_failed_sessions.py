"""A chat that could not help the customer: handed over by program, read with its transcript, closed by a person."""

from typing import Any

import httpx
import pytest

from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from records.evidence_store import EvidenceStore
from records.people import Role
from tests.console.test_desk_journey import Site
from tests.support.journey import Journey, listening

CHAT: dict[str, Any] = {
    "channel": "chat",
    "customer": {"name": "Grethe Holm", "email": "grethe@example.org", "customer_no": "K-10234"},
    "about": {"order_no": "4700123"},
    "transcript": [
        {"by": "customer", "at": "2026-11-20T09:12:00Z", "text": "Where is my parcel? <b>Now</b>"},
        {"by": "assistant", "at": "2026-11-20T09:12:04Z", "text": "I could not find your order."},
    ],
    "what_failed": "the assistant did not understand the customer",
    "wanted": "to hear when the parcel comes",
}


@pytest.fixture
async def site(desk_journey: Journey) -> Site:
    """The console over a running Baton without bots."""
    evidence = EvidenceStore.local(desk_journey.settings.data_dir / "evidence")
    parts = Collaborators(desk_journey.database, desk_journey.client, desk_journey.settings, evidence, clock.now)
    return Site(desk_journey, httpx.ASGITransport(create_app(parts), raise_app_exceptions=False))


async def until_shown(site: Site, client: httpx.AsyncClient, path: str, text: str) -> str:
    """The page once it shows that text."""
    async with listening(site.journey.database.url) as notified:
        while text not in (answer := await client.get(path)).text:
            await notified()
    return answer.text


async def test_a_failed_chat_comes_to_a_person_with_what_was_said(site: Site) -> None:
    """One case however often it is sent; the agent reads the transcript, is asked for a note, and it is closed."""
    ops, agent = await site.signed_in(Role.OPS), await site.signed_in(Role.AGENT)
    once = {"Idempotency-Key": "chat-77"}

    taken = await ops.post("/api/handoffs", json=CHAT, headers=once)
    again = await ops.post("/api/handoffs", json=CHAT, headers=once)
    number = taken.json()["case_number"]
    desk = await until_shown(site, agent, f"/desk/{number}", "What was said")
    await agent.post(f"/cases/{number}/pickups", data={"key": "take"})
    decided = await agent.post(
        f"/api/cases/{number}/resolutions", json={"resolution": {"kind": "close", "note": "called her, all is well"}}
    )
    case = await until_shown(site, agent, f"/cases/{number}", "Case closed")

    assert (taken.status_code, again.json()["case_number"], number[:3]) == (202, number, "BA-")
    assert ("Where is my parcel? &lt;b&gt;Now&lt;/b&gt;" in desk, "to hear when the parcel comes" in desk) == (
        True,
        True,
    )
    assert decided.status_code == 200, decided.text
    assert ("called her, all is well" in case, "Grethe Holm" in case) == (True, True)
    assert f'href="/desk/{number}"' not in (await agent.get("/desk")).text


async def test_what_is_no_session_is_refused(site: Site) -> None:
    """Another session under a used key, a channel that is none, a wrong role: a clear answer, and no case."""
    ops, agent = await site.signed_in(Role.OPS), await site.signed_in(Role.AGENT)
    once = {"Idempotency-Key": "chat-78"}
    await ops.post("/api/handoffs", json=CHAT, headers=once)

    other = await ops.post("/api/handoffs", json={**CHAT, "wanted": "a refund"}, headers=once)
    wrong = await ops.post("/api/handoffs", json={**CHAT, "channel": "fax", "about": {"order_no": "12"}})
    barred = await agent.post("/api/handoffs", json=CHAT)

    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_used")
    assert (wrong.status_code, barred.status_code) == (422, 403)
