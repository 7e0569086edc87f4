"""The agent's workbench: what is known of a case, the decision as it is typed, and exactly what it would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from console import slot_bench, telling
from console.collaborators import Collaborators
from console.forms import FieldError, Input, check, inputs
from console.problems import Problem
from core import tracing
from core.work_item import Kind
from handoff import limits
from handoff.messages import Message, for_resolution
from handoff.packet import Packet
from handoff.resolution import (
    TITLES,
    BookSlot,
    CloseWithoutEntry,
    CorrectAddress,
    Decision,
    Refund,
    Reschedule,
    ReturnToSender,
)
from records import desk
from records.access import Person
from records.desk import AtDesk
from systems import orderdesk
from systems.base import Entry, Operation
from systems.registry import SYSTEMS
from workflows.resolving import entry_for

FORMS: dict[str, type[Decision]] = {
    "reschedule": Reschedule,
    "correct_address": CorrectAddress,
    "refund": Refund,
    "return_to_sender": ReturnToSender,
    "book_slot": BookSlot,
    "close": CloseWithoutEntry,
}
HINTS = {
    "reschedule": "Baton sets the new date on the order desk and writes to the customer.",
    "correct_address": "Baton corrects the address on the order desk and writes to the customer.",
    "refund": "Baton keys the refund on the order desk and writes to the customer.",
    "return_to_sender": "Baton keys the return and each parcel on the order desk and writes to the customer.",
    "book_slot": "Baton books it on the dispatch board and writes to the customer.",
    "close": "Nothing is keyed and nobody is written to; your note says why.",
}
LABELS = {
    "delivery_date": "New delivery date",
    "window_code": "Time of day",
    "house_no": "House number",
    "amount": "Amount in EUR",
    "refund_reason": "Reason of the refund",
    "return_reason": "Reason of the return",
}
TITLES_OF_FIELDS = {**LABELS, "note": "Note for colleagues"}
LONGEST_AHEAD = timedelta(days=90)
"""A date beyond this is a slip of the key."""


@dataclass(frozen=True)
class Keyed:
    """One field that the bot will key: the screen's label, what is there now, what will be, and what a code means."""

    label: str
    now: str
    text: str
    meaning: str


@dataclass(frozen=True)
class Preview:
    """What a decision does: the entry on the screen, the mail, or why there is none."""

    decision: Decision
    title: str
    screen: str
    keyed: list[Keyed]
    mail: Message | None
    recipient: str
    no_mail: str


async def find(parts: Collaborators, number: str) -> AtDesk:
    """The case's newest handoff; 404 when it never came to the desk."""
    async with parts.database.session() as session:
        found = await desk.newest(session, number.upper())
    if found is None:
        raise Problem(
            404, "not_found", f"Case {number.upper()} is not at the desk.", todo="Search for it to see how it stands."
        )
    tracing.about(telling.case_workflow(found.case.journey, found.case.number))
    return found


def form(
    filled: Mapping[str, str], packet: Packet, errors: Sequence[FieldError], today: date, person: Person
) -> dict[str, Any]:
    """The decision's part of the workbench: its choices with their fields, the chosen one, and the note."""
    kinds = [kind for kind in packet.allowed if kind in FORMS]
    return {
        "kinds": [
            (kind, TITLES[kind], HINTS[kind], _own(kind, filled, packet, errors, today, person)) for kind in kinds
        ],
        "chosen": filled["kind"] if filled.get("kind") in kinds else (kinds[0] if kinds else ""),
        "note": note(filled, errors),
    }


def _own(kind: str, filled: Mapping[str, str], packet: Packet, errors: Sequence[FieldError], *who: Any) -> list[Input]:
    own = fields(kind, filled, errors, *who)
    return slot_bench.fields(own, packet, filled.get(slot_bench.NEAREST)) if kind == "book_slot" else own


def known(packet: Packet) -> dict[str, str]:
    """What is known already, for the fields of every decision."""
    order = {name: str(value) for name, value in packet.order.items() if isinstance(value, str)}
    window = order.get("window", "")
    return {
        "window_code": window if window in orderdesk.WINDOWS else "9",
        "refund_reason": packet.cause,
        "return_reason": packet.cause,
        **{name: order.get(name, "") for name in ("street", "house_no", "postcode", "city")},
    }


def fields(
    kind: str, values: Mapping[str, str], errors: Sequence[FieldError], today: date, person: Person
) -> list[Input]:
    """The fields of one decision, without the note that all share."""
    model = FORMS[kind]
    own = [name for name in model.model_fields if name not in ("kind", "note", "currency")]
    return [_dressed(field, today, person) for field in inputs(model, values, errors, only=own)] if own else []


def note(values: Mapping[str, str], errors: Sequence[FieldError]) -> Input:
    """The note for colleagues."""
    field = inputs(Reschedule, values, errors, only=["note"])[0]
    return replace(
        field,
        label=TITLES_OF_FIELDS["note"],
        kind="area",
        required=False,
        help="Stays in the house. To close without an entry, say why here.",
    )


def decide(
    values: Mapping[str, str], packet: Packet, today: date, person: Person
) -> tuple[Decision | None, tuple[FieldError, ...]]:
    """The decision made from what was typed, or what is wrong with it; the case checks the same once more."""
    made, errors = understood(values, packet, today)
    if isinstance(made, Refund) and (above := limits.objection(person.role.value, made.amount)):
        return None, (FieldError(field="amount", message=above),)
    return made, errors


