"""The service desk: tickets and callbacks, over a small REST API or over its screens; it accepts duplicates."""

from datetime import date
from typing import Annotated, Literal

from pydantic import StringConstraints

from core.work_item import Kind
from systems.base import Entry, Operation, System
from systems.part import DataClass, Field
from systems.probe import Probe

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

LAG_SECONDS = 10.0
"""The search of the screens may find a new ticket so much later than the desk says that it opened it."""
Slot = Literal["08-12", "12-16", "16-20"]


class OpenTicket(Entry):
    """Open a ticket that tells service what happened and where the case is worked on."""

    case_ref: Text
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    description: Text
    order_no: Text
    customer_no: str = ""
    priority: Literal["high", "normal", "low"]
    case_url: Text


class UpdateTicket(Entry):
    """Let the ticket follow the handoff: its state, and a note on why."""

    ticket_id: Text
    state: Literal["open", "in_progress", "solved"]
    note: Text


class AddCallback(Entry):
    """Promise the customer a call: where, on which day, in which hours."""

    ticket_id: Text
    phone: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    day: date
    slot: Slot
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class RemoveCallback(Entry):
    """Take a promised call back; the callback is named, and described as it must be found."""

    ticket_id: Text
    callback_no: Text
    phone: Text
    day: date
    slot: Slot


def _case(entry: OpenTicket) -> str:
    return entry.case_ref


def _ticket(entry: UpdateTicket | AddCallback) -> str:
    return entry.ticket_id


def _callback(entry: RemoveCallback) -> str:
    return f"{entry.ticket_id}/{entry.callback_no}"


def _opened(entry: OpenTicket) -> dict[str, str]:
    return {"title": entry.title, "order_no": entry.order_no, "priority": entry.priority}


def _updated(entry: UpdateTicket) -> dict[str, str]:
    return {"state": entry.state, "note": entry.note}


def _promised(entry: AddCallback | RemoveCallback) -> dict[str, str]:
    return {"phone": entry.phone, "day": entry.day.isoformat(), "slot": entry.slot}


_PROMISE = (
    Field("phone", "Phone"),
    Field("day", "Day", holds=DataClass.PUBLIC),
    Field("slot", "Time", holds=DataClass.PUBLIC),
)
OPEN_TICKET = Operation(
    system="servicedesk",
    name="open_ticket",
    title="Open a service ticket",
    kind=Kind.CREATE,
    entry=OpenTicket,
    fields=(
        Field("title", "Title"),
        Field("order_no", "Order", holds=DataClass.PUBLIC),
        Field("priority", "Priority", holds=DataClass.PUBLIC),
    ),
    target=_case,
    image=_opened,
    lag_seconds=LAG_SECONDS,
)
UPDATE_TICKET = Operation(
    system="servicedesk",
    name="update_ticket",
    title="Update the service ticket",
    kind=Kind.CREATE,
    entry=UpdateTicket,
    fields=(Field("state", "State", holds=DataClass.PUBLIC), Field("note", "Note")),
    target=_ticket,
    image=_updated,
)
"""A change of a ticket is an entry of its own in its list of changes, found by our reference: so it is a create."""

ADD_CALLBACK = Operation(
    system="servicedesk",
    name="add_callback",
    title="Promise a callback",
    kind=Kind.CREATE,
    entry=AddCallback,
    fields=_PROMISE,
    target=_ticket,
    image=_promised,
)
REMOVE_CALLBACK = Operation(
    system="servicedesk",
    name="remove_callback",
    title="Take a callback back",
    kind=Kind.REMOVE,
    entry=RemoveCallback,
    fields=_PROMISE,
    target=_callback,
    image=_promised,
)

SERVICEDESK = System(
    name="servicedesk",
    title="Service desk",
    accounts=("api1", "api2", "api3", "api4"),
    operations={operation.name: operation for operation in (OPEN_TICKET, UPDATE_TICKET, ADD_CALLBACK, REMOVE_CALLBACK)},
    settle_seconds=45,
    probe=Probe("/desk/login", expects="Service Desk"),
    probe_by_route={"api": Probe("/api/tickets")},
    routes=("api", "bot"),
    accounts_by_route={"bot": ("agent-bot1", "agent-bot2", "agent-bot3", "agent-bot4")},
)
