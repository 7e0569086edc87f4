"""Two people on one case: what a form was written for, and what has changed since its page was loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from handoff.packet import Packet
from handoff.states import HandoffState
from records.desk import AtDesk

FIELD = "seen"
"""The hidden field in which a form carries what its page showed."""
_ORDER = {
    "status_text": "Order status",
    "street": "Street",
    "house_no": "House number",
    "postcode": "Postcode",
    "city": "City",
    "parcels": "Parcels",
    "delivery_date": "Delivery date",
    "window_text": "Time of day",
    "remarks": "Remarks",
}


@dataclass(frozen=True)
class Difference:
    """One thing: as the page showed it, and as it is now."""

    label: str
    was: str
    now: str


def shown(found: AtDesk) -> str:
    """What a page shows of a handoff that a decision may stand on."""
    return json.dumps(_shown(found), ensure_ascii=False)


def since(seen: str, found: AtDesk) -> list[Difference]:
    """What differs from what the form's page showed; a form that carries nothing was not written on such a page."""
    try:
        then = json.loads(seen) if seen else {}
    except ValueError:
        then = {}
    if not isinstance(then, Mapping) or not then:
        return []
    now = _shown(found)
    labels = dict.fromkeys((*now, *(str(label) for label in then)))
    pairs = [(label, str(then.get(label, "")), now.get(label, "")) for label in labels]
    return [Difference(label, was, is_) for label, was, is_ in pairs if was != is_]


def _shown(found: AtDesk) -> dict[str, str]:
    handoff, packet = found.handoff, found.packet
    order = {label: _text(packet.order.get(name, "")) for name, label in _ORDER.items()}
    pairs = {"It is": _stands(found), "Queue": handoff.queue, "Offered to": handoff.assigned_to or ""}
    return {label: text for label, text in {**pairs, **_packet(packet), **order}.items() if text}


def _packet(packet: Packet) -> dict[str, str]:
    return {
        "What happened": packet.happened,
        "Cause": packet.cause,
        "Customer": packet.customer.name,
        "Phone": packet.customer.phone,
        "E-mail": packet.customer.email,
        "Wants to be told by": packet.customer.contact_preference,
        "Promised": packet.promised,
        "Missing": ", ".join(packet.missing),
        "Next step": packet.next_best_step,
        "Allowed": ", ".join(packet.allowed),
    }


def _stands(found: AtDesk) -> str:
    handoff = found.handoff
    if handoff.state is HandoffState.PICKED_UP:
        return f"with {handoff.picked_up_by}"
    number = f", handoff {handoff.number}" if handoff.number > 1 else ""
    return {HandoffState.OFFERED: "waiting for somebody"}.get(handoff.state, handoff.state.value) + number


def _text(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
