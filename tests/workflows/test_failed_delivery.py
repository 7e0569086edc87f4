"""The main job on real parts: a report becomes a case, a marked order, a ticket, a handoff, a mail, a closed case."""

import pytest
from sqlmodel import select

from handoff.resolution import CorrectAddress
from records.intake import Receipt
from records.people import Role
from records.told import Told
from systems import orderdesk
from tests.replay.histories import keep_case, keep_item
from tests.support import canary
from tests.support.journey import Journey
from tests.workflows.cast import at_desk, in_three_days, refusal, resolved, until_asked
from workflows import search
from workflows.acts import Act, CorrectItem, Resolve, ReviewProposal

LONG_STREET = "Straße der Pariser Kommune am Ostbahnhof"
BOGUS = "00000000-0000-4000-8000-000000000000"


async def test_a_failed_delivery_travels_to_service_and_to_its_end(journey: Journey, order_no: str) -> None:
    """One report is keyed once on each system, resolved by an agent, told to the customer, and closed."""
    receipt = await at_desk(journey, order_no)
    case = await journey.case(receipt)

    closed = await resolved(journey, receipt, in_three_days())

    assert (case.cause, closed.outcome) == ("absence", "reschedule")
    operations = [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)]
    assert operations == ["mark_failed_delivery", "reschedule"]
    (ticket,) = journey.floor.ledger("servicedesk", case.ticket_no)[-1:]
    assert ticket["after"]["state"] == "solved"
    assert len(journey.floor.mails(f"greta.{order_no}@example.org")) == 1
    await keep_case(journey, receipt, "resolved_by_reschedule")
    await keep_item(journey, (await journey.items(receipt))[0], "entered")


@pytest.mark.failure_mode("F13")
async def test_a_street_that_the_system_cuts_off_goes_to_a_person(journey: Journey, order_no: str) -> None:
    """F13: what the screen would keep otherwise is not saved; a person says what counts, and it is keyed once.

    F67, first cut: with an address entered, a difference met and a customer told, Temporal can read none of it.
    """
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    address = CorrectAddress(street=LONG_STREET, house_no="7", postcode="10243", city="Berlin")

    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=address))
    item = await until_asked(journey, receipt, "correct_address", "refused")
    short = {**address.model_dump(exclude={"kind", "note"}), "order_no": order_no, "street": LONG_STREET[:24]}
    await journey.act_on_item(item, "correct", CorrectItem(by=agent, content=short, why="as long as the desk takes"))
    closed = await journey.until_stage(receipt, "closed")

    assert (item.code, item.priority, closed.outcome) == ("input_refused", "urgent", "correct address")  # tier A
    rows = [(row["operation"], row["after"]["street"]) for row in journey.floor.ledger("orderdesk", order_no)]
    assert rows == [("mark_failed_delivery", "Hafenweg"), ("correct_address", LONG_STREET[:24])]
    await keep_case(journey, receipt, "resolved_by_address_correction")
    await keep_item(journey, item, "corrected")
    seen_by_temporal = await canary.held_by_temporal(journey, receipt)
    for secret in ("Greta", "Lindqvist", f"greta.{order_no}", "Pariser", "Hafenweg", "0421 555", "nobody home"):
        assert secret.encode() not in seen_by_temporal
    await _is_findable(journey, receipt)


async def _is_findable(journey: Journey, receipt: Receipt) -> None:
    case = (await journey.case_handle(receipt).describe()).typed_search_attributes
    assert (case.get(search.JOURNEY), case.get(search.STAGE)) == ("failed-delivery", "closed")
    assert (case.get(search.CASE_URL) or "").endswith(f"/cases/{receipt.case_number}")
    assert case.get(search.DUE_AT) is not None
    (marked, *_) = await journey.items(receipt)
    item = (await journey.client.get_workflow_handle(f"item/{marked.id}").describe()).typed_search_attributes
    assert (item.get(search.SYSTEM), item.get(search.STAGE)) == ("orderdesk", "done")
    assert item.get(search.CASE_URL) == case.get(search.CASE_URL)


async def test_an_order_that_is_over_closes_with_a_note(journey: Journey, order_no: str) -> None:
    """Delivered already: nothing is keyed, no ticket is opened, nobody is written to, and the case says why."""
    journey.floor.arrives(order_no)

    receipt = await journey.hand_in(order_no)
    closed = await journey.until_stage(receipt, "closed")

    assert closed.outcome == "order delivered"
    assert "order.over" in await journey.events(receipt)
    assert await journey.items(receipt) == []
    assert journey.floor.ledger("orderdesk", order_no) == []
    await keep_case(journey, receipt, "order_over_already")


