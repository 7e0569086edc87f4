"""The bare peer: the journey of a failed delivery as one plain Temporal workflow of ordinary activities.

It makes the same calls in the same order as Baton makes for this kind of case: two reads, one decision, three entries
and, with bookkeeping, eleven writes. Everything is in one workflow; Baton gives each entry a workflow of its own.
"""

import uuid
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.common import RetryPolicy

from benchmarks.bare_steps import BareEntry, BareSteps, BareWrite
from core.case import Stage
from decisions.root_cause import Cause, CauseInputs
from handoff.failed_delivery import FailedDeliveryReport
from records.items import Intent
from systems import orderdesk, servicedesk
from systems.base import Entry, Operation
from systems.orderdesk import ORDERDESK, Order
from systems.registry import SYSTEMS

TIMEOUT = timedelta(minutes=1)
ONCE = RetryPolicy(maximum_attempts=1)
QUEUE = "bare"


class BareStart(BaseModel):
    """What the bare workflow starts with; `kept` is whether it keeps records."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    case_number: str
    report: FailedDeliveryReport
    kept: bool


def queue_of(system: str) -> str:
    """The task queue of a system's entries, as Baton has one for each."""
    return f"{QUEUE}-{system}"


@workflow.defn(name="BareDelivery")
class BareDelivery:
    """The journey, written the short way."""

    @workflow.init
    def __init__(self, start: BareStart) -> None:
        self._start = start

    @workflow.run
    async def run(self, start: BareStart) -> str:
        """From the report to the closed case."""
        report = start.report
        await self._keep("case.started", stage=Stage.READING)
        order = await self._read(report.order_no)
        await self._keep("order.read", customer_no=order.customer_no, customer_name=order.name, tier=order.tier)
        cause = await self._decide(order)
        await self._keep(stage=Stage.MARKING)
        marked = orderdesk.MarkFailedDelivery(
            order_no=order.order_no, reason_code=orderdesk.REASONS[cause.cause], attempt=report.attempt
        )
        await self._enter("mark", orderdesk.MARK_FAILED_DELIVERY, marked, order)
        await self._keep(stage=Stage.TICKETING)
        ticket = await self._enter("ticket", servicedesk.OPEN_TICKET, self._ticket(order, cause))
        await self._keep(ticket_no=ticket)
        order = await self._read(report.order_no)
        await self._keep("order.over")
        solved = servicedesk.UpdateTicket(ticket_id=ticket, state="solved", note="Nothing more to do.")
        await self._enter("ticket-update", servicedesk.UPDATE_TICKET, solved)
        outcome = f"order {orderdesk.STATUS[order.status]}"
        await self._keep("case.closed", stage=Stage.CLOSED, outcome=outcome, closed=True)
        return outcome

    async def _keep(self, *events: str, closed: bool = False, **columns: Any) -> None:
        if closed:
            columns["closed_at"] = workflow.now()
        await self._write(BareWrite(**self._head(), case=columns, events=events))

    async def _write(self, write: BareWrite) -> None:
        if self._start.kept:
            await workflow.execute_activity_method(BareSteps.write, write, start_to_close_timeout=TIMEOUT)

    def _head(self) -> dict[str, Any]:
        return {"case_id": self._start.case_id, "run_id": workflow.info().run_id, "at": workflow.now()}

    async def _read(self, order_no: str) -> Order:
        found = await workflow.execute_activity_method(
            BareSteps.read_order, order_no, start_to_close_timeout=TIMEOUT, task_queue=queue_of(ORDERDESK.name)
        )
        return Order.model_validate(found)

    async def _decide(self, order: Order) -> Cause:
        report = self._start.report
        inputs = CauseInputs(
            reason_text=report.reason_text, attempt=report.attempt, order_status=order.status, tier=order.tier
        )
        cause = await workflow.execute_activity_method(BareSteps.decide, inputs, start_to_close_timeout=TIMEOUT)
        decided: dict[str, Any] = {"case": {"cause": cause.cause}, "events": ("cause.decided",)}
        await self._write(BareWrite(**self._head(), **decided, inputs=inputs, verdict=cause))
        return cause

    def _ticket(self, order: Order, cause: Cause) -> servicedesk.OpenTicket:
        return servicedesk.OpenTicket(
            case_ref=self._start.case_number,
            title=f"Failed delivery of order {order.order_no}: {cause.cause}",
            description=self._start.report.reason_text,
            order_no=order.order_no,
            customer_no=order.customer_no,
            priority="high",
            case_url=self._start.case_number,
        )

    async def _enter(self, step: str, operation: Operation, content: Entry, order: Order | None = None) -> str:
        intent = Intent(
            id=workflow.uuid4(),
            case_id=self._start.case_id,
            system=operation.system,
            operation=operation.name,
            kind=operation.kind,
            target_key=operation.target(content),
            occurrence=f"{self._start.case_number}/{step}",
            content=content.model_dump(mode="json"),
            before=order.image(operation) if order else None,
            route=SYSTEMS[operation.system].route,
        )
        entry = BareEntry(intent=intent, reference=f"BTN-{intent.id.hex[:10].upper()}")
        if self._start.kept:
            entry = await workflow.execute_activity_method(
                BareSteps.create_item, intent, start_to_close_timeout=TIMEOUT
            )
        return await workflow.execute_activity_method(
            BareSteps.enter,
            entry,
            start_to_close_timeout=TIMEOUT,
            task_queue=queue_of(operation.system),
            retry_policy=ONCE,
        )
