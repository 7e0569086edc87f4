"""The order desk: orders, their status and address; screens only, no API."""

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from core.work_item import Kind
from systems.base import Entry, Operation, System
from systems.part import DataClass, Field, code

OrderNo = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{7}$")]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]

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

REASONS = {
    "address": "11",
    "absence": "12",
    "access": "13",
    "damage": "14",
    "refusal": "15",
    "carrier": "16",
    "system": "17",
}
WINDOWS = {"1": "08:00 to 12:00", "2": "12:00 to 16:00", "3": "16:00 to 20:00", "9": "any time"}


class MarkFailedDelivery(Entry):
    """Put an order on hold because its delivery failed."""

    order_no: OrderNo
    reason_code: Annotated[str, StringConstraints(pattern=r"^1[1-7]$")]
    attempt: int


class NewDeliveryDate(Entry):
    """Set a new delivery date and window for an order whose delivery failed."""

    order_no: OrderNo
    delivery_date: date
    window_code: Annotated[str, StringConstraints(pattern=r"^[1239]$")]


class CorrectAddress(Entry):
    """Replace an order's delivery address."""

    order_no: OrderNo
    street: Short
    house_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]
    postcode: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{5}$")]
    city: Short


def screen_date(day: date) -> str:
    """A date as the order desk writes it."""
    return day.strftime("%d.%m.%Y")


def _order(entry: MarkFailedDelivery | NewDeliveryDate | CorrectAddress) -> str:
    return entry.order_no


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
    target=_order,
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
    target=_order,
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
    target=_order,
    image=_addressed,
)

ORDERDESK = System(
    name="orderdesk",
    title="Order desk",
    accounts=tuple(f"bot{number:02d}" for number in range(1, 9)),
    operations={operation.name: operation for operation in (MARK_FAILED_DELIVERY, RESCHEDULE, CORRECT_ADDRESS)},
    settle_seconds=45,
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
