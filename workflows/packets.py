"""Making the context packet of a failed delivery: everything known, in the words of the person who takes over."""

import re

from activities.decide import Cause
from handoff.failed_delivery import FailedDeliveryReport
from handoff.packet import Customer, Done, Packet
from handoff.resolution import MORE_BY_CAUSE
from systems.orderdesk import STATUS, WINDOWS, Order


def for_service(
    number: str, report: FailedDeliveryReport, order: Order, cause: Cause, *, done: list[Done], ticket: str
) -> Packet:
    """The packet of a case whose order is known."""
    return Packet(
        case_number=number,
        happened=_happened(report),
        cause=cause.cause,
        cause_reason=f"{cause.reason} (rule {cause.rule}, version {cause.version})",
        customer=Customer(
            customer_no=order.customer_no,
            name=order.name,
            phone=order.phone,
            email=order.email,
            tier=order.tier,
            contact_preference=report.contact_preference,
        ),
        order={
            **order.model_dump(mode="json"),
            "status_text": STATUS.get(order.status, order.status),
            "window_text": WINDOWS.get(order.window, order.window),
        },
        promised=f"Delivery on {order.delivery_date}, {WINDOWS.get(order.window, order.window)}",
        done=tuple(done),
        next_best_step=cause.next_best_step,
        allowed=tuple(dict.fromkeys((*cause.allowed, *_more(cause, order), "close"))),
        ticket=ticket,
    )


def for_unknown_order(number: str, report: FailedDeliveryReport, done: list[Done]) -> Packet:
    """The packet of a case whose order the order desk does not know."""
    return Packet(
        case_number=number,
        happened=_happened(report),
        customer=Customer(contact_preference=report.contact_preference),
        order={"order_no": report.order_no},
        done=tuple(done),
        missing=("The order: the order desk does not know this number",),
        next_best_step="Find out which order it is, with the carrier or the depot, and report it again.",
        allowed=("close",),
    )


def for_withdrawn(packet: Packet, keyed: list[Done]) -> Packet:
    """The packet of a case that its starter took back when something was keyed already."""
    listed = "; ".join(f"{one.what} ({one.reference})" if one.reference else one.what for one in keyed)
    return packet.model_copy(
        update={
            "missing": (f"Keyed already: {listed}",),
            "next_best_step": "Undo on the systems what shall not stay, or leave it; then close the case.",
            "allowed": ("close",),
        }
    )


def _happened(report: FailedDeliveryReport) -> str:
    note = f" Note: {report.driver_note.rstrip('.')}." if report.driver_note else ""
    by = f" Reported by {report.reported_by}." if report.reported_by else ""
    return (
        f"Parcel {report.parcel_no} of order {report.order_no} could not be delivered on "
        f"{report.failed_on.isoformat()} (attempt {report.attempt}): {report.reason_text.rstrip('.')}.{note}{by}"
    )


def _more(cause: Cause, order: Order) -> list[str]:
    """What the cause makes sensible beside its rule: nothing once the order is over, no return of nameless parcels."""
    parcels = order.parcels
    numbered = all(re.fullmatch(r"P-\d{4,10}", parcel) for parcel in parcels) and len(set(parcels)) == len(parcels)
    returnable = numbered and 0 < len(parcels) <= 5
    wanted = () if order.over else MORE_BY_CAUSE.get(cause.cause, ())
    return [kind for kind in wanted if kind != "return_to_sender" or returnable]
