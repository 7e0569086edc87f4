"""Every operation of every route, with a job that fits it: what the conformance suite runs over."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bots.kit.contract import Job, RouteKey
from systems.base import Entry
from systems.orderdesk import CorrectAddress, MarkFailedDelivery, NewDeliveryDate
from systems.registry import operation_of
from systems.servicedesk import OpenTicket, UpdateTicket
from tests.bots.desks import Demo

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Part:
    """One operation of one system: a key that exists, one that does not, and an entry for a key."""

    system: str
    operation: str
    account: str
    entry: Callable[[str], Entry]
    fresh: Callable[[Demo], str]
    unknown: str | None = None
    route: str = "bot"

    @property
    def way(self) -> RouteKey:
        """The route that it goes by."""
        return RouteKey(self.system, self.route)

    def job(self, key: str) -> Job:
        """A job on that key, with a reference of its own."""
        operation = operation_of(self.system, self.operation)
        return Job.of(operation, self.entry(key), f"BTN-TEST{next(_numbers):05}")


def _ticket(key: str) -> OpenTicket:
    return OpenTicket(
        case_ref=key,
        title="Delivery failed: absence",
        description="The driver met nobody. Ring at Müller's.",
        order_no="4800001",
        priority="high",
        case_url="http://127.0.0.1:8400/cases/FD-000001",
    )


PARTS = [
    Part(
        "orderdesk",
        "mark_failed_delivery",
        "bot01",
        lambda key: MarkFailedDelivery(order_no=key, reason_code="12", attempt=1),
        Demo.fresh_order,
        "9999999",
    ),
    Part(
        "orderdesk",
        "reschedule",
        "bot01",
        lambda key: NewDeliveryDate(order_no=key, delivery_date=date(2026, 12, 3), window_code="2"),
        Demo.fresh_order,
        "9999999",
    ),
    Part(
        "orderdesk",
        "correct_address",
        "bot02",
        lambda key: CorrectAddress(order_no=key, street="Mühlgasse", house_no="12a", postcode="04109", city="Leipzig"),
        Demo.fresh_order,
        "9999999",
    ),
    Part("servicedesk", "open_ticket", "api", _ticket, lambda _: f"FD-{next(_numbers):06}", route="api"),
    Part(
        "servicedesk",
        "update_ticket",
        "api",
        lambda key: UpdateTicket(ticket_id=key, state="in_progress", note="picked up"),
        Demo.fresh_ticket,
        "T-999999",
        "api",
    ),
]
