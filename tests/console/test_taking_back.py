"""Taken back over the console: a decision that waits for its entry, and a case by whoever handed it in."""

from core.work_item import State
from records import lease
from records.people import Role
from tests.console.test_desk_journey import Site, at_the_desk, site, tomorrow

__all__ = ["site"]


async def test_an_agent_takes_a_decision_back_from_the_list_of_what_is_promised(site: Site, order_no: str) -> None:
    """Promised, not yet keyed: one button brings the case back to the desk, and pressed twice it says so."""
    journey, agent = site.journey, await site.signed_in(Role.AGENT)
    receipt, number = await at_the_desk(journey, order_no)
    await agent.post(f"/cases/{number}/pickups", data={"key": "first"})
    async with journey.database.session() as session:
        await lease.acquire(session, f"target/orderdesk/production/{order_no}", "a colleague", 3600)
    typed = {"kind": "reschedule", "delivery_date": tomorrow(3), "window_code": "2", "key": "once"}
    await agent.post(f"/cases/{number}/resolutions", data=typed)
    await journey.until_item(receipt, "reschedule", State.READY)
    promised = (await agent.get("/desk")).text

    taken = await agent.post(f"/cases/{number}/takebacks", data={"key": "back"})
    await journey.until_offered(receipt, 2)
    late = await agent.post(f"/api/cases/{number}/takebacks")

    assert f'aria-label="Take back the decision on {number}"' in promised
    assert taken.headers["location"] == "/desk"
    assert "took the decision back" in (await agent.get(f"/desk/{number}")).text
    assert (late.status_code, late.json()["error"]["code"]) == (409, "wrong_state")


async def test_ops_withdraw_a_case_and_see_first_what_is_keyed(site: Site, order_no: str) -> None:
    """The page lists what stands on the systems; without a reason nothing happens; afterwards the case says so."""
    journey, ops = site.journey, await site.signed_in(Role.OPS)
    receipt, number = await at_the_desk(journey, order_no)

    page = (await ops.get(f"/cases/{number}/withdrawals")).text
    empty = await ops.post(f"/cases/{number}/withdrawals", data={"reason": " ", "key": "a"})
    withdrawn = await ops.post(f"/cases/{number}/withdrawals", data={"reason": "by mistake", "key": "b"})
    undone = await journey.until_offered(receipt, 2)

    case_page = (await ops.get(f"/cases/{number}")).text
    assert "on the Order desk" in page
    assert (empty.status_code, withdrawn.headers["location"]) == (422, f"/cases/{number}")
    assert undone.why == "Ops withdrew the case: by mistake"
    assert "Withdrawn by its starter: “by mistake”" in case_page
