"""The case's ticket on the service desk: opened once, then it follows the handoff; one matter, one place of work."""

import asyncio
from collections.abc import Sequence

from activities.decide import Cause
from activities.recovery import PastItem
from core.case import Stage
from core.work_item import FINAL, State
from handoff.failed_delivery import FailedDeliveryReport
from handoff.states import HandoffState
from systems import servicedesk
from systems.orderdesk import Order
from workflows import search
from workflows.book import Book, at_stage
from workflows.entries import Entries, case_url
from workflows.journal import Journal

FOLLOWS = "ticket-update#"
TICKET_STATES = {HandoffState.PICKED_UP: "in_progress", HandoffState.OFFERED: "open", HandoffState.RETURNED: "open"}
"""What the ticket says while the handoff stands so; how it ends is the case's matter."""
PRIORITIES = {"A": "high", "B": "normal", "C": "low"}


class Ticket:
    """The ticket of one case; changes are made in the order in which they were asked for."""

    def __init__(self, book: Book, journal: Journal, entries: Entries, case_number: str) -> None:
        self._book = book
        self._journal = journal
        self._entries = entries
        self._case_number = case_number
        self._changes = 0
        self._queue: list[asyncio.Task[None]] = []
        self._said: tuple[str, str] | None = None
        self.number = ""

    def remember(self, number: str, follows: Sequence[PastItem]) -> None:
        """What was done before this case was begun anew: it goes on, and its last word is not said again."""
        self.number = number
        for one in follows:
            self._changes += 1
            content = one.intent.content
            self._said = (content["state"], content["note"])
            if one.state not in FINAL:
                self._next(self._changes, *self._said)

    async def open(self, report: FailedDeliveryReport, order: Order, cause: Cause) -> None:
        """Open it; without a number when a person gave the entry up."""
        search.case_stage(Stage.TICKETING)
        await self._book.write(case=at_stage(Stage.TICKETING, "opening the ticket on the service desk"))
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
        if self.number:
            self._journal.note("Ticket opened", "baton", reference=self.number)
            await self._book.write(case={"ticket_no": self.number})

    def follow(self, state: str, note: str) -> None:
        """Let the ticket follow in the background; nobody who acts on the case waits for it."""
        if not self.number or self._said == (state, note):
            return
        self._said = None
        self._changes += 1
        self._next(self._changes, state, note)

    def _next(self, count: int, state: str, note: str) -> None:
        before = self._queue[-1] if self._queue else None
        self._queue.append(asyncio.create_task(self._change(count, state, note, before)))

    async def _change(self, count: int, state: str, note: str, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        entry = servicedesk.UpdateTicket.model_validate({"ticket_id": self.number, "state": state, "note": note})
        await self._entries.enter(f"{FOLLOWS}{count}", servicedesk.UPDATE_TICKET, entry, closing=True)

    @property
    def rests(self) -> bool:
        """Whether every change is made."""
        return not self._queue or self._queue[-1].done()

    async def settled(self) -> None:
        """Wait until every change is made (or given up by a person)."""
        if self._queue:
            await self._queue[-1]
