"""Cases at the desk with whole packets, as the workflow passes them along."""

from datetime import datetime, timedelta
from typing import Any

from handoff.packet import Customer, Done, Packet
from handoff.states import HandoffState
from records.case import Case
from records.database import Database
from records.handoff import Handoff
from records.intake import hand_in
from tests.support.journey import handed, report_of

ORDER: dict[str, Any] = {
    "customer_no": "K-10234",
    "name": "Grethe Holm",
    "street": "Hafenweg",
    "house_no": "12",
    "postcode": "28195",
    "city": "Bremen",
    "phone": "0421 555 0123",
    "email": "grethe@example.org",
    "tier": "A",
    "status": "50",
    "status_text": "delivery failed",
    "reason": "11",
    "attempt": "1",
    "parcels": ["P-88112345"],
    "delivery_date": "18.11.2026",
    "window": "2",
    "window_text": "12:00 to 16:00",
    "remarks": "BTN-7K3M9QXA delivery failed",
}


async def offer(
    database: Database, now: datetime, order_no: str, due: timedelta, *, holder: str | None = None, **changes: Any
) -> str:
    """Put one case at the desk, due that long after `now`; `changes` are of its packet. The case's number."""
    async with database.session() as session:
        receipt = await hand_in(session, handed(report_of(order_no)), now)
        case = await session.get_one(Case, receipt.case_id)
        packet = packet_of(case.number, order_no, now).model_copy(update=changes)
        session.add(
            Handoff(
                case_id=case.id,
                queue="service",
                state=HandoffState.PICKED_UP if holder else HandoffState.OFFERED,
                why="The delivery failed; service decides how it goes on.",
                packet=packet.model_dump(mode="json"),
                offered_at=now,
                due_at=now + due,
                picked_up_by=holder,
                picked_up_at=now if holder else None,
            )
        )
    return case.number


def packet_of(number: str, order_no: str, now: datetime) -> Packet:
    """A packet with everything in it."""
    return Packet(
        case_number=number,
        happened=f"Parcel P-88112345 of order {order_no} could not be delivered on 2026-11-18 (attempt 1): wrong house "
        "number. Note: Number 12 does not exist. Reported by driver 214.",
        cause="address",
        cause_reason="The words name an address (rule failed-delivery-cause, version 1)",
        customer=Customer(
            customer_no="K-10234",
            name="Grethe Holm",
            phone="0421 555 0123",
            email="grethe@example.org",
            tier="A",
        ),
        order={"order_no": order_no, **ORDER},
        promised="Delivery on 18.11.2026, 12:00 to 16:00",
        done=(
            Done(what="Reported", by="ops@example.org", at=now - timedelta(hours=1)),
            Done(what="Order marked: delivery failed", by="bot", at=now - timedelta(minutes=58), reference="0001234"),
        ),
        missing=("Who was at the door",),
        next_best_step="Ask the customer for the right address, then correct it.",
        allowed=("correct_address", "reschedule", "close"),
        ticket="T-000123",
    )
