"""Two people on one case, pure: what a page shows of a handoff that an act may stand on, and what of it differs now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoff.packet import Packet
from handoff.states import HandoffState

STANDING = ("It is", "Queue", "Offered to", "Waits for")
"""How it stands; everything else is what is passed along, and personal."""
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


@dataclass(frozen=True)
class Stands:
    """Where a handoff is: `holder` has it, or it is offered, to somebody by name or to the queue."""

    state: HandoffState
    queue: str
    number: int = 1
    holder: str = ""
    assigned_to: str = ""
    wait_for: str = ""


def shown(stands: Stands, packet: Packet) -> dict[str, str]:
    """What a page shows of it, by label; what is empty is left out."""
    order = {label: _text(packet.order.get(name, "")) for name, label in _ORDER.items()}
    pairs = {
        "It is": _where(stands),
        "Queue": stands.queue,
        "Offered to": stands.assigned_to,
        "Waits for": "a time" if stands.wait_for == "time" else stands.wait_for,
    }
    return {label: text for label, text in {**pairs, **_passed(packet), **order}.items() if text}


def read(seen: str) -> dict[str, str]:
    """What a form says its page showed; nothing where it says nothing that can be read."""
    try:
        then = json.loads(seen) if seen else {}
    except ValueError:
        return {}
    return {str(label): str(text) for label, text in then.items()} if isinstance(then, Mapping) else {}


def since(then: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    """What differs; an act that says nothing of a page was not made on one, and differs in nothing."""
    if not then:
        return []
    pairs = [(label, then.get(label, ""), now.get(label, "")) for label in dict.fromkeys((*now, *then))]
    return [Difference(label, was, is_) for label, was, is_ in pairs if was != is_]


def in_words(differences: list[Difference]) -> str:
    """What is true now, for whoever acted on something else; of what is personal only that it changed."""
    said = [f"{one.label}: {one.now or 'nobody'}" for one in differences if one.label in STANDING]
    other = [one.label for one in differences if one.label not in STANDING]
    said += [f"changed: {', '.join(other)}"] if other else []
    return f"This case changed since your page was loaded. {'; '.join(said)}. Nothing was changed."


def _passed(packet: Packet) -> dict[str, str]:
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


def _where(stands: Stands) -> str:
    if stands.state is HandoffState.PICKED_UP:
        return f"with {stands.holder}"
    number = f", handoff {stands.number}" if stands.number > 1 else ""
    return {HandoffState.OFFERED: "waiting for somebody"}.get(stands.state, stands.state.value) + number


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
