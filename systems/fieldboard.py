"""The dispatch board: who drives to which customer, on which day, in which two hours; screens only, no API."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import Field as Rule
from pydantic import StringConstraints, model_validator

from core.work_item import Kind
from systems.base import Entry, Operation, System
from systems.part import DataClass, Field, code
from systems.probe import Probe

SLOTS = {"1": "08:00 to 10:00", "2": "10:00 to 12:00", "3": "12:00 to 14:00", "4": "14:00 to 16:00"}
SKILLS = {"1": "white goods", "2": "heating", "3": "electrical", "4": "kitchen fitting"}

BOOKED = "10"
"""The status of a booking that stands; a cancelled one stays to be seen and holds no slot."""

LAG_SECONDS = 10.0
"""The board's search may find a booking so much later than the board says that it saved it."""

LONGEST_WINDOW = timedelta(days=62)
"""The board is read a week at a time: a longer window would be searched for minutes."""


def _listed(table: dict[str, str]) -> str:
    return ", ".join(f"{code} ({words})" for code, words in table.items())


def _text(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Reference = Annotated[str, _text(30), Rule(description="our own reference of the booking, as the case number")]
SlotCode = Annotated[str, Rule(pattern=r"^[1-4]$", description=_listed(SLOTS))]
SkillCode = Annotated[str, Rule(pattern=r"^[1-4]$", description=_listed(SKILLS))]
Technician = Annotated[str, Rule(pattern=r"^\d{3}$", description="the technician's three digits, as 104")]
Postcode = Annotated[str, Rule(pattern=r"^\d{5}$", description="five digits, as 28195")]


class OnBooking(Entry):
    """What is entered on a booking, and which place on the board it is about."""

    reference: Reference
    technician: Technician
    day: date
    slot_code: SlotCode

    def key(self) -> str:
        """The booking that it is about, by our own reference."""
        return self.reference


class Book(OnBooking):
    """Book a technician for a customer."""

    name: Annotated[str, _text(40)]
    street: Annotated[str, _text(40)]
    house_no: Annotated[str, _text(10)]
    postcode: Postcode
    city: Annotated[str, _text(30)]
    phone: Annotated[str, _text(24)]
    skill_code: SkillCode


class Move(OnBooking):
    """Move a booking to another slot, another technician, or both; the place is the new one."""


class CancelBooking(OnBooking):
    """Cancel a booking; the place is where it must stand, so that one that somebody moved stays."""


class SlotsWanted(Entry):
    """Which free slots are looked for: in which days, for what, where; `slot_codes` empty means any hour."""

    first: date
    last: date
    skill_code: SkillCode
    postcode: Annotated[str, Rule(pattern=r"^(\d{5})?$")] = ""
    slot_codes: tuple[SlotCode, ...] = ()

    def key(self) -> str:
        """What a bot that reads "slots" is asked for."""
        return self.model_dump_json()

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        if not timedelta() <= self.last - self.first <= LONGEST_WINDOW:
            raise ValueError(f"the last day must be within {LONGEST_WINDOW.days} days after the first")
        return self


class FreeSlot(Entry):
    """A slot that nobody has; the earliest comes first, and of equal ones the lowest technician."""

    day: date
    slot_code: str
    technician: str

    @property
    def order(self) -> tuple[date, str, str]:
        """What slots are sorted by."""
        return self.day, self.slot_code, self.technician


class FreeSlots(Entry):
    """What the board offered when it was read; somebody else may take one of them at any moment."""

    slots: tuple[FreeSlot, ...]


class Booking(Entry):
    """A booking that stands, as a bot read it; texts as the screen shows them."""

    booking_no: str
    status: str
    reference: str
    name: str
    street: str
    house_no: str
    postcode: str
    city: str
    phone: str
    technician: str
    day: str
    slot: str
    skill: str

    def image(self, operation: Operation) -> dict[str, str]:
        """The fields that `operation` touches, as they are now: its before-image."""
        seen = self.model_dump()
        return {field.name: str(seen[field.name]) for field in operation.fields}


def screen_date(day: date) -> str:
    """A date as the board writes it."""
    return day.strftime("%d.%m.%Y")


def _placed(entry: OnBooking) -> dict[str, str]:
    return {"technician": entry.technician, "day": screen_date(entry.day), "slot": entry.slot_code}


def _booked(entry: Book) -> dict[str, str]:
    typed = {name: getattr(entry, name) for name in ("name", "street", "house_no", "postcode", "city", "phone")}
    return {**typed, **_placed(entry), "skill": entry.skill_code}


_PLACE = (
    Field("technician", "Technician", code, holds=DataClass.PUBLIC),
    Field("day", "Day", holds=DataClass.PUBLIC),
    Field("slot", "Slot", code, holds=DataClass.PUBLIC),
)
BOOK = Operation(
    system="fieldboard",
    name="book",
    title="Book a technician",
    kind=Kind.CREATE,
    entry=Book,
    fields=(
        Field("name", "Name"),
        Field("street", "Street"),
        Field("house_no", "House no."),
        Field("postcode", "Postcode"),
        Field("city", "City"),
        Field("phone", "Phone"),
        *_PLACE,
        Field("skill", "Skill", code, holds=DataClass.PUBLIC),
    ),
    target=OnBooking.key,
    lag_seconds=LAG_SECONDS,
    image=_booked,
)
MOVE = Operation(
    system="fieldboard",
    name="move",
    title="Move the booking",
    kind=Kind.CHANGE,
    entry=Move,
    fields=_PLACE,
    target=OnBooking.key,
    lag_seconds=LAG_SECONDS,
    image=_placed,
)
CANCEL_BOOKING = Operation(
    system="fieldboard",
    name="cancel_booking",
    title="Cancel the booking",
    kind=Kind.REMOVE,
    entry=CancelBooking,
    fields=_PLACE,
    target=OnBooking.key,
    lag_seconds=LAG_SECONDS,
    image=_placed,
)

FIELDBOARD = System(
    name="fieldboard",
    title="Dispatch board",
    accounts=("disp01", "disp02", "disp03", "disp04"),
    operations={operation.name: operation for operation in (BOOK, MOVE, CANCEL_BOOKING)},
    settle_seconds=45,
    probe=Probe("/signin", expects="FIELDBOARD"),
)
