"""What a service agent can decide: each resolution is a typed form, and says what it keys."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Choice(BaseModel):
    """Base of the resolutions; `note` is for colleagues and never leaves the house."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class Reschedule(Choice):
    """Deliver again on another day."""

    kind: Literal["reschedule"] = "reschedule"
    delivery_date: date
    window_code: Literal["1", "2", "3", "9"] = "9"


class CorrectAddress(Choice):
    """Deliver to a corrected address."""

    kind: Literal["correct_address"] = "correct_address"
    street: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    house_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]
    postcode: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{5}$")]
    city: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class CloseWithoutEntry(Choice):
    """Close the case; nothing is keyed and the customer is not written to. The note says why."""

    kind: Literal["close"] = "close"
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]


Resolution = Annotated[Reschedule | CorrectAddress | CloseWithoutEntry, Field(discriminator="kind")]

TITLES = {
    "reschedule": "Deliver on another day",
    "correct_address": "Correct the address",
    "close": "Close without an entry",
}
