"""A case whose process is ended outside Baton is shown, recovered from its records, and does nothing twice."""

import asyncio

import pytest
from sqlmodel import select
from temporalio.client import WorkflowFailureError

from bots.kit.contract import Route, RouteKey
from records.case import CaseRun
from records.intake import Receipt
from records.people import Role
from records.recovering import NotRecovered
from records.trail import Event
from tests.support.journey import Journey, bots_of
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.gone_cast import WAYS, cancel, recovered, reset, seen, terminate
from workflows.acts import Act, Resolve

MARK = "mark_failed_delivery"


def name_of(receipt: Receipt) -> str:
    """The id of the case's workflow."""
    return f"failed-delivery/{receipt.case_number}"


async def once_each(journey: Journey, receipt: Receipt, order_no: str) -> None:
    """Marked once, keyed once, one ticket that is solved once, one mail."""
    closed = await journey.case(receipt)
    assert [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)] == [MARK, "reschedule"]
    states = [row["after"]["state"] for row in journey.floor.ledger("servicedesk", closed.ticket_no)]
    assert states.count("solved") == 1
    assert len(journey.floor.mails(f"greta.{order_no}@example.org")) == 1


@pytest.mark.failure_mode("F33")
@pytest.mark.parametrize("what", ["terminated", "reset"])
async def test_a_case_with_service_goes_on(journey: Journey, order_no: str, what: str) -> None:
    """{what} while somebody has it: shown as that, recovered, and its holder decides as if nothing had been."""
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await WAYS[what](journey.client, name_of(receipt))

    gone = await seen(journey)
    await recovered(journey, receipt.case_number)
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until_stage(receipt, "closed")

    assert [(one.label, one.what.value) for one in gone] == [(receipt.case_number, what)]
    await once_each(journey, receipt, order_no)
    assert [one.number for one in await journey.handoffs(receipt)] == [1]
    assert await seen(journey) == []


@pytest.mark.parametrize("what", ["case", "handoff"])
async def test_what_has_ended_is_not_begun_again_by_a_reset(journey: Journey, order_no: str, what: str) -> None:
    """A closed case, or its handoff, is set back at Temporal: refused at its first write, said, and nothing moves."""
    receipt = await at_desk(journey, order_no)
    closed = await resolved(journey, receipt, in_three_days())
    handle = journey.case_handle(receipt) if what == "case" else await journey.handoff_handle(receipt)
    before = [(one.id, one.state, one.ended_at) for one in await journey.handoffs(receipt)]

    await reset(journey.client, handle.id)
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    async with journey.database.session() as session:
        late = select(Event).where(Event.case_id == receipt.case_id, Event.name == "process.late")
        assert [one.data["thing"] for one in await session.exec(late)] == [f"the {what}"]
    assert (await journey.case(receipt)).model_dump() == closed.model_dump()
    assert [(one.id, one.state, one.ended_at) for one in await journey.handoffs(receipt)] == before
    assert await seen(journey) == []
    await once_each(journey, receipt, order_no)


async def test_a_cancelled_case_is_offered_once_more(journey: Journey, order_no: str) -> None:
    """Cancelled at Temporal, which ends its handoff with it: recovered, it is offered once more, and ends once."""
    receipt = await at_desk(journey, order_no)
    await cancel(journey.client, name_of(receipt))

    (gone,) = await seen(journey)
    await recovered(journey, receipt.case_number)
    await journey.until_offered(receipt, 2)
    await resolved(journey, receipt, in_three_days())

    assert gone.what == "cancelled"
    assert [one.state for one in await journey.handoffs(receipt)] == ["withdrawn", "completed"]
    await once_each(journey, receipt, order_no)


async def test_a_case_that_is_being_marked_goes_on(journey: Journey, order_no: str) -> None:
    """Terminated while its entry waits for a record that somebody has open: the entry that lives is taken up."""
    journey.floor.fault("orderdesk", lock_order=order_no)
    receipt = await journey.hand_in(order_no)
    await journey.until_item(receipt, MARK, "ready")
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    await recovered(journey, receipt.case_number)
    await journey.until(receipt, lambda: _runs(journey, receipt))
    journey.floor.fault("orderdesk", unlock_order=order_no)
    await journey.until_stage(receipt, "with_service")
    await resolved(journey, receipt, in_three_days())

    await once_each(journey, receipt, order_no)


async def _runs(journey: Journey, receipt: Receipt) -> bool:
    return (await journey.case(receipt)).wait_about == "marking the order on the order desk"


async def test_a_decision_is_carried_out_by_the_next_run(
    desk_journey: Journey, shared_hands: dict[RouteKey, Route], order_no: str
) -> None:
    """Decided as urgent while no bot runs, then terminated: the next run keys it once, as urgent, and tells once."""
    journey = desk_journey
    journey.floor.of_tier(order_no, "B")
    async with bots_of(journey, shared_hands):
        receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days(), urgent=True))
    await journey.until_stage(receipt, "resolving")
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    await recovered(journey, receipt.case_number)
    async with bots_of(journey, shared_hands):
        await journey.until_stage(receipt, "closed")

    await once_each(journey, receipt, order_no)
    urgent = {one.operation: one.priority for one in await journey.items(receipt)}
    assert (urgent[MARK], urgent["reschedule"]) == ("normal", "urgent")


async def test_a_mail_that_waits_is_the_same_mail(journey: Journey, order_no: str) -> None:
    """Terminated while the mail server is away: nothing is keyed again, and the one mail goes once."""
    receipt = await at_desk(journey, order_no)
    journey.floor.fault("mail", down=True)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))
    await journey.until(receipt, lambda: _mails_wait(journey, receipt))
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    journey.floor.fault("mail", down=False)
    await recovered(journey, receipt.case_number)
    await journey.until_stage(receipt, "closed")

    await once_each(journey, receipt, order_no)


async def _mails_wait(journey: Journey, receipt: Receipt) -> bool:
    return (await journey.case(receipt)).wait_about == "the mail server"


async def test_a_case_that_waits_to_be_read_begins_anew_once(desk_journey: Journey, order_no: str) -> None:
    """No bot runs: not gone, it is refused; terminated, it is recovered once by two at once, and only with a reason."""
    journey = desk_journey
    receipt = await journey.hand_in(order_no)
    await journey.until_stage(receipt, "reading")
    with pytest.raises(NotRecovered, match="is not gone: its process runs"):
        await recovered(journey, receipt.case_number)
    await terminate(journey.client, name_of(receipt))
    await seen(journey)
    with pytest.raises(NotRecovered, match="needs a reason"):
        await recovered(journey, receipt.case_number, why=" ")

    both = await asyncio.gather(*(recovered(journey, receipt.case_number) for _ in range(2)), return_exceptions=True)
    await journey.until(receipt, lambda: _looked_back(journey, receipt))

    assert sorted(type(one).__name__ for one in both) == ["GoneProcess", "NotRecovered"]
    assert (await journey.events(receipt)).count("process.recovered") == 1
    assert await seen(journey) == []


async def _looked_back(journey: Journey, receipt: Receipt) -> bool:
    async with journey.database.session() as session:
        runs = await session.exec(select(CaseRun).where(CaseRun.case_id == receipt.case_id))
        return len(list(runs)) == 2
