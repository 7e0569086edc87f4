"""What a service agent can decide: each resolution is a typed form, and says what it keys."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _dotted(amount: Any) -> Any:
    return amount.strip().replace(",", ".") if isinstance(amount, str) else amount


Cents = Annotated[
    Decimal,
    Field(gt=0, lt=100_000, max_digits=7, decimal_places=2),
    BeforeValidator(_dotted),
    AfterValidator(lambda amount: amount.quantize(Decimal("0.01"))),
]
"""An amount with at most two decimals, typed with a point or a comma."""
Reason = Literal["damage", "refusal", "carrier", "address", "absence", "access", "system"]


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
    postcode: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^\d{5}$"), Field(description="five digits")
    ]
    city: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Refund(Choice):
    """Give money back, within the limit of the person's role (`handoff/limits.py`)."""

    kind: Literal["refund"] = "refund"
    amount: Cents
    refund_reason: Reason
    currency: Literal["EUR"] = "EUR"


class ReturnToSender(Choice):
    """Send all of the order's parcels back."""

    kind: Literal["return_to_sender"] = "return_to_sender"
    return_reason: Reason
    carrier: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class CloseWithoutEntry(Choice):
    """Close the case; nothing is keyed and the customer is not written to. The note says why."""

    kind: Literal["close"] = "close"
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]


class BookSlot(Choice):
    """Give a booking this place on the board: one of the nearest ones, or one that was agreed on the phone."""

    kind: Literal["book_slot"] = "book_slot"
    day: date
    slot_code: Literal["1", "2", "3", "4"]
    technician: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^\d{3}$"), Field(description="three digits, as 104")
    ]


Keyed = Reschedule | CorrectAddress | Refund | ReturnToSender
"""What leads to an entry on the order desk."""
Decision = Keyed | BookSlot | CloseWithoutEntry
Resolution = Annotated[Decision, Field(discriminator="kind")]

MORE_BY_CAUSE: dict[str, tuple[str, ...]] = {
    "damage": ("refund",),
    "carrier": ("refund",),
    "refusal": ("refund", "return_to_sender"),
    "address": ("return_to_sender",),
}
"""What may be decided beside what the rule about the cause allows, as long as the order is not over."""

TITLES = {
    "reschedule": "Deliver on another day",
    "correct_address": "Correct the address",
    "refund": "Refund",
    "return_to_sender": "Return to sender",
    "book_slot": "Book a slot",
    "close": "Close without an entry",
}
