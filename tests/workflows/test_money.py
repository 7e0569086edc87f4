"""What service decides about money and about parcels that go back: keyed once, within the limit of a role."""

from decimal import Decimal

import pytest
from temporalio.client import WorkflowUpdateFailedError

from handoff.resolution import Refund, ReturnToSender
from records.people import Role
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from workflows.acts import Act, Resolve


async def test_a_refund_within_the_limit_is_keyed_and_told(journey: Journey, order_no: str) -> None:
    """Above an agent's limit it is refused in one sentence that names it; a supervisor may; it is keyed once."""
    receipt = await journey.hand_in(order_no, reason_text="parcel damaged")
    await journey.until_stage(receipt, "with_service")
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)
    refund = Refund(amount=Decimal("50.01"), refund_reason="damage")

    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=refund))
    await journey.act_at_desk(receipt, "release", Act(by=agent))
    await journey.act_at_desk(receipt, "pick_up", Act(by=supervisor))
    await journey.act_at_desk(receipt, "complete", Resolve(by=supervisor, resolution=refund))
    closed = await journey.until_stage(receipt, "closed")

    sentence = "You may refund up to 50.00 EUR. A supervisor may refund up to 500.00 EUR: have one decide."
    assert sentence in str(refused.value.cause)
    assert closed.outcome == "refund"
    assert (await journey.events(receipt)).count("notice.sent") == 1
    rows = [row for row in journey.floor.ledger("orderdesk", order_no) if row["operation"] == "refund"]
    assert [(row["after"]["amount"], row["after"]["reason"]) for row in rows] == [("50,01", "14")]
    (mail,) = journey.floor.mails(f"greta.{order_no}@example.org")
    assert "We refund 50.01 EUR" in mail["text"].replace("\n", " ")
    await keep_case(journey, receipt, "resolved_by_refund")


async def test_a_return_sends_every_parcel_back(journey: Journey, order_no: str) -> None:
    """The header and each parcel are keyed once, in their order, as parts of one entry."""
    receipt = await journey.hand_in(order_no, reason_text="customer refused the parcel")
    offered = await journey.until_stage(receipt, "with_service")
    agent = await journey.person(Role.AGENT)
    decision = ReturnToSender(return_reason="refusal", carrier="Nordpost")

    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=decision))
    closed = await journey.until_stage(receipt, "closed")

    (handoff,) = await journey.handoffs(receipt)
    rows = [row for row in journey.floor.ledger("orderdesk", order_no) if row["operation"].startswith("return")]
    parcels = handoff.packet["order"]["parcels"]
    assert (offered.cause, closed.outcome) == ("refusal", "return to sender")
    assert [row["operation"] for row in rows] == ["return_header", *["return_line"] * len(parcels)]
    assert [row["after"]["parcel"] for row in rows[1:]] == parcels
    await keep_case(journey, receipt, "resolved_by_return")
