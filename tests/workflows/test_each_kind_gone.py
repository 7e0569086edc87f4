"""Whatever is ended outside Baton goes on: each way to end, each kind of process, each thing that was before."""

import uuid
from datetime import timedelta

import pytest
from temporalio.api.command.v1 import Command, FailWorkflowExecutionCommandAttributes
from temporalio.api.enums.v1 import CommandType
from temporalio.api.failure.v1 import Failure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest
from temporalio.client import Client, WorkflowFailureError

from bots.kit.contract import Route, RouteKey
from core import clock
from records.bulk_action import BulkFate, BulkState
from records.case import Case
from records.look_up import LookUpState
from records.people import Role
from tests.support.journey import Journey, bots_of
from tests.workflows.bulk_cast import failed_entries, fates, retry_of, until_bulk, until_fates, until_gated
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.gone_cast import beat, listed, recovered, seen, terminate
from tests.workflows.test_file_gone import until_runs
from tests.workflows.test_legacy_entry import desk_of
from tests.workflows.test_look_up import ask, read, stands
from tests.workflows.test_process_gone import name_of
from tests.workflows.test_reopened import answered
from workflows import policies
from workflows.acts import Act, AnswerReturn, WithdrawCase
from workflows.handoff_acts import ReturnIt

NOBODY = "nobody-reads-this"


async def _replaced(client: Client, workflow_id: str, within: timedelta | None = None) -> None:
    """Another run under the id of one that was ended, which no worker of ours carries on."""
    await terminate(client, workflow_id)
    await client.start_workflow("FailedDeliveryWorkflow", id=workflow_id, task_queue=NOBODY, execution_timeout=within)


async def time_out(client: Client, workflow_id: str) -> None:
    """Its time at Temporal is over."""
    await _replaced(client, workflow_id, timedelta(milliseconds=500))
    with pytest.raises(WorkflowFailureError):
        await client.get_workflow_handle(workflow_id).result()
    await listed(client, workflow_id)


async def fail(client: Client, workflow_id: str) -> None:
    """A worker says of it that it failed."""
    await _replaced(client, workflow_id)
    service, space = client.workflow_service, client.namespace
    task = await service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(namespace=space, task_queue=TaskQueue(name=NOBODY), identity="test")
    )
    attributes = FailWorkflowExecutionCommandAttributes(failure=Failure(message="a defect"))
    failed = Command(
        command_type=CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
        fail_workflow_execution_command_attributes=attributes,
    )
    answer = RespondWorkflowTaskCompletedRequest(task_token=task.task_token, commands=[failed], namespace=space)
    await service.respond_workflow_task_completed(answer)
    await listed(client, workflow_id)


@pytest.mark.failure_mode("F33")
@pytest.mark.parametrize("what", ["timed_out", "failed"])
async def test_a_case_that_came_to_an_end_there_goes_on(journey: Journey, what: str) -> None:
    """F33: it timed out or failed at Temporal: shown as that, recovered, and the handoff that lives ends it."""
    receipt = await at_desk(journey)
    await {"timed_out": time_out, "failed": fail}[what](journey.client, name_of(receipt))

    gone = await seen(journey)
    await recovered(journey, receipt.case_number)
    case = await resolved(journey, receipt)

    assert [(one.label, one.what.value) for one in gone] == [(receipt.case_number, what)]
    assert case.outcome.startswith("closed without an entry")
    assert [one.number for one in await journey.handoffs(receipt)] == [1]


@pytest.mark.failure_mode("F33")
async def test_a_bulk_action_goes_on_with_what_was_not_sent(desk_journey: Journey) -> None:
    """F33: terminated while two of five are on their way: each is entered once, and all have a result."""
    async with desk_of(desk_journey, seats=2) as desk:
        found = await failed_entries(desk_journey, desk, 5)
        desk.refuses.clear()
        desk.gate.clear()
        action = await retry_of(desk_journey, found, in_flight=2)
        await until_gated(desk_journey, desk, 2)
        await until_fates(desk_journey, action.id, {BulkFate.SENT: 2, BulkFate.WAITING: 3})
        await terminate(desk_journey.client, f"bulk/{action.id}")
        gone = await seen(desk_journey)
        await recovered(desk_journey, f"bulk/{action.id}")
        desk.gate.set()
        await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    assert [(one.kind.value, one.label) for one in gone] == [("bulk", action.title)]
    assert await fates(desk_journey, action.id) == {BulkFate.DONE: 5}
    assert len(desk.entered) == len(set(desk.entered)) == 5


