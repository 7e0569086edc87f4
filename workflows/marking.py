"""Deciding why a delivery failed, and marking the order for it; decided anew when the order changes under our hands."""

from temporalio import workflow

from activities.decide import Cause, CauseInputs, Decide
from core.case import Stage
from core.work_item import State
from handoff.failed_delivery import FailedDeliveryReport
from systems import orderdesk
from systems.orderdesk import Order
from workflows import policies, search
from workflows.book import Book, DecisionTaken, Happened, at_stage
from workflows.entries import Entries
from workflows.journal import Journal
from workflows.order_reader import OrderReader


async def decide(book: Book, report: FailedDeliveryReport, order: Order) -> Cause:
    """The root cause, logged with its inputs, rule and version."""
    inputs = CauseInputs(
        reason_text=report.reason_text,
        driver_note=report.driver_note,
        attempt=report.attempt,
        order_status=order.status,
        tier=order.tier,
    )
    cause: Cause = await workflow.execute_local_activity_method(
        Decide.root_cause, inputs, start_to_close_timeout=policies.DECIDE_TIMEOUT
    )
    taken = DecisionTaken(
        rule=cause.rule, version=cause.version, inputs=inputs.model_dump(), verdict=cause.model_dump()
    )
    told = Happened(name="cause.decided", data={"cause": cause.cause, "rule": cause.rule, "version": cause.version})
    await book.write(told, case={"cause": cause.cause}, decision=taken)
    return cause


class Marking:
    """Marks the order of one case as *delivery failed*."""

    def __init__(self, book: Book, entries: Entries, orders: OrderReader, journal: Journal) -> None:
        self._book = book
        self._entries = entries
        self._orders = orders
        self._journal = journal

    async def mark(self, report: FailedDeliveryReport, order: Order, known: Cause | None = None) -> tuple[Order, Cause]:
        """The order as it was last seen, and the cause; an order that is over is not marked.

        A cause that is `known` was decided before: the order may look otherwise by now because of it.
        """
        search.case_stage(Stage.MARKING)
        for count in range(policies.REDECIDE_LIMIT + 1):
            cause = known or await decide(self._book, report, order)
            if order.over:
                break
            await self._book.write(case=at_stage(Stage.MARKING, "marking the order on the order desk"))
            last = count == policies.REDECIDE_LIMIT
            if not await self._entered(count, report, order, cause, last=last):
                break
            order = await self._orders.read(order.order_no) or order
            await self._book.write(Happened(name="order.changed_meanwhile", system="orderdesk"))
        return order, cause

    async def _entered(
        self, count: int, report: FailedDeliveryReport, order: Order, cause: Cause, *, last: bool
    ) -> bool:
        """Have it entered; True when the order had changed, nothing was entered, and it is to be decided anew."""
        ended = await self._entries.enter(
            f"mark#{count + 1}",
            orderdesk.MARK_FAILED_DELIVERY,
            orderdesk.MarkFailedDelivery(
                order_no=order.order_no, reason_code=orderdesk.REASONS[cause.cause], attempt=report.attempt
            ),
            before=order.image(orderdesk.MARK_FAILED_DELIVERY),
            report_conflict=not last,
        )
        self._journal.note_item("Order marked: delivery failed", ended)
        return ended.state is State.WITHDRAWN and not self._entries.withdrawn
