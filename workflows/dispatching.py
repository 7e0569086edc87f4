"""A booking for which software finds no place: a dispatcher gets it with the nearest ones, and chooses or closes."""

import asyncio
from collections.abc import Callable

from temporalio import workflow

from activities.decide import SlotChoice
from core.case import Stage
from handoff.booking import BookingRequest, Place, Window, spoken_day, spoken_hours
from handoff.packet import Customer, Done, Packet
from handoff.resolution import BookSlot
from handoff.states import HandoffState
from workflows import search
from workflows.booking_acts import Wishes
from workflows.handing_over import HandingOver
from workflows.handoff_acts import HandoffEnd
from workflows.packets import for_withdrawn

QUEUE = "dispatch"
LATER = "Something else is wanted by now."


class Dispatching:
    """Asks a dispatcher about one booking. `outdated` says whether something else is wanted by now."""

    def __init__(self, handoff: HandingOver, wishes: Wishes, case_number: str, outdated: Callable[[], bool]) -> None:
        self._handoff = handoff
        self._wishes = wishes
        self._number = case_number
        self._outdated = outdated

    async def undo(self, place: Place, confirmation: str, done: list[Done], why: str, reference: str) -> None:
        """A dispatcher gets what stands of a booking that was taken back, until somebody has looked."""
        search.case_stage(Stage.WITH_DISPATCH)
        choice, wished = SlotChoice(rule="no_slot", reason=""), _wished(self._wishes.request, self._wishes.windows)
        packet = self._packet(choice, place, done, reference)
        booked = Done(what=f"Booked: {place.spoken()}", by="bot", at=workflow.now(), reference=confirmation)
        packet = for_withdrawn(packet.model_copy(update={"cause_reason": "", "happened": wished}), [booked])
        again = why
        while (await self._offer(packet, again)).state is HandoffState.RETURNED:
            again = f"{why}. It was returned, and somebody still has to look."

    async def ask(
        self, choice: SlotChoice, why: str, standing: Place | None, done: list[Done], reference: str
    ) -> HandoffEnd:
        """How a dispatcher decided; a handoff that ended withdrawn when something else was wanted meanwhile."""
        search.case_stage(Stage.WITH_DISPATCH)
        packet = self._packet(choice, standing, done, reference)
        while True:
            asked = asyncio.create_task(self._offer(packet, why))
            await workflow.wait_condition(self._settled(asked))
            if not asked.done():
                await self._handoff.withdraw(LATER)
            ended = await asked
            if ended.state is not HandoffState.RETURNED:
                return ended
            why = f"It was returned ({ended.reason}), and still waits for a slot."

    def _packet(self, choice: SlotChoice, standing: Place | None, done: list[Done], reference: str) -> Packet:
        """Also under what the board knows the booking, so that it can be looked up there."""
        packet = packet_for(self._number, self._wishes.request, self._wishes.windows, choice, standing, done)
        return packet.model_copy(update={"order": {**packet.order, "board_reference": reference}})

    async def _offer(self, packet: Packet, why: str) -> HandoffEnd:
        return await self._handoff.offer(packet, why, kind="dispatch", queue=QUEUE)

    def _settled(self, asked: asyncio.Task[HandoffEnd]) -> Callable[[], bool]:
        return lambda: asked.done() or (self._outdated() and self._handoff.open)


def packet_for(
    number: str,
    request: BookingRequest,
    windows: tuple[Window, ...],
    choice: SlotChoice,
    standing: Place | None,
    done: list[Done],
) -> Packet:
    """Everything that a dispatcher needs to choose without asking the customer again."""
    return Packet(
        case_number=number,
        happened=_happened(request, windows),
        cause_reason=f"{choice.reason} (rule {choice.rule}, version {choice.version})",
        customer=Customer(
            name=request.name, phone=request.phone, email=request.email, contact_preference=request.contact_preference
        ),
        order={
            **request.model_dump(mode="json", include={"street", "house_no", "postcode", "city", "skill", "reference"}),
            "request": request.model_dump(mode="json"),
            "windows": [window.model_dump(mode="json") for window in windows],
            "alternatives": [place.model_dump(mode="json") for place in choice.alternatives],
            "standing": standing.model_dump(mode="json") if standing else None,
        },
        promised=f"Appointment on {standing.spoken()}" if standing else "",
        done=tuple(done),
        next_best_step="Choose one of the nearest slots, or call the customer and agree on another."
        if choice.alternatives
        else "Nothing is free around the wishes: call the customer and agree on another day.",
        allowed=("book_slot", "close"),
    )


def place_of(resolution: BookSlot) -> Place:
    """The place that a dispatcher chose."""
    return Place(day=resolution.day, slot=resolution.slot_code, technician=resolution.technician)


def _happened(request: BookingRequest, windows: tuple[Window, ...]) -> str:
    note = f" Note: {request.note.rstrip('.')}." if request.note else ""
    return f"{_wished(request, windows)} No slot is free then.{note}"


def _wished(request: BookingRequest, windows: tuple[Window, ...]) -> str:
    wishes = "; ".join(f"{spoken_day(window.day)}, {spoken_hours(window.slot)}" for window in windows)
    return f"{request.name} would like somebody to come: {wishes}."
