"""Failed delivery to service: from a driver's report, over order desk and ticket, to a person and to the customer."""

import asyncio

from temporalio import workflow

from activities.decide import Cause
from activities.people import Action
from core.case import Stage
from handoff.failed_delivery import JOURNEY, URGENT_TIER, FailedDeliveryReport
from handoff.packet import Packet
from handoff.states import HandoffState
from systems.orderdesk import Order
from workflows import packets, search
from workflows.acts import Act, AnswerReturn, CorrectOrder, ReviewProposal, Told, WithdrawCase
from workflows.book import Book, Happened, SubmissionReviewed, at_stage
from workflows.case_start import CaseEnd, CaseStart
from workflows.correcting import Correcting, claim_key, corrected_report, proposed
from workflows.entries import CaseWithdrawnError, Entries
from workflows.handing_over import HandingOver, moved
from workflows.handoff_acts import HandoffEnd, Moved
from workflows.handoff_people import verified, wrong_state
from workflows.journal import Journal
from workflows.long_run import LongRun
from workflows.marking import Marking, decide
from workflows.order_reader import READING, OrderReader
from workflows.recovered import AGAIN, FAILED, DeliveryAgain
from workflows.resolving import Resolving
from workflows.returned import Returned
from workflows.taking_back import TakingBack
from workflows.telling import Telling
from workflows.ticket import TICKET_STATES, Ticket
from workflows.withdrawal import Withdrawal


