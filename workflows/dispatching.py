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
from workflows.handing_over import HandingOver
from workflows.handoff_acts import HandoffEnd

QUEUE = "dispatch"
LATER = "The customer has chosen something else meanwhile."


class Dispatching:
    """Asks a dispatcher about one booking."""

    def __init__(self, handoff: HandingOver, request: BookingRequest, case_number: str) -> None:
        self._handoff = handoff
        self._request = request
        self._number = case_number

    async def ask(
        self, windows: tuple[Window, ...], choice: SlotChoice, why: str, standing: Place | None, done: list[Done],
        outdated: Callable[[], bool],
    ) -> HandoffEnd:  # fmt: skip
        """How a dispatcher decided; a handoff that ended withdrawn when the customer was quicker."""
        search.case_stage(Stage.WITH_DISPATCH)
        packet = packet_for(self._number, self._request, windows, choice, standing, done)
        while True:
            asked = asyncio.create_task(self._handoff.offer(packet, why, kind="dispatch", queue=QUEUE))
            await workflow.wait_condition(self._settled(asked, outdated))
            if not asked.done():
                await self._handoff.withdraw(LATER)
            ended = await asked
            if ended.state is not HandoffState.RETURNED:
                return ended
            why = f"It was returned ({ended.reason}), and still waits for a slot."

    def _settled(self, asked: asyncio.Task[HandoffEnd], outdated: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: asked.done() or (outdated() and self._handoff.open)


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
    wishes = "; ".join(f"{spoken_day(window.day)}, {spoken_hours(window.slot)}" for window in windows)
    note = f" Note: {request.note.rstrip('.')}." if request.note else ""
    return f"{request.name} would like somebody to come: {wishes}. No slot is free then.{note}"
