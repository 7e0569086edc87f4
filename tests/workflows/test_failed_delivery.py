"""The main job on real parts: a report becomes a case, a marked order, a ticket, a handoff, a mail, a closed case."""

from datetime import timedelta

from core import clock
from handoff.resolution import Reschedule
from records.people import Role
from tests.support.journey import Journey
from workflows.acts import Act, Resolve


async def test_a_failed_delivery_travels_to_service_and_to_its_end(journey: Journey, order_no: str) -> None:
    """One report is keyed once on each system, resolved by an agent, told to the customer, and closed."""
    receipt = await journey.hand_in(order_no)
    case = await journey.until_stage(receipt, "with_service")
    agent = await journey.person(Role.AGENT)

    await journey.act(receipt, "pick_up", Act(by=agent))
    choice = Reschedule(delivery_date=clock.now().date() + timedelta(days=3), window_code="2")
    await journey.act(receipt, "resolve", Resolve(by=agent, resolution=choice))
    closed = await journey.until_stage(receipt, "closed")

    assert case.cause == "absence"
    assert closed.outcome == "reschedule"
    operations = [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)]
    assert operations == ["mark_failed_delivery", "reschedule"]
    assert len(journey.floor.mails(f"greta.{order_no}@example.org")) == 1
