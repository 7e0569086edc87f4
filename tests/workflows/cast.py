"""What the workflows' tests share: cases that are quickly at the desk, items on their own, choices, refusals."""

import asyncio
import itertools
import json
import uuid
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.items import Intent
from core import clock
from core.case import Stage, WaitsFor
from handoff.failed_delivery import JOURNEY
from handoff.resolution import CloseWithoutEntry, Reschedule
from records.case import Case
from records.intake import Receipt
from records.people import Role
from records.submission import Verdict
from records.work_item import WorkItem
from systems.base import Entry, Operation
from tests.support.journey import Journey
from tests.support.patience import PATIENCE
from workflows import search
from workflows.acts import QUEUE, Act, Resolve
from workflows.work_item import ItemStart, WorkItemWorkflow

_unknown = itertools.count(9100001)
CLOSE = CloseWithoutEntry(note="agreed by phone")


def unknown_order() -> str:
    """A number that the order desk does not know."""
    return str(next(_unknown))


def in_three_days(window: str = "2") -> Reschedule:
    """A resolution that keys a new date."""
    return Reschedule.model_validate({"delivery_date": clock.now().date() + timedelta(days=3), "window_code": window})


async def at_desk(journey: Journey, order_no: str = "") -> Receipt:
    """A case that waits with service: of that order, or quickly, of one that nobody knows and somebody confirmed."""
    receipt = await journey.hand_in(order_no or unknown_order())
    if not order_no:
        await journey.until_stage(receipt, "correction")
        await journey.act(receipt, "confirm_order", Act(by=await journey.person(Role.OPS)))
    await journey.until_stage(receipt, "with_service")
    return receipt


async def resolved(journey: Journey, receipt: Receipt, resolution: CloseWithoutEntry | Reschedule = CLOSE) -> Case:
    """Picked up by the agent, resolved, carried to the case's end."""
    agent = await journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=resolution))
    return await journey.until_stage(receipt, "closed")


async def refusal(asked: Awaitable[str]) -> str:
    """The code with which an Update was refused."""
    with pytest.raises(WorkflowUpdateFailedError) as raised:
        await asked
    cause = raised.value.cause
    assert isinstance(cause, ApplicationError)
    return cause.type or ""


async def item_of_its_own(
    journey: Journey,
    operation: Operation,
    entry: Entry,
    *,
    before: dict[str, str] | None = None,
    report: bool = False,
    route: str = "bot",
) -> Receipt:
    """An item's workflow without its case's workflow; the receipt names the bare case that the item hangs on."""
    number = f"FD-9{uuid.uuid4().int % 100_000:05d}"
    receipt = Receipt(
        submission_id=uuid.uuid4(),
        case_id=uuid.uuid4(),
        case_number=number,
        verdict=Verdict.STARTED,
        received_at=clock.now(),
    )
    async with journey.database.session() as session:
        session.add(_bare_case(receipt))
    intent = Intent(
        id=uuid.uuid4(),
        case_id=receipt.case_id,
        system=operation.system,
        operation=operation.name,
        kind=operation.kind,
        target_key=operation.target(entry),
        occurrence=f"{number}/test",
        content=entry.model_dump(mode="json"),
        before=before,
        route=route,
    )
    await journey.client.start_workflow(
        WorkItemWorkflow.run,
        ItemStart(intent=intent, on_conflict="report" if report else "person"),
        id=f"item/{intent.id}",
        task_queue=QUEUE,
    )
    return receipt


async def until_asked(journey: Journey, receipt: Receipt, operation: str, state: str) -> WorkItem:
    """The item once a person is asked: it is in that state, and its workflow, which hears of it last, has said so."""
    item = await journey.until_item(receipt, operation, state)
    await asyncio.wait_for(_said_failed(journey.client.get_workflow_handle(f"item/{item.id}")), PATIENCE)
    return item


async def _said_failed(handle: WorkflowHandle[Any, Any]) -> None:
    tries = said = 0
    newest = await newest_event(handle)
    async for event in handle.fetch_history_events(wait_new_event=True):
        tries += event.HasField("activity_task_scheduled_event_attributes")
        if event.HasField("upsert_workflow_search_attributes_event_attributes"):
            written = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            said = tries if "BatonFailureClass" in written and written["BatonFailureClass"].data != b"null" else 0
        if said == tries and event.event_id >= newest:
            return


async def until_found(journey: Journey, item: WorkItem, *found: str) -> None:
    """Wait until Temporal finds an item by that stage, failure class and signature."""
    handle = journey.client.get_workflow_handle(f"item/{item.id}")
    async with asyncio.timeout(PATIENCE):
        async for event in handle.fetch_history_events(wait_new_event=True):
            written = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            names = (search.STAGE.name, search.FAILURE_CLASS.name, search.SIGNATURE.name)
            if tuple(json.loads(written[name].data or "null") for name in names if name in written) == found:
                return


async def newest_event(handle: WorkflowHandle[Any, Any]) -> int:
    """The number of the newest event of a history."""
    return max([event.event_id async for event in handle.fetch_history_events()])


def _bare_case(receipt: Receipt) -> Case:
    return Case(
        id=receipt.case_id,
        number=receipt.case_number,
        journey=JOURNEY,
        business_key=receipt.case_number,
        subject_key=receipt.case_number,
        stage=Stage.MARKING,
        opened_at=receipt.received_at,
        updated_at=receipt.received_at,
        wait_kind=WaitsFor.NOTHING,
        wait_since=receipt.received_at,
    )