@workflow.defn(name="FailedDeliveryWorkflow")
class FailedDeliveryWorkflow:
    """Carries one failed delivery until its case is closed. The single writer of the case."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._start = start
        self._report = start.report
        self._book = Book(start.case_id)
        self._journal = Journal()
        self._entries = Entries(start.case_id, start.name, JOURNEY, start.priority)
        self._orders = OrderReader(self._book)
        long = LongRun(lambda: start.again(self._report), lambda: self._ticket.rests)
        self._handoff = HandingOver(self._book, start.case_id, start.case_number, JOURNEY, long)
        self._telling = Telling(self._book, start.case_number, start.name)
        self._ticket = Ticket(self._book, self._journal, self._entries, start.case_number)
        self._again = DeliveryAgain(start, self._entries, self._handoff, self._journal)
        self._ticket.number, self._handoff.number = start.ticket_no, start.handoffs
        self._order: Order | None = None
        self._cause: Cause | None = None
        self._decided_for: FailedDeliveryReport | None = None
        self._closing = False
        self._lock = asyncio.Lock()
        self._correcting = Correcting(self._book, self._lock)
        self._returned = Returned(self._book, self._lock)
        self._promise = TakingBack(self._book, self._entries, start.case_id, start.case_number)
        self._withdrawal = Withdrawal(self._book, start.submitted_by)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        """The journey, from the report to the closed case."""
        self._journal.note("Reported", start.submitted_by)
        search.case_stage(Stage.READING)
        if start.recovered:
            asked = (self._correcting, self._returned)
            await self._again.look_back(self._book, self._telling, self._ticket, self._withdrawal, *asked)
        else:
            await self._book.write(Happened(name="case.started"), case=at_stage(Stage.READING, READING))
        try:
            outcome = await self._travel()
            await self._settled()
            self._withdrawal.check()  # taken back while the ticket still followed
        except CaseWithdrawnError:
            outcome = await self._withdrawn()
            await self._settled()
        self._closing = True  # from here on every validator refuses: no handler is left behind
        search.case_stage(Stage.CLOSED)
        await self._book.close(outcome)
        return CaseEnd(outcome=outcome)

    async def _settled(self) -> None:
        await self._ticket.settled()
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _travel(self) -> str:
        resolving = Resolving(self._book, self._promise, self._orders, self._journal, self._telling, self._ticket)
        self._withdrawal.check()  # before this run began
        order = self._again.order or await self._known_order()
        if order is None:
            return await self._without_order()
        self._decided_for = self._report
        why, order = await self._prepared(order)
        if order.over and why == FAILED:
            return await resolving.over(order)
        fresh = self._again.order is None
        while True:
            if fresh:
                order = await self._orders.read(order.order_no) or order
            self._order = order
            if order.over and why != self._start.reopened:  # who has written is answered by a person in any case
                return await resolving.over(order)
            await self._decide_anew()
            ended = await self._decided(why)
            carried = await resolving.carry_out(ended, self._order, self._packet(), self._handoff.number)
            if carried.outcome:
                return carried.outcome
            self._withdrawal.check()
            why, fresh = carried.again, carried.fresh

    async def _prepared(self, order: Order) -> tuple[str, Order]:
        """Why service gets the case, and the order as it was last seen: marked, with its ticket, unless it had them."""
        if self._again.order is not None:
            self._cause = self._again.cause
            return self._start.reopened or AGAIN, order
        if self._start.reopened:
            self._cause = await decide(self._book, self._report, order)
            self._ticket.follow("open", self._start.reopened)
            return self._start.reopened, order
        marking = Marking(self._book, self._entries, self._orders, self._journal)
        order, self._cause = await marking.mark(self._report, order, self._again.cause)
        self._withdrawal.check()
        if not order.over:
            await self._ticket.open(self._report, order, self._cause)
            self._withdrawal.check()
        return FAILED, order

    async def _known_order(self) -> Order | None:
        """The order; None when nobody could say which it is."""
        while True:
            order = await self._orders.read(self._report.order_no)
            self._withdrawal.check()
            if order is not None:
                known = {"customer_no": order.customer_no, "customer_name": order.name, "tier": order.tier}
                await self._book.write(Happened(name="order.read", system="orderdesk"), case=known)
                self._journal.note("Order read", "bot", reference=order.order_no)
                if order.tier == URGENT_TIER:
                    self._entries.hurry()
                return order
            corrected = await self._correcting.ask()
            self._withdrawal.check()
            if not corrected:
                return None

    async def _without_order(self) -> str:
        ended = await self._decided("The order desk does not know the order.")
        return f"closed without an entry: {ended.resolution.note if ended.resolution else ended.reason}"

    async def _decided(self, why: str) -> HandoffEnd:
        """How service decided; what it returns goes to the submitter first, and then, with their answer, to service."""
        while True:
            self._withdrawal.check()
            ended = await self._handoff.offer(self._packet(), why, giver=self._start.submitted_by)
            self._withdrawal.check()
            if ended.urgent:
                self._entries.hurry()
            if ended.state is not HandoffState.RETURNED:
                return ended
            why = await self._returned.ask(ended)
            self._withdrawal.check()

    async def _withdrawn(self) -> str:
        """Nothing more is keyed; what is keyed already goes to a person, who undoes it or leaves it."""
        self._ticket.follow("solved", f"The case was withdrawn: {self._withdrawal.reason}")
        if self._journal.keyed:
            packet = packets.for_withdrawn(self._packet(), self._journal.keyed)
            why = again = f"{self._withdrawal.by} withdrew the case: {self._withdrawal.reason}"
            while (ended := await self._handoff.offer(packet, again)).state is HandoffState.RETURNED:
                again = f"{why}. It was returned ({ended.reason}), and somebody still has to look."
        return f"withdrawn: {self._withdrawal.reason}"

    def _packet(self) -> Packet:
        if self._order is None or self._cause is None:
            return packets.for_unknown_order(self._start.case_number, self._report, self._journal.done)
        done = self._journal.done
        return packets.for_service(
            self._start.case_number, self._report, self._order, self._cause, done=done, ticket=self._ticket.number
        )

    # -- people: each handler holds the lock, reads the person anew, returns after the record is written ----------

    @workflow.signal
    def went_on(self, _: dict[str, str] | None = None) -> None:
        """What an earlier run began has ended."""
        self._entries.taken_up.stir()
        self._handoff.taken_up.stir()

    @workflow.signal
    def handoff_moved(self, told: Moved) -> None:
        """The handoff was taken, put back or ended: the ticket and the due time follow."""
        moved(told)
        if told.note:
            self._ticket.follow(TICKET_STATES.get(told.state, "open"), told.note)

    @workflow.update
    async def answer_return(self, act: AnswerReturn) -> Told:
        """The submitter's word on what service returned."""
        async with self._lock:
            person = await verified(act, Action.CORRECT_ORDER)
            self._returned.check()
            await self._returned.answer(act, person.email)
        return Told(message="Thank you. Service has it again, with your answer.")

    @workflow.update
    async def take_back(self, act: Act) -> Told:
        """Whoever decided takes it back, as long as nothing is keyed."""
        return Told(message=await self._promise.take_back(await verified(act, Action.RESOLVE)))

    @workflow.update
    async def withdraw(self, act: WithdrawCase) -> Told:
        """Its starter takes the case back."""
        async with self._lock:
            await self._withdrawal.ask(act, await verified(act, Action.START_WORK))
        await self._withdrawal.let_go(self._entries, self._handoff, self._correcting, self._returned)
        keyed = "What is keyed already goes to a person." if self._journal.keyed else "Nothing is keyed."
        return Told(message=f"Withdrawn. {keyed}")

    @workflow.update
    async def correct_order(self, act: CorrectOrder) -> Told:
        """The submitter corrects an order number that the order desk does not know."""
        async with self._lock:
            person = await verified(act, Action.CORRECT_ORDER)
            self._correcting.check()
            corrected = corrected_report(self._report, act)
            await claim_key(self._start.case_id, corrected)
            numbers = {"order_no": corrected.order_no, "parcel_no": corrected.parcel_no}
            await self._book.write(Happened(name="order.corrected", actor=person.email, data=numbers), case=numbers)
            self._report = corrected
            self._correcting.corrected()
        return Told(message="Corrected; the order is read again.")

    @workflow.update
    async def confirm_order(self, act: Act) -> Told:
        """The submitter says that the number is right: the desk gets the case."""
        async with self._lock:
            person = await verified(act, Action.CORRECT_ORDER)
            self._correcting.check()
            await self._book.write(Happened(name="order.confirmed", actor=person.email))
            self._correcting.confirmed()
        return Told(message="The service desk looks into it.")

    @workflow.update
    async def review_proposal(self, act: ReviewProposal) -> Told:
        """A person accepts or dismisses other content that arrived under the same key."""
        async with self._lock:
            person = await verified(act, Action.REVIEW_PROPOSAL)
            found = await proposed(self._start.case_id, act)
            verdict = "accepted" if act.accept else "dismissed"
            reviewed = SubmissionReviewed(submission_id=act.submission_id, verdict=verdict, by=person.email)
            await self._book.write(
                Happened(name="submission.reviewed", actor=person.email, data={"verdict": verdict}), reviewed=reviewed
            )
            if act.accept:
                await self._take_over(FailedDeliveryReport.model_validate(found.content))
        return Told(message=f"The proposed change is {verdict}.")

    async def _take_over(self, report: FailedDeliveryReport) -> None:
        """The accepted report replaces the first, but for numbers that were corrected since it arrived."""
        numbers = {"order_no": self._report.order_no, "parcel_no": self._report.parcel_no}
        self._report = report.model_copy(update=numbers)
        if self._handoff.open:  # it passes the new one along; one that is offered later brings it anyway
            await self._decide_anew()
            await self._handoff.refresh(self._packet())

    async def _decide_anew(self) -> None:
        """The root cause again when another report was accepted since it was decided."""
        if self._order is not None and self._decided_for is not self._report:
            self._decided_for = self._report
            self._cause = await decide(self._book, self._report, self._order)

    @take_back.validator
    def _may_take_back(self, act: Act) -> None:
        self._promise.check()

    @withdraw.validator
    def _may_withdraw(self, act: WithdrawCase) -> None:
        if self._closing:
            raise wrong_state("This case is closed.")
        self._withdrawal.check_open()

    @answer_return.validator
    def _may_answer(self, act: AnswerReturn) -> None:
        self._returned.check()

    @correct_order.validator
    def _may_correct(self, act: CorrectOrder) -> None:
        self._correcting.check()

    @confirm_order.validator
    def _may_confirm(self, act: Act) -> None:
        self._correcting.check()

    @review_proposal.validator
    def _may_review(self, act: ReviewProposal) -> None:
        if self._closing:
            raise wrong_state("This case is closed.")
