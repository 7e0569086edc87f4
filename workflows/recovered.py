"""A case that was begun anew: its run looks at everything that was done before, so that nothing is done twice."""

import uuid
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.decide import Cause
from activities.recovery import LookBack, Past, PastHandoff, PastItem, Recovery
from core.case import Stage
from core.work_item import FINAL, State
from handoff.failed_delivery import URGENT_TIER
from handoff.packet import Done
from systems.orderdesk import Order
from workflows.book import Book, at_stage, locally
from workflows.case_start import CaseStart
from workflows.correcting import Correcting
from workflows.entries import Entries
from workflows.handing_over import HandingOver
from workflows.journal import Journal
from workflows.returned import Returned
from workflows.telling import Telling
from workflows.ticket import FOLLOWS, Ticket
from workflows.withdrawal import Withdrawal

FAILED = "The delivery failed; service decides how it goes on."
AGAIN = "Its process was ended outside Baton; it goes on from its records."
OPENED = "ticket"


async def look_back(case_id: uuid.UUID) -> Past:
    """What is known of the case; read before anything else is done."""
    past: Past = await locally(Recovery.look_back, LookBack(case_id=case_id))
    return past


async def session_again(case_id: uuid.UUID, handoff: HandingOver, returned: Returned) -> None:
    """A case that is nothing but its handoffs."""
    past = await look_back(case_id)
    handoffs, handoff.number = since(past)
    handoff.remember(handoffs)
    returned.remember(_answer(past, handoffs))


def since(past: Past, after: int = 0) -> tuple[list[PastHandoff], int]:
    """The handoffs with a higher number than `after`, and the number of the one before the last of them."""
    handoffs = [one for one in past.handoffs if one.number > after]
    return handoffs, handoffs[-1].number - 1 if handoffs else after


class DeliveryAgain:
    """What a failed delivery's new run goes by; for a case that was never begun anew it stays empty.

    `order` and `cause` are those of its last handoff: from there it goes on.
    """

    def __init__(self, start: CaseStart, entries: Entries, handoff: HandingOver, journal: Journal) -> None:
        self._start = start
        self._entries = entries
        self._handoff = handoff
        self._journal = journal
        self.order: Order | None = None
        self.cause: Cause | None = None

    async def look_back(
        self,
        book: Book,
        telling: Telling,
        ticket: Ticket,
        withdrawal: Withdrawal,
        correcting: Correcting,
        returned: Returned,
    ) -> None:
        """Learn what was done; what is on its way for a case that was taken back is asked to end."""
        await book.write(case=at_stage(Stage.READING, "looking at what was done before"))
        past = await look_back(self._start.case_id)
        prefix = f"{self._start.name}/"
        mine = {name: one for name, one in past.items.items() if name.startswith(prefix)}
        self._entries.remember({name: one.intent for name, one in mine.items()})
        handoffs, self._handoff.number = since(past, self._start.handoffs)
        self._handoff.remember(handoffs)
        telling.remember(past.notices)
        steps = {name.removeprefix(prefix): one for name, one in mine.items()}
        self._ticket(ticket, past, steps)
        self._decided(past, handoffs)
        self._keyed(steps)
        returned.remember(_answer(past, handoffs))
        if any(one.name in ("order.confirmed", "order.correction_missed") for one in past.events):
            correcting.confirmed()
        withdrawn = [one for one in past.events if one.name == "case.withdrawn"]
        if withdrawn:
            withdrawal.remember(withdrawn[-1].data["reason"], withdrawn[-1].actor)
            await self._take_back(steps, handoffs, withdrawn[-1].at)

    def _ticket(self, ticket: Ticket, past: Past, steps: dict[str, PastItem]) -> None:
        follows = [one for step, one in steps.items() if step.startswith(FOLLOWS)]
        opened = steps.get(OPENED)
        ticket.remember(past.ticket_no or (opened.confirmation if opened else ""), follows)

    def _decided(self, past: Past, handoffs: list[PastHandoff]) -> None:
        cause = past.decisions.get("cause")
        self.cause = Cause.model_validate(cause) if cause else None
        if handoffs:
            offered = handoffs[-1].start["packet"]
            self._journal.done = [Done.model_validate(one) for one in offered["done"]]
            if self.cause is not None and "customer_no" in offered["order"]:
                known = {name: value for name, value in offered["order"].items() if name in Order.model_fields}
                self.order = Order.model_validate(known)
                if self.order.tier == URGENT_TIER:
                    self._entries.hurry()

    def _keyed(self, steps: dict[str, PastItem]) -> None:
        """What stands on the order desk because of this case."""
        for step, one in steps.items():
            if one.state is State.DONE and step != OPENED and not step.startswith(FOLLOWS):
                words = step.partition("#")[0].replace("_", " ")
                done = Done(what=f"Keyed: {words}", by="bot", at=workflow.now(), reference=one.confirmation)
                self._journal.keyed.append(done)

    async def _take_back(self, steps: dict[str, PastItem], handoffs: list[PastHandoff], at: datetime) -> None:
        """It was withdrawn: an open handoff that is not about what is keyed ends, and what is on its way may."""
        self._entries.withdrawn = True
        last = handoffs[-1] if handoffs else None
        if last is not None and last.offered_at < at:
            self._handoff.number = last.number
            if last.end is None:
                await _signal(f"handoff/{last.start['id']}", "withdraw", "the case was withdrawn")
        for step, one in steps.items():
            if one.state not in FINAL and not step.startswith(FOLLOWS):
                ended = await self._entries.ended(step)
                if ended.state is State.DONE:
                    self._keyed({step: one.model_copy(update={"state": State.DONE})})


def _answer(past: Past, handoffs: list[PastHandoff]) -> str | None:
    """What was answered to the last handoff, where it was returned."""
    answers = [one for one in past.events if one.name == "return.answered"]
    ended = handoffs[-1].end if handoffs else None
    if ended is None or not answers or answers[-1].at < datetime.fromisoformat(ended["at"]):
        return None
    answer: str = answers[-1].data["answer"]
    return answer


async def _signal(workflow_id: str, name: str, word: Any) -> None:
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal(name, word)
    except ApplicationError:  # it has ended by itself
        workflow.logger.info("what was to be told has ended")
