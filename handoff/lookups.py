"""What may be looked up from the workbench: reads that a journey declares, each on one system, with no effect there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from handoff import booking, failed_delivery

BEFORE = timedelta(days=3)
AFTER = timedelta(days=7)
"""How far around a day free slots are looked for."""


@dataclass(frozen=True)
class LookUp:
    """One read that whoever works on a case may have made.

    `key` makes what the bot is asked for of what is passed along with the case, the day that was asked for, and the
    present day; empty when the case does not know it. `day` says what that day is, where one is asked for at all.
    `shows` are the fields of the answer, by name and label; of several records (`many`) each is a line. `compares`:
    what differs from what was passed along under the same names is shown.
    """

    name: str
    journey: str
    title: str
    hint: str
    system: str
    what: str
    key: Callable[[Mapping[str, Any], date, date], str]
    shows: tuple[tuple[str, str], ...]
    day: str = ""
    many: str = ""
    compares: bool = False


def _order_no(order: Mapping[str, Any], _day: date, _today: date) -> str:
    return str(order.get("order_no", ""))


def _reference(order: Mapping[str, Any], _day: date, _today: date) -> str:
    return str(order.get("board_reference", "")) if order.get("standing") else ""


def _slots(order: Mapping[str, Any], day: date, today: date) -> str:
    if not order.get("skill"):
        return ""
    first = max(day - BEFORE, today + timedelta(days=1))
    wanted = {"first": str(first), "last": str(max(day, first) + AFTER)}
    return json.dumps({**wanted, "skill_code": order["skill"], "postcode": order.get("postcode", "")})


LOOK_UPS = {
    found.name: found
    for found in (
        LookUp(
            name="order",
            journey=failed_delivery.JOURNEY,
            title="The order as it is now",
            hint="Status, parcels, date and address, as the order desk shows them at this moment.",
            system="orderdesk",
            what="order",
            key=_order_no,
            shows=(
                ("status", "Order status"),
                ("parcels", "Parcels"),
                ("delivery_date", "Delivery date"),
                ("window", "Time of day"),
                ("street", "Street"),
                ("house_no", "House number"),
                ("postcode", "Postcode"),
                ("city", "City"),
                ("remarks", "Remarks"),
            ),
            compares=True,
        ),
        LookUp(
            name="slots",
            journey=booking.JOURNEY,
            title="Free slots around a day",
            hint="From three days before that day to a week after it, for this work there: which hours, and who.",
            system="fieldboard",
            what="slots",
            key=_slots,
            shows=(("day", "Day"), ("slot_code", "Time"), ("technician", "Technician")),
            day="Around which day",
            many="slots",
        ),
        LookUp(
            name="booking",
            journey=booking.JOURNEY,
            title="The booking as it stands now",
            hint="Where the dispatch board shows it at this moment.",
            system="fieldboard",
            what="booking",
            key=_reference,
            shows=(("day", "Day"), ("slot", "Time"), ("technician", "Technician"), ("status", "Status")),
        ),
    )
}


def declared(journey: str, order: Mapping[str, Any], today: date) -> list[LookUp]:
    """What can be looked up for a case of that journey with what is known of it."""
    return [one for one in LOOK_UPS.values() if one.journey == journey and one.key(order, today, today)]
