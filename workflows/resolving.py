"""Carrying out what service decided: read the order again, key it, tell the customer, let the ticket follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.exceptions import ApplicationError

from activities.items import ItemView
from core.case import Stage
from core.work_item import Kind, State
from handoff.packet import Packet
from handoff.resolution import BookSlot, CloseWithoutEntry, CorrectAddress, Keyed, Refund, Reschedule
from systems import orderdesk
from systems.base import Entry, Operation
from systems.orderdesk import Order
from workflows import search
from workflows.book import Book, Happened, at_stage
from workflows.handoff_acts import HandoffEnd
from workflows.journal import Journal
from workflows.order_reader import OrderReader
from workflows.taking_back import TakingBack
from workflows.telling import Telling
from workflows.ticket import Ticket


@dataclass(frozen=True)
class Carried:
    """What came of a resolution: the case's outcome, or `again` with why service gets the case once more."""

    outcome: str = ""
    again: str = ""
    fresh: bool = True
    """Whether the order is to be read before: not after a take-back, which shall not wait for a system."""


class Resolving:
    """Carries out the resolutions of one case."""

    def __init__(
        self, book: Book, promise: TakingBack, orders: OrderReader, journal: Journal, telling: Telling, ticket: Ticket
    ) -> None:
        self._book = book
        self._promise = promise
        self._orders = orders
        self._journal = journal
        self._telling = telling
        self._ticket = ticket

    async def carry_out(self, ended: HandoffEnd, offered: Order, packet: Packet, count: int) -> Carried:
        """Do what was decided on the order as it was `offered`; `count` numbers the handoff it was decided in."""
        resolution = ended.resolution
        if resolution is None or isinstance(resolution, BookSlot):
            raise ApplicationError("Nothing was decided that could be carried out.", type="wrong_order")
        if isinstance(resolution, CloseWithoutEntry):
            self._ticket.follow("solved", f"Closed without an entry: {resolution.note}")
            return Carried(outcome=f"closed without an entry: {resolution.note}")
        with self._promise.promised(ended.by):
            return await self._key(resolution, offered, packet, count)

    async def _key(self, resolution: Keyed, offered: Order, packet: Packet, count: int) -> Carried:
        search.case_stage(Stage.RESOLVING)
        await self._book.write(case=at_stage(Stage.RESOLVING, "keying the resolution on the order desk"))
        operation, entry = entry_for(resolution, offered.order_no, offered.parcels)
        step = f"{resolution.kind}#{count}"
        if self._promise.knows(step):  # the order may look otherwise because of it
            return await self._after_entry(
                await self._promise.enter(step, operation, entry, before=None), resolution, packet, offered.order_no
            )
        order = await self._promise.unless_taken(self._orders.read(offered.order_no)) or offered
        if self._promise.taken_by:
            return self._taken_back()
        if order.over:
            return Carried(outcome=await self.over(order))
        before = order.image(operation) if operation.kind is Kind.CHANGE else None
        if before is not None and before != offered.image(operation):
            await self._book.write(Happened(name="order.changed_meanwhile", system="orderdesk"))
            return Carried(again="The order was changed while you worked on it; please look again.")
        item = await self._promise.enter(step, operation, entry, before=before)
        return await self._after_entry(item, resolution, packet, offered.order_no)

    def _taken_back(self) -> Carried:
        return Carried(again=f"{self._promise.taken_by} took the decision back before it was keyed.", fresh=False)

    async def _after_entry(self, ended: ItemView, resolution: Keyed, packet: Packet, order_no: str) -> Carried:
        if ended.state is State.WITHDRAWN and self._promise.taken_by:
            return self._taken_back()
        if ended.state is State.WITHDRAWN:
            return Carried(again="The order was changed just before the entry; please look again.")
        if ended.state is State.DISCARDED:
            return Carried(again="The entry on the order desk was given up; please decide how it goes on.")
        self._promise.too_late()
        words = resolution.kind.replace("_", " ")
        self._journal.note_item(f"Resolution keyed: {words}", ended)
        await self._telling.tell(resolution, packet.customer, order_no)
        self._ticket.follow("solved", f"Resolved: {words}.")
        return Carried(outcome=words)

    async def over(self, order: Order) -> str:
        """The order was delivered or cancelled meanwhile: nothing is keyed, nobody is written to; the outcome."""
        status = orderdesk.STATUS.get(order.status, order.status)
        await self._book.write(Happened(name="order.over", system="orderdesk", data={"status": status}))
        self._ticket.follow("solved", f"The order is {status}; nothing more to do.")
        return f"order {status}"


def entry_for(resolution: Keyed, order_no: str, parcels: Sequence[str]) -> tuple[Operation, Entry]:
    """What a resolution keys into the order desk; the desk's preview shows exactly this."""
    if isinstance(resolution, Reschedule):
        return orderdesk.RESCHEDULE, orderdesk.NewDeliveryDate(
            order_no=order_no, delivery_date=resolution.delivery_date, window_code=resolution.window_code
        )
    if isinstance(resolution, CorrectAddress):
        address = resolution.model_dump(exclude={"kind", "note"})
        return orderdesk.CORRECT_ADDRESS, orderdesk.CorrectAddress(order_no=order_no, **address)
    if isinstance(resolution, Refund):
        reason = orderdesk.REASONS[resolution.refund_reason]
        return orderdesk.REFUND, orderdesk.Refund(order_no=order_no, amount=resolution.amount, reason_code=reason)
    return orderdesk.RETURN_TO_SENDER, orderdesk.ReturnToSender(
        order_no=order_no,
        reason_code=orderdesk.REASONS[resolution.return_reason],
        carrier=resolution.carrier,
        parcels=tuple(parcels),
    )
