"""Booking to dispatch: a slot is found and booked, or a dispatcher finds one; until it is over it may be changed."""

import asyncio
import contextlib

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.decide import SlotChoice
from activities.people import Action
from core.case import Stage, WaitsFor
from handoff.booking import JOURNEY, BookingRequest, Place
from handoff.resolution import BookSlot
from handoff.states import HandoffState
from workflows import policies, search
from workflows.acts import ReviewProposal, Told, WithdrawCase
from workflows.appointment import Appointment, Came
from workflows.book import Book, Happened, SubmissionReviewed, at_stage, waiting
from workflows.booking_acts import BookingEnd, BookingStart, Cancelled, Rescheduled, Wishes
from workflows.booking_again import BookingAgain
from workflows.booking_telling import BookingTelling
from workflows.correcting import proposed
from workflows.dispatching import Dispatching, place_of
from workflows.entries import Entries
from workflows.handing_over import HandingOver
from workflows.handoff_acts import Moved
from workflows.handoff_people import verified, wrong_state
from workflows.journal import Journal
from workflows.long_run import LongRun
from workflows.recovered import AGAIN as AGAIN_ASKED
from workflows.slots import Slots
from workflows.withdrawal import Withdrawal

AGAIN = {
    Came.SLOT_GONE: "Each slot that was chosen was taken by somebody else just before it was booked.",
    Came.CHANGED: "The booking on the board was changed by somebody else, again and again.",
    Came.GIVEN_UP: "The entry on the dispatch board was given up; please decide how it goes on.",
}


