"""Every operation of every route, with a job that fits it: what the conformance suite runs over."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bots.kit.contract import Job, RouteKey
from systems.base import Entry
from systems.orderdesk import (
    CorrectAddress,
    MarkFailedDelivery,
    NewDeliveryDate,
    Refund,
    RemoveBlock,
    ReturnToSender,
)
from systems.registry import operation_of
from systems.servicedesk import AddCallback, OpenTicket, RemoveCallback, UpdateTicket
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


def _change(key: str) -> UpdateTicket:
    return UpdateTicket(ticket_id=key, state="in_progress", note="picked up")


def _promise(key: str) -> AddCallback:
    return AddCallback(ticket_id=key, phone="0551 4711", day=date(2026, 12, 3), slot="12-16", note="ring twice")


def _removal(key: str) -> RemoveCallback:
    ticket, number = key.split("/")
    return RemoveCallback(ticket_id=ticket, callback_no=number, phone="0551 12", day=date(2026, 12, 4), slot="08-12")


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
    Part(
        "orderdesk",
        "refund",
        "bot01",
        lambda key: Refund(order_no=key, amount=Decimal("12.50"), reason_code="14"),
        Demo.fresh_order,
        "9999999",
    ),
    Part(
        "orderdesk",
        "return_to_sender",
        "bot02",
        lambda key: ReturnToSender(order_no=key, reason_code="15", carrier="Nordpost", parcels=("P-1001", "P-1002")),
        Demo.fresh_order,
        "9999999",
    ),
    Part(
        "orderdesk",
        "remove_block",
        "bot01",
        lambda key: RemoveBlock(order_no=key, block_code="CR"),
        Demo.fresh_order,
        "9999999",
    ),
    *(
        part
        for route, account in (("api", "api"), ("bot", "agent-bot1"))
        for part in (
            Part("servicedesk", "open_ticket", account, _ticket, lambda _: f"FD-{next(_numbers):06}", route=route),
            Part("servicedesk", "update_ticket", account, _change, Demo.fresh_ticket, "T-999999", route),
            Part("servicedesk", "add_callback", account, _promise, Demo.fresh_ticket, "T-999999", route),
            Part("servicedesk", "remove_callback", account, _removal, Demo.fresh_callback, "T-999999/C-1", route),
        )
    ),
]


def part_of(system: str, operation: str, route: str = "bot") -> Part:
    """That operation by that route."""
    return next(part for part in PARTS if (part.system, part.operation, part.route) == (system, operation, route))
