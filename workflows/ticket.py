"""The case's ticket on the service desk: opened once, then it follows the handoff; one matter, one place of work."""

import asyncio

from activities.decide import Cause
from core.work_item import State
from handoff.failed_delivery import FailedDeliveryReport
from handoff.states import HandoffState
from systems import servicedesk
from systems.orderdesk import Order
from workflows.entries import Entries, case_url

TICKET_STATES = {HandoffState.PICKED_UP: "in_progress", HandoffState.OFFERED: "open", HandoffState.RETURNED: "open"}
"""What the ticket says while the handoff stands so; how it ends is the case's matter."""
PRIORITIES = {"A": "high", "B": "normal", "C": "low"}


class Ticket:
    """The ticket of one case; changes are made in the order in which they were asked for."""

    def __init__(self, entries: Entries, case_number: str) -> None:
        self._entries = entries
        self._case_number = case_number
        self._changes = 0
        self._queue: list[asyncio.Task[None]] = []
        self.number = ""

    async def open(self, report: FailedDeliveryReport, order: Order, cause: Cause) -> None:
        """Open it; without a number when a person gave the entry up."""
        entry = servicedesk.OpenTicket.model_validate(
            {
                "case_ref": self._case_number,
                "title": f"Failed delivery of order {order.order_no}: {cause.cause}",
                "description": f"{report.reason_text}. Parcel {report.parcel_no}, attempt {report.attempt}. "
                "The case is worked on in Baton.",
                "order_no": order.order_no,
                "customer_no": order.customer_no,
                "priority": PRIORITIES.get(order.tier, "low"),
                "case_url": case_url() or self._case_number,
            }
        )
        ended = await self._entries.enter("ticket", servicedesk.OPEN_TICKET, entry)
        if ended.state is State.DONE:
            self.number = ended.confirmation or ""

    def follow(self, state: str, note: str) -> None:
        """Let the ticket follow in the background; nobody who acts on the case waits for it."""
        if not self.number:
            return
        before = self._queue[-1] if self._queue else None
        self._changes += 1
        self._queue.append(asyncio.create_task(self._change(self._changes, state, note, before)))

    async def _change(self, count: int, state: str, note: str, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        entry = servicedesk.UpdateTicket.model_validate({"ticket_id": self.number, "state": state, "note": note})
        await self._entries.enter(f"ticket-update#{count}", servicedesk.UPDATE_TICKET, entry, closing=True)

    async def settled(self) -> None:
        """Wait until every change is made (or given up by a person)."""
        if self._queue:
            await self._queue[-1]