@workflow.defn(name="BookingDispatchWorkflow")
class BookingDispatchWorkflow:
    """Carries one booking until its appointment is over or cancelled. The single writer of the case.

    The newest wish counts: whatever was begun for an older one is finished or taken back, and then follows the newest.
    """

    @workflow.init
    def __init__(self, start: BookingStart) -> None:
        self._start = start
        self._book = Book(start.case_id)
        self._journal = Journal()
        self._wishes = Wishes(start.report)
        self._arranged = 0
        self._told: Place | None = None
        self._gone, self._came = 0, Came.IN
        number = start.case_number
        entries = Entries(start.case_id, number, JOURNEY, start.priority)
        handoff = HandingOver(
            self._book, start.case_id, number, JOURNEY, LongRun(self._anew), stage=Stage.WITH_DISPATCH
        )
        self._entries, self._handoff = entries, handoff
        self._again = BookingAgain(start, entries, handoff, self._wishes)
        self._slots = Slots(self._book, self._wishes)
        self._appointment = Appointment(self._book, entries, self._wishes, number, self._outdated)
        self._telling = BookingTelling(self._book, number, self._wishes, self._outdated)
        self._dispatching = Dispatching(handoff, self._wishes, number, self._outdated)
        self._withdrawal = Withdrawal(self._book, start.submitted_by)
        self._lock = asyncio.Lock()
        self._closing = False
        self._planned = 0
        """The revision that is being arranged, or was last."""

    @workflow.run
    async def run(self, start: BookingStart) -> BookingEnd:
        """The journey, from the booking to the closed case."""
        self._journal.note("Booking taken", start.submitted_by)
        search.case_stage(Stage.FINDING)
        case = {**at_stage(Stage.FINDING, "looking for a free slot"), "customer_name": start.report.name}
        started = Happened(name="case.started")
        await self._book.write(*(() if start.recovered else (started,)), case=case)
        await self._telling.make_link()
        if start.recovered:
            await self._look_back()
        outcome = await self._travel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._withdrawal.reason:
            outcome = await self._withdrawn()
            await workflow.wait_condition(workflow.all_handlers_finished)
        self._closing = True  # from here on every validator refuses: no handler is left behind
        search.case_stage(Stage.CLOSED)
        await self._book.close(outcome)
        return BookingEnd(outcome=outcome, place=self._appointment.place)

    def _anew(self) -> BookingStart:
        return self._start.model_copy(update={"report": self._wishes.request, "recovered": self._start.recovered + 1})

    async def _look_back(self) -> None:
        """Begun anew: what stands and is known needs nothing more; otherwise it is planned from what is wished now."""
        await self._again.look_back(self._book, self._appointment, self._telling, self._withdrawal)
        if self._again.arranged:
            self._arranged = self._planned = self._wishes.revision
            self._told = self._again.told

    def _outdated(self) -> bool:
        return self._wishes.revision != self._planned

    async def _travel(self) -> str:
        while True:
            if self._outdated():
                self._planned, self._gone, self._came = self._wishes.revision, 0, Came.IN
            if self._wishes.over:
                return await self._cancel()
            if self._arranged != self._planned:
                outcome = await self._arrange()
                if outcome:
                    return outcome
            elif self._told != self._appointment.place:
                await self._tell()
            elif await self._over():
                return "appointment over"

    async def _arrange(self) -> str:
        """Have the booking stand as wished; the case's outcome when a dispatcher closed it without one."""
        standing = self._appointment.place
        if self._again.asked:
            self._again.asked = False
            return await self._ask(SlotChoice(rule="no_slot", reason=""), AGAIN_ASKED)
        if standing is not None and self._came is Came.IN and standing.fits(self._wishes.windows[0]):
            await self._take(standing, "baton")  # the board does not call a slot free that is the booking's own
            return ""
        choice = await self._slots.choose(self._wishes.windows, self._planned)
        if self._outdated():
            return ""
        if choice.place is None:
            return await self._ask(choice, "No slot is free in the customer's windows.")
        if self._gone >= policies.SLOT_TRIES or self._came is Came.GIVEN_UP:
            return await self._ask(choice, AGAIN[self._came])
        await self._take(choice.place, "baton")
        return ""

    async def _ask(self, choice: SlotChoice, why: str) -> str:
        """A dispatcher decides; what they choose may be gone by then, and they are asked again."""
        while True:
            standing, done = self._appointment.place, self._journal.done
            ended = await self._dispatching.ask(choice, why, standing, done, self._appointment.reference)
            if ended.state is HandoffState.WITHDRAWN or self._outdated():
                return ""
            if isinstance(ended.resolution, BookSlot):
                came = await self._take(place_of(ended.resolution), ended.by)
                if came is Came.IN or self._outdated():
                    return ""
                why = "The slot that was chosen is not free any more." if came is Came.SLOT_GONE else AGAIN[came]
                choice = await self._slots.choose(self._wishes.windows, self._planned)
                continue
            if ended.resolution is None:
                raise ApplicationError("Nothing was decided that could be carried out.", type="wrong_order")
            if self._appointment.place is None:
                return f"closed without an entry: {ended.resolution.note}"
            await self._stands(self._appointment.place)
            self._told = None  # it stays as it was, and the customer hears so
            return ""

    async def _take(self, place: Place, author: str) -> Came:
        came = await self._appointment.take(place, author)
        if came is Came.IN:
            self._journal.note(f"Booked: {place.spoken()}", "bot", reference=self._appointment.confirmation)
            await self._stands(place)
        elif came is not Came.TAKEN_BACK:
            self._gone, self._came = self._gone + 1, came
            await self._book.write(Happened(name=f"booking.{came.value}", system="fieldboard"))
        return came

    async def _stands(self, place: Place) -> None:
        """What was wished is arranged: this is where the booking stands, on the customer's page too."""
        self._arranged, self._gone = self._planned, 0
        said = {**place.model_dump(mode="json"), "revision": self._planned, "spoken": place.spoken()}
        await self._book.write(Happened(name="booking.stands", system="fieldboard", data=said))

    async def _tell(self) -> None:
        place = self._appointment.place
        if place is not None and await self._telling.appointment(place):
            self._told = place

    async def _over(self) -> bool:
        """Wait for the appointment's end; False when the customer wants something else before it."""
        place = self._appointment.place
        if place is None:
            raise ApplicationError("An appointment that does not stand has no end.", type="wrong_order")
        search.case_stage(Stage.BOOKED)
        wait = waiting(WaitsFor.APPOINTMENT, place.spoken(), mover="the technician", until=place.ends_at)
        await self._book.write(case={"stage": Stage.BOOKED, **wait})
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(self._outdated, timeout=max(place.ends_at - workflow.now(), policies.NO_TIME))
            return False
        return True

    async def _cancel(self) -> str:
        """Nothing stands any more when this returns, and the customer knows; what was withdrawn stays as it is."""
        if self._wishes.withdrawn:
            return ""
        if self._appointment.place is not None:
            came = await self._appointment.cancel()
            while came not in (Came.IN, Came.GIVEN_UP):
                await workflow.sleep(policies.ITEM_PAUSE)
                came = await self._appointment.cancel()
            if came is Came.GIVEN_UP:
                await self._book.write(Happened(name="booking.given_up", system="fieldboard"))
                return "the customer cancelled; the entry on the board was given up"
        await self._book.write(Happened(name="booking.cancelled"))
        await self._telling.cancelled()
        return "cancelled by the customer"

    async def _withdrawn(self) -> str:
        """Nothing more is keyed; an appointment that stands goes to a dispatcher, who undoes it or leaves it."""
        place, reason = self._appointment.place, self._withdrawal.reason
        if place is not None:
            why = f"{self._withdrawal.by} withdrew the booking: {reason}"
            stands = self._appointment
            await self._dispatching.undo(place, stands.confirmation, self._journal.done, why, stands.reference)
        return f"withdrawn: {reason}"

    # -- people: each handler holds the lock, reads the person anew, returns after the record is written --------------

    @workflow.update
    async def withdraw(self, act: WithdrawCase) -> Told:
        """Its starter takes the booking back: what no bot has begun stops."""
        async with self._lock:
            await self._withdrawal.ask(act, await verified(act, Action.START_WORK))
            self._wishes.withdraw()
        stands = self._appointment.place is not None
        keyed = "The appointment that stands goes to a dispatcher." if stands else "No appointment stands."
        return Told(message=f"Withdrawn. {keyed}")

    @workflow.update
    async def review_proposal(self, act: ReviewProposal) -> Told:
        """A person accepts or dismisses other content that arrived under the same reference."""
        async with self._lock:
            person = await verified(act, Action.REVIEW_BOOKING)
            found = await proposed(self._start.case_id, act)
            request = BookingRequest.model_validate(found.content)
            if act.accept and max(window.day for window in request.windows) <= workflow.now().date():
                raise wrong_state("Every day of this proposal is over; it can only be dismissed.")
            verdict = "accepted" if act.accept else "dismissed"
            reviewed = SubmissionReviewed(submission_id=act.submission_id, verdict=verdict, by=person.email)
            happened = Happened(name="submission.reviewed", actor=person.email, data={"verdict": verdict})
            case = {"customer_name": request.name} if act.accept else None
            await self._book.write(happened, case=case, reviewed=reviewed)
            if act.accept:
                self._follow(request)
        return Told(message=f"The proposed change is {verdict}.")

    def _follow(self, request: BookingRequest) -> None:
        """The accepted booking is planned from now on, and its customer hears of it once it stands."""
        settled = self._arranged == self._wishes.revision
        before = self._wishes.revision
        self._wishes.follow(request, self._appointment.place if settled else None)
        if self._wishes.revision != before:
            self._told = None

    @withdraw.validator
    def _may_withdraw(self, act: WithdrawCase) -> None:
        if self._closing:
            raise wrong_state("This case is closed.")
        self._withdrawal.check_open()

    @review_proposal.validator
    def _may_review(self, act: ReviewProposal) -> None:
        if self._closing:
            raise wrong_state("This case is closed.")
        if act.accept and self._wishes.over:
            raise wrong_state("This booking is cancelled or withdrawn; a change of it can only be dismissed.")

    # -- words from outside: noted at once, followed by the run -------------------------------------------------------

    @workflow.signal
    def went_on(self, _: dict[str, str] | None = None) -> None:
        """What an earlier run began has ended."""
        self._entries.taken_up.stir()
        self._handoff.taken_up.stir()

    @workflow.signal
    def rescheduled(self, word: Rescheduled) -> None:
        """The customer chose another time by the link."""
        self._wishes.hear(word)

    @workflow.signal
    def cancelled(self, word: Cancelled) -> None:
        """The customer wants nobody to come."""
        self._wishes.hear(word)

    @workflow.signal
    def handoff_moved(self, told: Moved) -> None:
        """The handoff was taken, put back or ended: the due time follows."""
        if told.state in (HandoffState.OFFERED, HandoffState.PICKED_UP):
            search.case_stage(Stage.WITH_DISPATCH, told.due_at)
