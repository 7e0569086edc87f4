"""What an agent hands on: a decision above their limit, as they typed it; a case that its submitter must mend."""

import re
from collections.abc import Awaitable, Callable
from html import unescape

import httpx

from records.people import Role
from tests.console.test_desk_hour import a_case
from tests.console.test_desk_journey import Site, site
from tests.console.test_moves import browsers
from tests.support.journey import Journey

__all__ = ["browsers", "site"]

REFUND = {"kind": "refund", "amount": "80,00", "refund_reason": "damage", "note": "both glasses broken"}


async def test_a_decision_above_the_limit_is_prepared_for_somebody_who_may_make_it(
    browsers: Callable[[Role], Awaitable[httpx.AsyncClient]], desk_journey: Journey
) -> None:
    """Four eyes: refused with whom to ask, offered to them with every value, filled in, and decided by them."""
    agent, lead = await browsers(Role.AGENT), await browsers(Role.SUPERVISOR)
    await desk_journey.person(Role.AGENT, "colleague")
    case = await a_case(desk_journey, allowed=("refund", "close"))
    at = f"/cases/{case.number}"
    await agent.post(f"{at}/pickups")

    refused = await agent.post(f"{at}/previews", data=REFUND)
    nobody = await agent.post(f"{at}/preparations", data={**REFUND, "decider": "colleague@example.org"})
    asked = await agent.post(f"{at}/preparations", data={**REFUND, "decider": "supervisor@example.org", "key": "once"})
    offered = await case.row()
    on_top, first = [unescape((await lead.get(path)).text) for path in ("/desk", f"/desk/{case.number}")]
    await lead.post(f"{at}/pickups")
    filled = unescape((await lead.get(f"/desk/{case.number}")).text)
    await lead.post(f"{at}/resolutions", data=REFUND)

    row = await case.row()
    assert refused.status_code == nobody.status_code == 422
    assert '<option value="supervisor@example.org"' in refused.text
    assert (asked.headers["location"], offered.assigned_to) == ("/desk", "supervisor@example.org")
    assert "Offered to you" in on_top
    assert "Agent asks for a decision:</strong> Refund: amount in EUR 80.00" in first
    assert "As prepared by Agent" in filled
    assert re.search(r'name="amount"[^>]* value="80,00"', filled)
    assert "both glasses broken</textarea>" in filled
    assert row.completed_by == "supervisor@example.org"
    assert len(await case.events("handoff.noted")) == 1


async def test_the_submitter_answers_what_service_returned(site: Site) -> None:
    """The reason reaches the submitter's page; an empty answer stays there; a given one comes to the desk with it."""
    journey = site.journey
    ops, agent = await site.signed_in(Role.OPS), await site.signed_in(Role.AGENT)
    receipt = await journey.hand_in("4799996")
    at = f"/cases/{receipt.case_number}"
    await journey.until_stage(receipt, "correction")
    await ops.post(f"{at}/confirmation", data={"key": "yes"})
    await journey.until_stage(receipt, "with_service")
    await agent.post(f"{at}/pickups")

    await agent.post(f"{at}/returns", data={"back_reason": "which of the two depots"})
    await journey.until_stage(receipt, "correction")
    todo = unescape((await ops.get("/intake")).text)
    page = unescape((await ops.get(f"{at}/return-answer")).text)
    empty = await ops.post(f"{at}/return-answer", data={"answer": " "})
    given = await ops.post(f"{at}/return-answer", data={"answer": "Depot North"})
    await journey.until_stage(receipt, "with_service")

    assert "Service returned it: which of the two depots" in todo
    assert "“which of the two depots”" in page
    assert empty.status_code == 422
    assert given.headers["location"] == at
    assert "Depot North" in (await journey.handoffs(receipt))[-1].why
    assert (await ops.post(f"{at}/return-answer", data={"answer": "once more"})).status_code == 404
