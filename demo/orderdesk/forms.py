"""The three change screens: their fields, what may stand in them, and what a save writes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from demo.orderdesk import codes
from demo.store import Row

Typed = dict[str, str]


class InvalidFieldError(Exception):
    """A typed value the order desk does not take; the message is the field's caption."""


@dataclass(frozen=True)
class Field:
    """One line of a change screen. `column` is where its stored value comes from."""

    name: str
    caption: str
    column: str
    size: int
    hint: str = ""


@dataclass(frozen=True)
class Screen:
    """One change screen: `read` turns typed text into columns or raises InvalidFieldError."""

    number: str
    path: str
    title: str
    op: str
    fields: tuple[Field, ...]
    read: Callable[[Typed], dict[str, Any]]

    def stored(self, order: Row) -> Typed:
        """What the fields show when the screen opens."""
        return {field.name: str(order[field.column]) for field in self.fields}


def _read_failure(typed: Typed) -> dict[str, Any]:
    if typed["status"] not in codes.FAILURE_STATUS:
        raise InvalidFieldError("Status")
    needs_reason = typed["status"] == "50"
    if typed["reason"] not in codes.REASON and (needs_reason or typed["reason"]):
        raise InvalidFieldError("Reason code")
    if not re.fullmatch("[1-9]", typed["attempt"]):
        raise InvalidFieldError("Attempt")
    return {"status": typed["status"], "reason": typed["reason"], "attempt": int(typed["attempt"])}


def _read_date(typed: Typed) -> dict[str, Any]:
    if not re.fullmatch(r"\d\d\.\d\d\.\d{4}", typed["date"], re.ASCII):
        raise InvalidFieldError("Delivery date")
    try:
        date(*(int(part) for part in reversed(typed["date"].split("."))))
    except ValueError:
        raise InvalidFieldError("Delivery date") from None
    if typed["window"] not in codes.WINDOW:
        raise InvalidFieldError("Time window")
    return {"status": "60", "delivery_date": typed["date"], "window": typed["window"]}


def _read_address(typed: Typed) -> dict[str, Any]:
    for name, caption in (("street", "Street"), ("house_no", "House no."), ("city", "City")):
        if not typed[name]:
            raise InvalidFieldError(caption)
    if not re.fullmatch(r"\d{5}", typed["postcode"], re.ASCII):
        raise InvalidFieldError("Postcode")
    return {name: typed[name] for name in ("street", "house_no", "postcode", "city")}


def _list(table: dict[str, str], keys: tuple[str, ...] | None = None) -> str:
    return ", ".join(f"{code} {text}" for code, text in table.items() if keys is None or code in keys)


FAILURE = Screen(
    "S31", "failure", "DELIVERY FAILURE", "FAIL",
    (
        Field("status", "Status", "status", 2, _list(codes.STATUS, codes.FAILURE_STATUS)),
        Field("reason", "Reason code", "reason", 2, _list(codes.REASON)),
        Field("attempt", "Attempt", "attempt", 1, "1 to 9"),
    ),
    _read_failure,
)  # fmt: skip
DATE = Screen(
    "S32", "date", "NEW DELIVERY DATE", "DATE",
    (
        Field("date", "Delivery date", "delivery_date", 10, "dd.mm.yyyy"),
        Field("window", "Time window", "window", 1, _list(codes.WINDOW)),
    ),
    _read_date,
)  # fmt: skip
ADDRESS = Screen(
    "S33", "address", "DELIVERY ADDRESS", "ADDR",
    (
        Field("street", "Street", "street", 30),
        Field("house_no", "House no.", "house_no", 6),
        Field("postcode", "Postcode", "postcode", 5, "5 digits"),
        Field("city", "City", "city", 25),
    ),
    _read_address,
)  # fmt: skip
SCREENS = {screen.path: screen for screen in (FAILURE, DATE, ADDRESS)}
