"""A booking that was begun anew: what was wished, what stands on the board, who was asked, what the customer heard."""

import contextlib

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.recovery import Past, PastEvent, PastHandoff
from core.work_item import FINAL
from handoff.booking import Place
from workflows.appointment import Appointment
from workflows.book import Book
from workflows.booking_acts import BookingStart, Cancelled, Rescheduled, Wishes
from workflows.booking_telling import BookingTelling
from workflows.entries import Entries
from workflows.handing_over import HandingOver
from workflows.recovered import look_back, since
from workflows.withdrawal import Withdrawal

MOOT = "Something else is wanted by now."


class BookingAgain:
    """What a booking's new run goes by; for one that was never begun anew it stays empty.

    `asked`: its last handoff is open, or what came of it is not carried out. `arranged`: the newest wish stands on the
    board. `told`: of which place the customer knows.
    """

    def __init__(self, start: BookingStart, entries: Entries, handoff: HandingOver, wishes: Wishes) -> None:
        self._start = start
        self._entries = entries
        self._handoff = handoff
        self._wishes = wishes
        self.asked = False
        self.arranged = False
        self.told: Place | None = None

    async def look_back(
        self, book: Book, appointment: Appointment, telling: BookingTelling, withdrawal: Withdrawal
    ) -> None:
        """Learn what was done; an entry on its way comes to its end first."""
        past = await look_back(self._start.case_id)
        prefix = f"{self._start.case_number}/"
        steps = {name.removeprefix(prefix): one for name, one in past.items.items() if name.startswith(prefix)}
        self._entries.remember({name: one.intent for name, one in past.items.items()})
        self._hear(past, withdrawal)
        for step, one in steps.items():
            if one.state not in FINAL:
                await self._entries.ended(step)
        if steps:  # once more: what was on its way has ended
            past = await look_back(self._start.case_id)
            steps = {name.removeprefix(prefix): one for name, one in past.items.items() if name.startswith(prefix)}
        gone = sum(one.name == "booking.vanished" for one in past.events)
        await appointment.remember(steps, gone)
        stands = self._stands(past, appointment.place)
        await telling.remember([one for one in past.notices if one.startswith(f"{prefix}notice#")], past.waiting)
        if stands is not None and past.mailed_at is not None and past.mailed_at >= stands.at:
            self.told = appointment.place
        await self._ask(past, stands)

    def _hear(self, past: Past, withdrawal: Withdrawal) -> None:
        """What was wished, in its order; the newest counts."""
        for word in past.signals:
            if word.name == "rescheduled":
                self._wishes.hear(Rescheduled.model_validate(word.argument))
            elif word.name == "cancelled":
                self._wishes.hear(Cancelled.model_validate(word.argument))
        withdrawn = [one for one in past.events if one.name == "case.withdrawn"]
        if withdrawn:
            withdrawal.remember(withdrawn[-1].data["reason"], withdrawn[-1].actor)
            self._wishes.withdraw()

    def _stands(self, past: Past, place: Place | None) -> PastEvent | None:
        """When the newest wish was arranged, as far as it still stands."""
        stands = [one for one in past.events if one.name == "booking.stands"]
        if not stands or place is None or Place.model_validate(stands[-1].data) != place:
            return None
        self.arranged = all(word.at <= stands[-1].at for word in past.signals)
        return stands[-1]

    async def _ask(self, past: Past, stands: PastEvent | None) -> None:
        """Whether a dispatcher is still asked; one who was asked about an older wish is asked no more."""
        handoffs, before = since(past)
        self._handoff.remember(handoffs)
        self._handoff.number = before + 1 if handoffs else 0
        last = handoffs[-1] if handoffs else None
        if last is None or (stands is not None and stands.at >= last.offered_at):
            return
        if self._wishes.over or any(word.at > last.offered_at for word in past.signals):
            await _withdraw(last)
        else:
            self.asked, self._handoff.number = True, before


async def _withdraw(last: PastHandoff) -> None:
    if last.end is None:
        with contextlib.suppress(ApplicationError):  # it has ended by itself
            handle = workflow.get_external_workflow_handle(f"handoff/{last.start['id']}")
            await handle.signal("withdraw", MOOT)