def understood(
    values: Mapping[str, str], packet: Packet, today: date
) -> tuple[Decision | None, tuple[FieldError, ...]]:
    """The same, whoever may make it."""
    model = FORMS.get(values.get("kind", ""))
    if model is None or values["kind"] not in packet.allowed:
        return None, (FieldError(field="kind", message="Choose how it goes on."),)
    values = slot_bench.filled(values) if model is BookSlot else values
    made, errors = check(model, {name: value for name, value in values.items() if value.strip() or name == "note"})
    if isinstance(made, Reschedule):
        errors = _date_errors(made, today)
    elif isinstance(made, CorrectAddress):
        errors = _address_errors(made, packet)
    elif isinstance(made, BookSlot):
        errors = slot_bench.errors_of(made, today)
    return (None if errors else made), errors


def in_words(decision: Decision) -> str:
    """A decision as a colleague reads it on the timeline."""
    said = decision.model_dump(mode="json", exclude={"kind", "note", "currency"})
    labels = {name: TITLES_OF_FIELDS.get(name, name.replace("_", " ")) for name in said}
    fields = ", ".join(f"{labels[name][:1].lower()}{labels[name][1:]} {text}" for name, text in said.items())
    return ". ".join(part for part in (f"{TITLES[decision.kind]}: {fields}".rstrip(": "), decision.note) if part)


def preview(decision: Decision, found: AtDesk) -> Preview:
    """Exactly what the bot will key and what the customer will read."""
    packet = found.packet
    order_no = str(packet.order.get("order_no", found.case.order_no))
    if isinstance(decision, BookSlot):
        message: Message | None = slot_bench.message(decision, packet)
    else:
        message = for_resolution(decision, name=packet.customer.name, order_no=order_no, case_number=found.case.number)
    no_mail = _no_mail(message, packet)
    keys = _keys(decision, packet, order_no)
    return Preview(
        decision=decision,
        title=keys[0].title if keys else TITLES[decision.kind],
        screen=SYSTEMS[keys[0].system].title if keys else "",
        keyed=_keyed(*keys, packet) if keys else [],
        mail=None if no_mail else message,
        recipient=packet.customer.email,
        no_mail=no_mail,
    )


def _keys(decision: Decision, packet: Packet, order_no: str) -> tuple[Operation, Entry] | None:
    if isinstance(decision, BookSlot):
        return slot_bench.keys(decision, packet)
    return None if isinstance(decision, CloseWithoutEntry) else entry_for(decision, order_no, _parcels(packet))


def _parcels(packet: Packet) -> list[str]:
    return [str(parcel) for parcel in packet.order.get("parcels", ())]


def _keyed(operation: Operation, entry: Entry, packet: Packet) -> list[Keyed]:
    names = {field.label: field.name for field in operation.fields}
    reasons = {code: cause for cause, code in orderdesk.REASONS.items()}
    meanings = {"status": orderdesk.STATUS, "window": orderdesk.WINDOWS, "reason": reasons, **slot_bench.meanings()}
    changes = operation.kind is Kind.CHANGE
    return [
        Keyed(
            label=label,
            now=_spoken(names[label], str(packet.order.get(names[label], "")), meanings) if changes else "",
            text=text,
            meaning=meanings.get(names[label], {}).get(text, ""),
        )
        for label, text in operation.preview(entry)
    ]


def _spoken(name: str, text: str, meanings: Mapping[str, Mapping[str, str]]) -> str:
    meaning = meanings.get(name, {}).get(text, "")
    return f"{text} ({meaning})" if meaning else text


def _no_mail(message: Message | None, packet: Packet) -> str:
    """Why the customer is not written to; empty when they are. The same rule as in `workflows/telling.py`."""
    if message is None:
        return "A case that is closed without an entry is not written about."
    if packet.customer.contact_preference != "mail":
        preferred = {"phone": "be called", "none": "hear nothing"}[packet.customer.contact_preference]
        return f"The customer prefers to {preferred}."
    return "" if packet.customer.email else "There is no e-mail address on the order."


def _address_errors(made: CorrectAddress, packet: Packet) -> tuple[FieldError, ...]:
    """Nobody is told of a correction that corrects nothing."""
    typed = made.model_dump(exclude={"kind", "note"})
    if all(packet.order.get(name) == text for name, text in typed.items()):
        return (FieldError(field="street", message="This is the address on the order already: nothing is corrected."),)
    return ()


def _date_errors(made: Reschedule, today: date) -> tuple[FieldError, ...]:
    if made.delivery_date <= today:
        return (FieldError(field="delivery_date", message="Tomorrow or later, please."),)
    if made.delivery_date > today + LONGEST_AHEAD:
        return (FieldError(field="delivery_date", message=f"At most {LONGEST_AHEAD.days} days ahead."),)
    return ()


def _dressed(field: Input, today: date, person: Person) -> Input:
    field = replace(field, label=LABELS.get(field.name, field.label))
    if field.name == "window_code":
        return replace(field, options=tuple(orderdesk.WINDOWS.items()))
    if field.options:
        return field
    if field.name == "delivery_date":
        span = (("min", str(today + timedelta(days=1))), ("max", str(today + LONGEST_AHEAD)))
        return replace(field, attributes=span, help="Tomorrow or later.")
    if field.name == "amount":
        field = replace(field, help=f"As in 12,50. You may refund up to {limits.of(person.role.value)} EUR.")
    return replace(field, kind="text")
