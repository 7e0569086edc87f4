"""The order desk: orders, their status and address; screens only, no API."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Rule

from core.work_item import Kind
from systems.base import Entry, Operation, System
from systems.part import DataClass, Field, Part, code, plain
from systems.probe import Probe

Trimmed = Annotated[str, StringConstraints(strip_whitespace=True)]
OrderNo = Annotated[Trimmed, Rule(pattern=r"^\d{7}$", description="seven digits, as 4700123")]
_WORDS = ("address", "absence", "access", "damage", "refusal", "carrier", "system")
REASONS = {word: str(code) for code, word in enumerate(_WORDS, 11)}
_CODES = ", ".join(f"{code} {word}" for word, code in REASONS.items())
ReasonCode = Annotated[str, Rule(pattern=r"^1[1-7]$", description=_CODES)]
ParcelNo = Annotated[Trimmed, Rule(pattern=r"^P-\d{4,10}$")]
Cents = Annotated[
    Decimal,
    Rule(gt=0, lt=1_000_000, max_digits=8, decimal_places=2),
    AfterValidator(lambda amount: amount.quantize(Decimal("0.01"))),
]
Short = Annotated[Trimmed, Rule(min_length=1, max_length=60)]

STATUS = {
    "10": "open",
    "20": "picked",
    "30": "out for delivery",
    "40": "delivered",
    "50": "delivery failed",
    "60": "new date set",
    "90": "cancelled",
}
OVER = frozenset({"40", "90"})
"""Statuses after which nothing more can be changed."""

LAG_SECONDS = 10.0
"""The order display may show a change so much later than the desk says that it saved it."""

WINDOWS = {"1": "08:00 to 12:00", "2": "12:00 to 16:00", "3": "16:00 to 20:00", "9": "any time"}
_WINDOWS = ", ".join(f"{code} ({words})" for code, words in WINDOWS.items())


def _each_once(parcels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(parcels)) < len(parcels):
        raise ValueError("each parcel is sent back once")
    return parcels


class OnOrder(Entry):
    """What is entered on an order."""

    order_no: OrderNo

    def key(self) -> str:
        """The record that it changes."""
        return self.order_no


class MarkFailedDelivery(OnOrder):
    """Put an order on hold because its delivery failed."""

    reason_code: ReasonCode
    attempt: int


class NewDeliveryDate(OnOrder):
    """Set a new delivery date and window for an order whose delivery failed."""

    delivery_date: date
    window_code: Annotated[str, Rule(pattern=r"^[1239]$", description=_WINDOWS)]


class CorrectAddress(OnOrder):
    """Replace an order's delivery address."""

    street: Short
    house_no: Annotated[Trimmed, Rule(min_length=1, max_length=10)]
    postcode: Annotated[Trimmed, Rule(pattern=r"^\d{5}$", description="five digits, as 28195")]
    city: Short


class Refund(OnOrder):
    """Give money back for an order; each refund adds one, whatever was refunded before."""

    amount: Cents
    currency: Literal["EUR"] = "EUR"
    reason_code: ReasonCode


class ReturnToSender(OnOrder):
    """Send an order's parcels back: a header, then a line for each parcel, each saved by itself."""

    reason_code: ReasonCode
    carrier: Annotated[Trimmed, Rule(min_length=1, max_length=20)]
    parcels: Annotated[
        tuple[ParcelNo, ...],
        Rule(min_length=1, max_length=5, description="one to five, as P-88112388, with spaces between"),
        AfterValidator(_each_once),
    ]


class RemoveBlock(OnOrder):
    """Take a delivery block off an order."""

    block_code: Literal["CR", "AD", "CU"]


def screen_date(day: date) -> str:
    """A date as the order desk writes it."""
    return day.strftime("%d.%m.%Y")


def screen_amount(amount: Decimal) -> str:
    """An amount as the order desk takes it: 12,50."""
    return f"{amount:.2f}".replace(".", ",")


def money(value: str) -> str:
    """An amount whatever stands between its thousands: '1.234,50' and '1234,50' are the same."""
    return plain(value).replace(".", "").replace(" ", "")


def _marked(entry: MarkFailedDelivery) -> dict[str, str]:
    return {"status": "50", "reason": entry.reason_code, "attempt": str(entry.attempt)}


def _dated(entry: NewDeliveryDate) -> dict[str, str]:
    return {
        "status": "60",
        "delivery_date": screen_date(entry.delivery_date),
        "window": entry.window_code,
    }


def _addressed(entry: CorrectAddress) -> dict[str, str]:
    return {"street": entry.street, "house_no": entry.house_no, "postcode": entry.postcode, "city": entry.city}


def _refunded(entry: Refund) -> dict[str, str]:
    return {"amount": screen_amount(entry.amount), "currency": entry.currency, "reason": entry.reason_code}


def _returned(entry: ReturnToSender) -> dict[str, str]:
    return {"reason": entry.reason_code, "carrier": entry.carrier, "parcels": ", ".join(entry.parcels)}


