"""The forms of the booking window: their fields, what may stand in them, and what a save writes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from demo.fieldboard import codes, technicians
from demo.store import Row

Typed = dict[str, str]


class InvalidFieldError(Exception):
    """A typed value the board does not take; the message is the field's caption."""


@dataclass(frozen=True)
class Field:
    """One line of a form."""

    name: str
    caption: str
    size: int
    hint: str = ""


@dataclass(frozen=True)
class Form:
    """One form of the booking window: `read` turns typed text into what is written, or raises InvalidFieldError.

    `operation` is the ledger's word, `op` the one of the list of changes, `asks` the question before it is sent.
    """

    number: str
    path: str
    title: str
    op: str
    operation: str
    asks: str
    fields: tuple[Field, ...]
    read: Callable[[Typed], Row]

    def stored(self, booking: Row) -> Typed:
        """What the fields show when the form opens."""
        return {field.name: str(booking.get(field.name, "")) for field in self.fields}


def day_of(text: str) -> date:
    """A day as it is typed: 24.11.2026. Raises InvalidFieldError."""
    if not re.fullmatch(r"\d\d\.\d\d\.\d{4}", text, re.ASCII):
        raise InvalidFieldError("Day")
    try:
        return date(*(int(part) for part in reversed(text.split("."))))
    except ValueError:
        raise InvalidFieldError("Day") from None


def _read_place(typed: Typed) -> Row:
    if typed["technician"] not in technicians.ALL:
        raise InvalidFieldError("Technician")
    day_of(typed["day"])
    if typed["slot"] not in codes.SLOTS:
        raise InvalidFieldError("Slot")
    return {name: typed[name] for name in ("technician", "day", "slot")}


def _read_booking(typed: Typed) -> Row:
    for field in BOOKING.fields:
        if not typed[field.name]:
            raise InvalidFieldError(field.caption)
    if not re.fullmatch(r"\d{5}", typed["postcode"], re.ASCII):
        raise InvalidFieldError("Postcode")
    if typed["skill"] not in codes.SKILLS:
        raise InvalidFieldError("Skill")
    return {**{field.name: typed[field.name] for field in BOOKING.fields}, **_read_place(typed)}


def _list(table: dict[str, str]) -> str:
    return ", ".join(f"{code} {text}" for code, text in table.items())


_PLACE = (
    Field("technician", "Technician", 3, "as 104"),
    Field("day", "Day", 10, "dd.mm.yyyy"),
    Field("slot", "Slot", 1, _list(codes.SLOTS)),
)
BOOKING = Form(
    "F20", "new", "NEW BOOKING", "BOOK", "book", "Save this booking?",
    (
        Field("reference", "Reference", 30, "yours"),
        Field("name", "Name", 40),
        Field("street", "Street", 40),
        Field("house_no", "House no.", 10),
        Field("postcode", "Postcode", 5, "5 digits"),
        Field("city", "City", 30),
        Field("phone", "Phone", 24),
        *_PLACE,
        Field("skill", "Skill", 1, _list(codes.SKILLS)),
    ),
    _read_booking,
)  # fmt: skip
MOVE = Form("F31", "move", "MOVE BOOKING", "MOVE", "move", "Move booking {}?", _PLACE, _read_place)
CANCEL = Form(
    "F32", "cancel", "CANCEL BOOKING", "CANC", "cancel_booking", "Cancel booking {}?", (),
    lambda _: {"status": codes.CANCELLED},
)  # fmt: skip
CHANGES = {form.path: form for form in (MOVE, CANCEL)}
ALL = {form.path: form for form in (BOOKING, MOVE, CANCEL)}
