"""The change screens: their fields, what may stand in them, and what a save writes."""

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
    """One line of a change screen. `column` is where its stored value comes from; it starts empty without one."""

    name: str
    caption: str
    column: str
    size: int
    hint: str = ""


@dataclass(frozen=True)
class Screen:
    """One change screen: `read` turns typed text into what is written, or raises InvalidFieldError.

    `operation` is the ledger's word. `record` is what a save adds to the order's lists (nothing: it changes the order
    itself), `prefix` begins that record's number, `closed` are the statuses that refuse it.
    """

    number: str
    path: str
    title: str
    op: str
    operation: str
    fields: tuple[Field, ...]
    read: Callable[[Typed], dict[str, Any]]
    record: str = ""
    prefix: str = ""
    closed: tuple[str, ...] = codes.CLOSED_STATUS

    def stored(self, order: Row) -> Typed:
        """What the fields show when the screen opens."""
        return {field.name: str(order[field.column]) if field.column else "" for field in self.fields}


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


def _read_refund(typed: Typed) -> dict[str, Any]:
    if not re.fullmatch(r"[1-9]\d{0,5},\d\d|0,(0[1-9]|[1-9]\d)", typed["amount"], re.ASCII):
        raise InvalidFieldError("Amount")
    if typed["currency"] != "EUR":
        raise InvalidFieldError("Currency")
    if typed["reason"] not in codes.REASON:
        raise InvalidFieldError("Reason code")
    return {name: typed[name] for name in ("amount", "currency", "reason")}


def _read_return(typed: Typed) -> dict[str, Any]:
    if typed["reason"] not in codes.REASON:
        raise InvalidFieldError("Reason code")
    if not typed["carrier"]:
        raise InvalidFieldError("Carrier")
    return {name: typed[name] for name in ("reason", "carrier")}


def _read_line(typed: Typed) -> dict[str, Any]:
    if not re.fullmatch(r"P-\d{4,10}", typed["parcel"], re.ASCII):
        raise InvalidFieldError("Parcel")
    return {"parcel": typed["parcel"]}


def _read_block(typed: Typed) -> dict[str, Any]:
    if typed["block"] not in codes.BLOCK:
        raise InvalidFieldError("Delivery block")
    return {"block": typed["block"]}


def _list(table: dict[str, str], keys: tuple[str, ...] | None = None) -> str:
    return ", ".join(f"{code} {text}" for code, text in table.items() if keys is None or code in keys)


FAILURE = Screen(
    "S31", "failure", "DELIVERY FAILURE", "FAIL", "mark_failed_delivery",
    (
        Field("status", "Status", "status", 2, _list(codes.STATUS, codes.FAILURE_STATUS)),
        Field("reason", "Reason code", "reason", 2, _list(codes.REASON)),
        Field("attempt", "Attempt", "attempt", 1, "1 to 9"),
    ),
    _read_failure,
)  # fmt: skip
DATE = Screen(
    "S32", "date", "NEW DELIVERY DATE", "DATE", "reschedule",
    (
        Field("date", "Delivery date", "delivery_date", 10, "dd.mm.yyyy"),
        Field("window", "Time window", "window", 1, _list(codes.WINDOW)),
    ),
    _read_date,
)  # fmt: skip
ADDRESS = Screen(
    "S33", "address", "DELIVERY ADDRESS", "ADDR", "correct_address",
    (
        Field("street", "Street", "street", 30),
        Field("house_no", "House no.", "house_no", 6),
        Field("postcode", "Postcode", "postcode", 5, "5 digits"),
        Field("city", "City", "city", 25),
    ),
    _read_address,
)  # fmt: skip
REFUND = Screen(
    "S34", "refund", "REFUND", "REF", "refund",
    (
        Field("amount", "Amount", "", 9, "as 12,50"),
        Field("currency", "Currency", "", 3, "EUR"),
        Field("reason", "Reason code", "", 2, _list(codes.REASON)),
    ),
    _read_refund, record="refund", prefix="RF", closed=("90",),
)  # fmt: skip
RETURN = Screen(
    "S35", "return/header", "RETURN TO SENDER", "RETH", "return_header",
    (
        Field("reason", "Reason code", "", 2, _list(codes.REASON)),
        Field("carrier", "Carrier", "", 20),
    ),
    _read_return, record="return", prefix="RT",
)  # fmt: skip
LINE = Screen(
    "S36", "return/line", "RETURN PARCEL", "RETL", "return_line",
    (Field("parcel", "Parcel", "", 11, "as P-88112388"),),
    _read_line, record="line", prefix="RL",
)  # fmt: skip
BLOCK = Screen(
    "S38", "block", "REMOVE DELIVERY BLOCK", "UNBL", "remove_block",
    (Field("block", "Delivery block", "", 2, _list(codes.BLOCK)),),
    _read_block,
)  # fmt: skip
SCREENS = {screen.path: screen for screen in (FAILURE, DATE, ADDRESS, REFUND, RETURN, LINE, BLOCK)}
