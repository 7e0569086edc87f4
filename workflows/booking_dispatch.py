"""Booking to dispatch: a slot is found and booked, or a dispatcher finds one; until it is over it may be changed."""

import contextlib

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.decide import SlotChoice
from core.case import Stage, WaitsFor
from handoff.booking import JOURNEY, Place
from handoff.resolution import BookSlot
from handoff.states import HandoffState
from workflows import policies, search
from workflows.appointment import Appointment, Came
from workflows.book import Book, Happened, at_stage, waiting
from workflows.booking_acts import BookingEnd, BookingStart, Cancelled, Rescheduled, Wishes
from workflows.booking_telling import BookingTelling
from workflows.dispatching import Dispatching, place_of
from workflows.entries import Entries
from workflows.handing_over import HandingOver
from workflows.handoff_acts import Moved
from workflows.journal import Journal
from workflows.slots import Slots

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
        handoff = HandingOver(self._book, start.case_id, number, JOURNEY, Stage.WITH_DISPATCH)
        self._slots = Slots(self._book, start.report)
        self._appointment = Appointment(self._book, entries, start.report, number, self._outdated)
        self._telling = BookingTelling(self._book, number, start.report, self._outdated)
        self._dispatching = Dispatching(handoff, start.report, number)
        self._planned = 0
        """The revision that is being arranged, or was last."""

    @workflow.run
    async def run(self, start: BookingStart) -> BookingEnd:
        """The journey, from the booking to the closed case."""
        self._journal.note("Booking taken", start.submitted_by)
        search.case_stage(Stage.FINDING)
        case = {**at_stage(Stage.FINDING, "looking for a free slot"), "customer_name": start.report.name}
        await self._book.write(Happened(name="case.started"), case=case)
        await self._telling.make_link()
        outcome = await self._travel()
        search.case_stage(Stage.CLOSED)
        closed = {"outcome": outcome, "closed_at": workflow.now(), "due_at": None}
        await self._book.write(
            Happened(name="case.closed", data={"outcome": outcome}), case={**at_stage(Stage.CLOSED, ""), **closed}
        )
        return BookingEnd(outcome=outcome, place=self._appointment.place)

    def _outdated(self) -> bool:
        return self._wishes.revision != self._planned

    async def _travel(self) -> str:
        while True:
            if self._outdated():
                self._planned, self._gone, self._came = self._wishes.revision, 0, Came.IN
            if self._wishes.cancelled:
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
            ended = await self._dispatching.ask(self._wishes.windows, choice, why, standing, done, self._outdated)
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
        """Nothing stands any more when this returns, and the customer knows."""
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

    # -- words from outside: noted at once, followed by the run -------------------------------------------------------

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