async def test_a_look_up_goes_on_by_itself(
    desk_journey: Journey, shared_hands: dict[RouteKey, Route], order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terminated while no bot runs, and missed twice: nobody decides anything, and it is answered."""
    monkeypatch.setattr(policies, "LOOK_UP_START", timedelta(seconds=3))
    monkeypatch.setattr(policies, "LOOK_UP_PAUSE", timedelta(milliseconds=200))
    journey = desk_journey
    async with bots_of(journey, shared_hands):
        receipt = await at_desk(journey)
    asked = await ask(journey, Role.AGENT, order_no)
    await until_runs(journey, f"look-up/{asked}")
    await terminate(journey.client, f"look-up/{asked}")

    looks, now = beat(journey), clock.now() + timedelta(minutes=1)
    begun = [await looks.run_once(now), await looks.run_once(now)]
    async with bots_of(journey, shared_hands):
        await journey.until(receipt, lambda: stands(journey, asked, LookUpState.ANSWERED))

    assert begun == [0, 1]
    assert (await read(journey, asked)).answer is not None
    assert await seen(journey) == []


async def test_a_handoff_that_is_gone_is_offered_by_its_case(journey: Journey) -> None:
    """Terminated alone, its case lives: the case offers it once more at once, and the beat begins none of its own."""
    receipt = await at_desk(journey)
    (first,) = await journey.handoffs(receipt)
    await terminate(journey.client, f"handoff/{first.id}")

    await journey.until_offered(receipt, 2)
    looks, now = beat(journey), clock.now() + timedelta(minutes=1)
    begun = [await looks.run_once(now), await looks.run_once(now)]
    await resolved(journey, receipt)

    assert begun == [0, 0]
    assert [one.state for one in await journey.handoffs(receipt)] == ["withdrawn", "completed"]


async def test_an_entry_that_is_gone_alone_is_begun_by_its_case(
    journey: Journey, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its case was recovered, and looks for it now and then only: missed twice, the case hears of it and begins it."""
    monkeypatch.setattr(policies, "TAKEN_UP_POLL", timedelta(hours=1))
    monkeypatch.setattr(policies, "TAKEN_UP_LONGEST", timedelta(hours=1))
    journey.floor.fault("orderdesk", lock_order=order_no)
    receipt = await journey.hand_in(order_no)
    item = await journey.until_item(receipt, "mark_failed_delivery", "ready")
    await terminate(journey.client, name_of(receipt))
    await seen(journey)
    await recovered(journey, receipt.case_number)
    await journey.until(receipt, lambda: _waits_for_its_entry(journey, item.id))
    await terminate(journey.client, f"item/{item.id}")

    looks, now = beat(journey), clock.now() + timedelta(minutes=1)
    told = [await looks.run_once(now) for _ in range(4)]
    journey.floor.fault("orderdesk", unlock_order=order_no)
    await journey.until_stage(receipt, "with_service")

    assert told == [0, 1, 0, 0]
    assert [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)] == ["mark_failed_delivery"]


async def _waits_for_its_entry(journey: Journey, item_id: uuid.UUID) -> bool:
    """Whether the entry was asked to report to the run that took it up."""
    history = await journey.client.get_workflow_handle(f"item/{item_id}").fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    return "report_to" in signals


async def test_a_case_that_was_returned_waits_for_its_submitter(journey: Journey) -> None:
    """Returned, then terminated: the submitter's answer brings it to service, which has two handoffs and no third."""
    receipt = await at_desk(journey)
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "return_it", ReturnIt(by=agent, reason="which parcel is it"))
    await journey.until(receipt, lambda: _asks_the_submitter(journey, receipt.case_id))
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    before = await _writes(journey, receipt.case_id)
    await recovered(journey, receipt.case_number)
    await journey.until(receipt, lambda: _asks_again(journey, receipt.case_id, before))
    ops = await journey.person(Role.OPS)
    await journey.act(receipt, "answer_return", AnswerReturn(by=ops, answer="the second one"))
    again = await journey.until_offered(receipt, 2)
    await resolved(journey, receipt)

    assert again.why == "It was returned (which parcel is it). The answer: the second one"
    assert [one.state for one in await journey.handoffs(receipt)] == ["returned", "completed"]


async def _asks_the_submitter(journey: Journey, case_id: uuid.UUID) -> bool:
    async with journey.database.session() as session:
        return (await session.get_one(Case, case_id)).wait_about == "service returned it: which parcel is it"


async def _writes(journey: Journey, case_id: uuid.UUID) -> int:
    """Which of the case's runs has written last."""
    async with journey.database.session() as session:
        return (await session.get_one(Case, case_id)).run_ordinal


async def _asks_again(journey: Journey, case_id: uuid.UUID, before: int) -> bool:
    return await _writes(journey, case_id) > before and await _asks_the_submitter(journey, case_id)


async def test_a_case_that_was_withdrawn_is_still_undone(journey: Journey, order_no: str) -> None:
    """Withdrawn with an entry that stands, then terminated: whoever is to undo it is asked once, and ends it."""
    receipt = await at_desk(journey, order_no)
    ops = await journey.person(Role.OPS)
    await journey.act(receipt, "withdraw", WithdrawCase(by=ops, reason="reported by mistake"))
    await journey.until_offered(receipt, 2)
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    await recovered(journey, receipt.case_number)
    case = await resolved(journey, receipt)

    assert case.outcome == "withdrawn: reported by mistake"
    assert [one.state for one in await journey.handoffs(receipt)] == ["withdrawn", "completed"]
    assert [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)] == ["mark_failed_delivery"]


async def test_a_case_that_was_reopened_stays_in_its_round(journey: Journey, order_no: str) -> None:
    """Opened again by an answer, then terminated: its second handoff is taken up, and each round is keyed once."""
    receipt = await at_desk(journey, order_no)
    await resolved(journey, receipt, in_three_days("1"))
    await answered(journey, receipt, "That day I am away.")
    await journey.until_offered(receipt, 2)
    await terminate(journey.client, name_of(receipt))

    await seen(journey)
    await recovered(journey, receipt.case_number)
    await resolved(journey, receipt, in_three_days("2"))

    keyed = [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)]
    assert keyed == ["mark_failed_delivery", "reschedule", "reschedule"]
    assert [one.state for one in await journey.handoffs(receipt)] == ["completed", "completed"]
