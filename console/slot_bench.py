"""The desk's part for bookings: the nearest slots to choose from, what the bot keys, and what the customer reads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from console.forms import FieldError, Input
from handoff import booking_messages
from handoff.booking import BookingRequest, Place
from handoff.messages import Message
from handoff.packet import Packet
from handoff.resolution import BookSlot
from systems.base import Entry, Operation
from systems.fieldboard import BOOK, MOVE, SKILLS, SLOTS
from workflows.booking_entry import entry_for, to_move

FIELDS = {"day": "Another day", "slot_code": "Time", "technician": "Technician"}
NEAREST = "nearest"
OTHER = ""
LINK = "(the customer's own link to change or cancel it)"


def fields(drawn: Sequence[Input], packet: Packet, chosen: str | None) -> list[Input]:
    """The fields of a slot: one of the nearest, or what was agreed otherwise."""
    free = [Place.model_validate(one) for one in packet.order.get("alternatives", ())]
    options = (
        (OTHER, "Another one, typed below"),
        *((_key(one), _short(one)) for one in free),
    )
    first = _key(free[0]) if free else OTHER
    value = first if chosen is None else chosen
    nearest = Input(NEAREST, "Nearest free slots", "choice", value, required=False, options=options)
    return [nearest, *(_dressed(one) for one in drawn)]


def filled(values: Mapping[str, str]) -> dict[str, str]:
    """What was typed, with the chosen one of the nearest slots in its fields."""
    day, slot, technician = (*values.get(NEAREST, "").split("/"), "", "", "")[:3]
    chosen = {"day": day, "slot_code": slot, "technician": technician} if technician else {}
    return {**values, **chosen}


def errors_of(made: BookSlot, today: date) -> tuple[FieldError, ...]:
    """What is wrong with a slot beyond its form."""
    return () if made.day > today else (FieldError(field="day", message="Tomorrow or later, please."),)


def message(made: BookSlot, packet: Packet) -> Message:
    """What the customer will read; only the link is made for them alone."""
    name, number = packet.customer.name, packet.case_number
    return booking_messages.booked(_place(made), name=name, link=LINK, case_number=number)


def keys(made: BookSlot, packet: Packet) -> tuple[Operation, Entry]:
    """What the bot will key: a new booking, or the one that stands moved."""
    if packet.order.get("standing"):
        return MOVE, to_move(_place(made), packet.case_number)
    request = BookingRequest.model_validate(packet.order["request"])
    return BOOK, entry_for(request, _place(made), packet.case_number)


def meanings() -> dict[str, Mapping[str, str]]:
    """What the board's codes mean."""
    return {"slot": SLOTS, "skill": SKILLS}


def _place(made: BookSlot) -> Place:
    return Place(day=made.day, slot=made.slot_code, technician=made.technician)


def _key(place: Place) -> str:
    return f"{place.day}/{place.slot}/{place.technician}"


def _short(place: Place) -> str:
    return f"{place.day:%a} {place.day.day} {place.day:%b}, {SLOTS[place.slot]}, {place.technician}"


def _dressed(field: Input) -> Input:
    changed: dict[str, Any] = {"label": FIELDS[field.name], "required": False}
    if field.name == "day":
        changed["kind"] = "date"
    if field.name == "slot_code":
        changed["options"] = tuple(SLOTS.items())
    return replace(field, **changed)