def _blocked(entry: RemoveBlock) -> dict[str, str]:
    return {"block": entry.block_code}


_REASON = Field("reason", "Reason code", code, holds=DataClass.PUBLIC)
_CARRIER = Field("carrier", "Carrier", holds=DataClass.PUBLIC)


def _return_parts(entry: ReturnToSender) -> tuple[Part, ...]:
    """The header, then each parcel: the desk saves a return one screen at a time."""
    head = {"reason": entry.reason_code, "carrier": entry.carrier}
    line = (Field("parcel", "Parcel", holds=DataClass.PUBLIC),)
    return (
        Part("header", "Return to sender", Kind.CREATE, (_REASON, _CARRIER), head),
        *(
            Part(f"line-{number}", f"Parcel {parcel} goes back", Kind.CREATE, line, {"parcel": parcel})
            for number, parcel in enumerate(entry.parcels, 1)
        ),
    )


MARK_FAILED_DELIVERY = Operation(
    system="orderdesk",
    name="mark_failed_delivery",
    title="Mark the order: delivery failed",
    kind=Kind.CHANGE,
    entry=MarkFailedDelivery,
    fields=(
        Field("status", "Status", code, holds=DataClass.PUBLIC),
        Field("reason", "Reason code", code, holds=DataClass.PUBLIC),
        Field("attempt", "Attempt", code, holds=DataClass.PUBLIC),
    ),
    target=OnOrder.key,
    lag_seconds=LAG_SECONDS,
    image=_marked,
)
RESCHEDULE = Operation(
    system="orderdesk",
    name="reschedule",
    title="Set a new delivery date",
    kind=Kind.CHANGE,
    entry=NewDeliveryDate,
    fields=(
        Field("status", "Status", code, holds=DataClass.PUBLIC),
        Field("delivery_date", "Delivery date", holds=DataClass.PUBLIC),
        Field("window", "Window", code, holds=DataClass.PUBLIC),
    ),
    target=OnOrder.key,
    lag_seconds=LAG_SECONDS,
    image=_dated,
)
CORRECT_ADDRESS = Operation(
    system="orderdesk",
    name="correct_address",
    title="Correct the delivery address",
    kind=Kind.CHANGE,
    entry=CorrectAddress,
    fields=(
        Field("street", "Street"),
        Field("house_no", "House no."),
        Field("postcode", "Postcode"),
        Field("city", "City"),
    ),
    target=OnOrder.key,
    lag_seconds=LAG_SECONDS,
    image=_addressed,
)

REFUND = Operation(
    system="orderdesk",
    name="refund",
    title="Refund",
    kind=Kind.AMOUNT,
    entry=Refund,
    fields=(
        Field("amount", "Amount", money, holds=DataClass.PUBLIC),
        Field("currency", "Currency", holds=DataClass.PUBLIC),
        _REASON,
    ),
    target=OnOrder.key,
    lag_seconds=LAG_SECONDS,
    image=_refunded,
)
RETURN_TO_SENDER = Operation(
    system="orderdesk",
    name="return_to_sender",
    title="Return to sender",
    kind=Kind.CREATE,
    entry=ReturnToSender,
    fields=(_REASON, _CARRIER, Field("parcels", "Parcels", holds=DataClass.PUBLIC)),
    target=OnOrder.key,
    lag_seconds=LAG_SECONDS,
    image=_returned,
    parts=_return_parts,
)
REMOVE_BLOCK = Operation(
    system="orderdesk",
    name="remove_block",
    title="Remove a delivery block",
    kind=Kind.REMOVE,
    entry=RemoveBlock,
    fields=(Field("block", "Delivery block", holds=DataClass.PUBLIC),),
    target=OnOrder.key,
    lag_seconds=LAG_SECONDS,
    image=_blocked,
)
_ALL = (MARK_FAILED_DELIVERY, RESCHEDULE, CORRECT_ADDRESS, REFUND, RETURN_TO_SENDER, REMOVE_BLOCK)

ORDERDESK = System(
    name="orderdesk",
    title="Order desk",
    accounts=tuple(f"bot{number:02d}" for number in range(1, 9)),
    operations={operation.name: operation for operation in _ALL},
    settle_seconds=45,
    probe=Probe("/signin", expects="ORDERDESK"),
)


class Order(Entry):
    """An order as a bot read it; texts as the screen shows them."""

    order_no: str
    customer_no: str
    name: str
    street: str
    house_no: str
    postcode: str
    city: str
    phone: str
    email: str
    tier: str
    status: str
    reason: str
    attempt: str
    parcels: tuple[str, ...]
    delivery_date: str
    window: str
    remarks: str = ""

    def image(self, operation: Operation) -> dict[str, str]:
        """The fields that `operation` touches, as they are now: its before-image."""
        seen = self.model_dump()
        return {field.name: str(seen[field.name]) for field in operation.fields}

    @property
    def over(self) -> bool:
        """Delivered or cancelled: nothing more can be keyed."""
        return self.status in OVER