async def test_an_order_that_changes_meanwhile_is_looked_at_again(journey: Journey, order_no: str) -> None:
    """Changed by a colleague: the agent gets it once more; delivered then: it closes; nothing of ours is keyed."""
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))

    journey.floor.meier_saves(order_no, "date", date="24.12.2026", window="1")
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_stage(receipt, "with_service")
    offered = await journey.handoffs(receipt)
    journey.floor.arrives(order_no)
    closed = await resolved(journey, receipt, in_three_days())

    assert [handoff.state for handoff in offered] == ["completed", "offered"]
    assert "changed" in offered[1].why
    assert offered[1].packet["order"]["delivery_date"] == "24.12.2026"
    assert closed.outcome == "order delivered"
    ours = [row["operation"] for row in journey.floor.ledger("orderdesk", order_no) if row["reference"]]
    assert ours == ["mark_failed_delivery"]
    assert journey.floor.mails(f"greta.{order_no}@example.org") == []
    await keep_case(journey, receipt, "order_changed_meanwhile")


async def test_other_content_under_the_same_key_is_a_proposal(journey: Journey, order_no: str) -> None:
    """The same key twice is one case; other content waits for a supervisor, and what is accepted is decided anew."""
    receipt = await at_desk(journey, order_no)
    supervisor = await journey.person(Role.SUPERVISOR)
    same = await journey.hand_in(order_no)
    other = await journey.hand_in(order_no, reason_text="wrong address on the label")
    third = await journey.hand_in(order_no, reason_text="parcel was damaged")

    def review(submission: object, *, accept: bool) -> ReviewProposal:
        return ReviewProposal.model_validate({"by": supervisor, "submission_id": submission, "accept": accept})

    agents_word = ReviewProposal(by=await journey.person(Role.AGENT), submission_id=other.submission_id, accept=True)
    refused = [
        await refusal(journey.act(receipt, "review_proposal", agents_word)),
        await refusal(journey.act(receipt, "review_proposal", review(BOGUS, accept=True))),
    ]
    await journey.act(receipt, "review_proposal", review(third.submission_id, accept=False))
    await journey.act(receipt, "review_proposal", review(other.submission_id, accept=True))
    refused.append(await refusal(journey.act(receipt, "review_proposal", review(other.submission_id, accept=True))))
    (handoff,) = await journey.handoffs(receipt)
    closed = await resolved(journey, receipt)

    assert {same.case_id, other.case_id, third.case_id} == {receipt.case_id}
    assert [one.verdict for one in (receipt, same, other, third)] == ["started", "same", "proposed", "proposed"]
    assert refused == ["not_allowed", "wrong_state", "wrong_state"]
    assert handoff.packet["cause"] == closed.cause == "address"
    assert "wrong address on the label" in handoff.packet["happened"]
    assert len(journey.floor.ledger("orderdesk", order_no)) == 1
    await keep_case(journey, receipt, "proposal_accepted")


async def test_a_second_attempt_is_a_case_of_its_own(journey: Journey, order_no: str) -> None:
    """Another attempt at the same parcel opens its own case, marks the order again, and is seen as a service loop."""
    await journey.person(Role.SUPERVISOR)
    first = await journey.hand_in(order_no)
    await journey.until_stage(first, "with_service")
    second = await journey.hand_in(order_no, attempt=2)
    await journey.until_stage(second, "with_service")

    cases = [await journey.case(first), await journey.case(second)]
    loops = [(await journey.handoffs(receipt))[-1].packet["loop"] for receipt in (first, second)]
    async with journey.database.session() as session:
        told = list(await session.exec(select(Told.text).where(Told.kind == "loop")))

    assert loops == ["", f"second time in 30 days: {first.case_number}"]
    assert told == [f"{second.case_number}: the same customer with the same trouble, {loops[1]}."]
    assert len({case.number for case in cases}) == 2
    assert len({case.subject_key for case in cases}) == 1
    marks = journey.floor.ledger("orderdesk", order_no)
    assert sorted(row["after"]["attempt"] for row in marks) == [1, 2]
    assert {row["operation"] for row in marks} == {orderdesk.MARK_FAILED_DELIVERY.name}
