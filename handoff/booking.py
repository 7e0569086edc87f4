"""A customer's booking: one schema for form and API, and the places on the board that come of it."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

JOURNEY = "booking-dispatch"
CASE_PREFIX = "BK"
ZONE = ZoneInfo("Europe/Berlin")
"""Where the technicians drive: a slot's hours are meant there."""
HOURS = {"1": (8, 10), "2": (10, 12), "3": (12, 14), "4": (14, 16)}
"""From when to when a slot of the board lasts."""
ANY = "any"
APART = timedelta(days=28)
"""The windows of one booking lie so close together, or reading the board for them takes minutes."""

Slot = Literal["1", "2", "3", "4", "any"]
Skill = Literal["1", "2", "3", "4"]


def _none(value: object) -> object:
    return None if value == "" else value


def _text(longest: int, shortest: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


Later = Annotated[date | None, BeforeValidator(_none)]


class Window(BaseModel):
    """When the customer would like somebody to come: a day, and one of its slots or any."""

    model_config = ConfigDict(frozen=True)

    day: date
    slot: Slot = "any"


class Place(BaseModel):
    """A place on the board: who comes, on which day, in which slot."""

    model_config = ConfigDict(frozen=True)

    day: date
    slot: str
    technician: str

    def fits(self, window: Window) -> bool:
        """Whether it lies in that window."""
        return self.day == window.day and window.slot in (ANY, self.slot)

    @property
    def window(self) -> Window:
        """The window that is this place alone."""
        return Window.model_validate({"day": self.day, "slot": self.slot})

    @property
    def ends_at(self) -> datetime:
        """When the appointment is over."""
        return datetime.combine(self.day, time(HOURS[self.slot][1]), ZONE).astimezone(UTC)

    def spoken(self) -> str:
        """Day and hours, as customers read them."""
        return f"{spoken_day(self.day)}, {spoken_hours(self.slot)}"


class BookingRequest(BaseModel):
    """What a customer wants done at their place, and when; limits as the dispatch board has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, _text(40), Field(title="Customer", description="As it is to stand on the board.")]
    phone: Annotated[
        str,
        StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 /()-]{4,22}$"),
        Field(title="Phone", description="For the technician on the way.", examples=["0421 555 0123"]),
    ]
    email: Annotated[
        str,
        StringConstraints(strip_whitespace=True, pattern=r"^([^@\s,;<>]{1,80}@[^@\s,;<>]{1,80})?$"),
        Field(title="E-mail", description="The appointment and the link to change it go there."),
    ] = ""
    street: Annotated[str, _text(40), Field(title="Street")]
    house_no: Annotated[str, _text(10), Field(title="House number")]
    postcode: Annotated[
        str,
        StringConstraints(strip_whitespace=True, pattern=r"^\d{5}$"),
        Field(title="Postcode", description="Five digits.", examples=["28195"]),
    ]
    city: Annotated[str, _text(30), Field(title="City")]
    skill: Annotated[Skill, Field(title="What is to be done", description="Which skill the technician needs.")]
    day_1: Annotated[date, Field(title="First choice", description="The day the customer would like best.")]
    slot_1: Annotated[Slot, Field(title="Time")] = "any"
    day_2: Annotated[Later, Field(title="Second choice")] = None
    slot_2: Annotated[Slot, Field(title="Time of the second choice")] = "any"
    day_3: Annotated[Later, Field(title="Third choice")] = None
    slot_3: Annotated[Slot, Field(title="Time of the third choice")] = "any"
    contact_preference: Annotated[
        Literal["mail", "phone", "none"],
        Field(title="Customer prefers", description="How the customer wants to be told."),
    ] = "mail"
    note: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=500),
        Field(title="Note", description="Anything that helps who finds a slot."),
    ] = ""
    reference: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=40),
        Field(title="External reference", description="Your own number for it; the same one twice is one case."),
    ] = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        days = [window.day for window in self.windows]
        if max(days) - min(days) > APART:
            raise ValueError(f"the days must lie within {APART.days} days of each other")
        if self.contact_preference == "mail" and not self.email:
            raise ValueError("a customer who wants mails needs an e-mail address")
        return self

    @property
    def windows(self) -> tuple[Window, ...]:
        """What the customer would like, the best first."""
        wished = ((self.day_1, self.slot_1), (self.day_2, self.slot_2), (self.day_3, self.slot_3))
        return tuple(dict.fromkeys(Window(day=day, slot=slot) for day, slot in wished if day is not None))

    @property
    def business_key(self) -> str:
        """What happened: the same key twice is one case. Without a reference it is all that was said."""
        if self.reference:
            return f"reference/{self.reference.casefold()}"
        return f"content/{hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]}"

    @property
    def subject_key(self) -> str:
        """Whom it is about: bookings for the same door are shown beside each other."""
        return f"{self.postcode}/{self.street}/{self.house_no}/{self.name}".casefold()


def spoken_day(day: date) -> str:
    """A day as customers read it."""
    return f"{day.strftime('%A')}, {day.day} {day.strftime('%B %Y')}"


def spoken_hours(slot: str) -> str:
    """The hours of a slot as customers read them."""
    if slot == ANY:
        return "any time"
    begins, ends = HOURS[slot]
    return f"between {begins} and {ends} o'clock"
