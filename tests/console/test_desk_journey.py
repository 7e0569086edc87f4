"""A person's word reaches the running case: pick up, put back, decide, correct; real workflow, bots and systems."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from records.evidence_store import EvidenceStore
from records.intake import Receipt
from records.people import Role
from tests.console.conftest import ADDRESS, _prove
from tests.support.journey import Journey


@dataclass
class Site:
    """The console over a running Baton."""

    journey: Journey
    transport: httpx.ASGITransport

    async def signed_in(self, role: Role) -> httpx.AsyncClient:
        """A browser of somebody with this role."""
        await self.journey.person(role)
        client = httpx.AsyncClient(transport=self.transport, base_url=ADDRESS, event_hooks={"request": [_prove]})
        await client.get("/sign-in")
        form = {"email": f"{role.value}@example.org", "password": "a-long-password"}
        assert (await client.post("/sign-in", data=form)).status_code == 303
        return client


@pytest.fixture
async def site(journey: Journey) -> Site:
    """The console, told to talk to the running Baton."""
    settings = journey.settings
    evidence = EvidenceStore.local(settings.data_dir / "evidence")
    parts = Collaborators(journey.database, journey.client, settings, evidence, clock.now)
    return Site(journey, httpx.ASGITransport(create_app(parts), raise_app_exceptions=False))


async def at_the_desk(journey: Journey, order_no: str) -> tuple[Receipt, str]:
    """A case that waits for an agent: its receipt and number."""
    receipt = await journey.hand_in(order_no)
    await journey.until_stage(receipt, "with_service")
    return receipt, receipt.case_number


def tomorrow(days: int = 1) -> str:
    return (clock.now().date() + timedelta(days=days)).isoformat()


async def test_an_agent_takes_a_case_and_decides(site: Site, order_no: str) -> None:
    """From queue to closed: picked up, put back, previewed, decided as urgent once though pressed twice."""
    journey, agent = site.journey, await site.signed_in(Role.AGENT)
    receipt, number = await at_the_desk(journey, order_no)
    typed = {"kind": "reschedule", "delivery_date": tomorrow(3), "window_code": "2", "note": "home then", "urgent": "1"}

    assert f"/desk/{number}" in (await agent.get("/desk")).text
    await agent.post(f"/cases/{number}/pickups", data={"key": "first"})
    assert "With you" in (await agent.get("/desk")).text
    await agent.post(f"/cases/{number}/releases", data={"key": "back", "reason": "lunch"})
    assert (await journey.handoffs(receipt))[-1].picked_up_by is None
    await agent.post(f"/cases/{number}/pickups", data={"key": "second"})
    preview = await agent.post(f"/cases/{number}/previews", data=typed)
    first = await agent.post(f"/cases/{number}/resolutions", data={**typed, "key": "once"})
    again = await agent.post(f"/cases/{number}/resolutions", data={**typed, "key": "once"})

    await journey.until_stage(receipt, "closed")
    assert preview.status_code == 200
    assert 'name="urgent" value="1" checked' in preview.text
    assert [first.headers["location"], again.headers["location"]] == ["/desk", "/desk"]
    keyed = [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)]
    assert keyed == ["mark_failed_delivery", "reschedule"]
    assert "Decided" in (await agent.get(f"/desk/{number}")).text


async def test_a_case_that_somebody_else_has_is_refused_in_words(site: Site, order_no: str) -> None:
    """Picking up twice, and deciding without having the case, are answered with the reason and what was typed."""
    journey, agent = site.journey, await site.signed_in(Role.AGENT)
    _, number = await at_the_desk(journey, order_no)
    typed = {"kind": "close", "note": "customer cancelled", "key": "k"}

    early = await agent.post(f"/cases/{number}/resolutions", data=typed)
    await agent.post(f"/cases/{number}/pickups", data={})
    twice = await agent.post(f"/cases/{number}/pickups", data={})
    program = await agent.post(f"/api/cases/{number}/pickups", json={})

    assert early.status_code == 409
    assert "Pick the case up first; nobody has it at the moment." in early.text
    assert "customer cancelled" in early.text
    assert 'name="key" value="k"' not in early.text
    assert "You have this case already." in (await agent.get(twice.headers["location"])).text
    assert (program.status_code, program.json()["error"]["code"]) == (409, "wrong_state")


async def test_a_program_plays_the_agent(site: Site, order_no: str) -> None:
    """Pickup, release and resolution by API reach the case."""
    journey, agent = site.journey, await site.signed_in(Role.AGENT)
    receipt, number = await at_the_desk(journey, order_no)
    decision = {"resolution": {"kind": "close", "note": "customer cancelled"}}

    answers = [
        await agent.post(f"/api/cases/{number}/pickups"),
        await agent.post(f"/api/cases/{number}/releases", json={"reason": "lunch"}),
        await agent.post(f"/api/cases/{number}/pickups"),
        await agent.post(f"/api/cases/{number}/resolutions", json=decision, headers={"Idempotency-Key": "decide"}),
    ]

    await journey.until_stage(receipt, "closed")
    assert [answer.status_code for answer in answers] == [200] * 4
    assert answers[-1].json() == {"message": "Decided. The case is closed; nothing is keyed.", "kept": False}
    assert [handoff.completed_by for handoff in await journey.handoffs(receipt)] == ["agent@example.org"]


async def test_an_unknown_order_is_corrected_by_its_submitter(site: Site, order_no: str) -> None:
    """A wrong order number comes back to the submitter; corrected, the case goes on with the right order."""
    journey, ops = site.journey, await site.signed_in(Role.OPS)
    receipt = await journey.hand_in("4799998")
    await journey.until_stage(receipt, "correction")

    start = (await ops.get("/intake")).text
    answer = await ops.post(
        f"/cases/{receipt.case_number}/correction", data={"order_no": order_no, "parcel_no": "P-88112345"}
    )
    await journey.until_stage(receipt, "with_service")

    assert "Needs your correction (1)" in start
    assert answer.headers["location"] == f"/cases/{receipt.case_number}"
    assert (await journey.case(receipt)).order_no == order_no


async def test_a_confirmed_order_number_goes_to_the_desk(site: Site) -> None:
    """When the submitter says that the number is right, an agent gets the case with what is missing."""
    journey, ops = site.journey, await site.signed_in(Role.OPS)
    agent = await site.signed_in(Role.AGENT)
    receipt = await journey.hand_in("4799997")
    await journey.until_stage(receipt, "correction")

    answer = await ops.post(f"/cases/{receipt.case_number}/confirmation", data={"key": "yes"})
    await journey.until_stage(receipt, "with_service")

    assert answer.status_code == 303
    assert "the order desk does not know this number" in (await agent.get(f"/desk/{receipt.case_number}")).text
    assert "Needs your correction" not in (await ops.get("/intake")).text
