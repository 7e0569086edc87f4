"""The service desk: tickets over a small REST API that accepts duplicates."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from core.work_item import Kind
from systems.base import Entry, Operation, System
from systems.part import DataClass, Field

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


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


def _case(entry: OpenTicket) -> str:
    return entry.case_ref


def _ticket(entry: UpdateTicket) -> str:
    return entry.ticket_id


def _opened(entry: OpenTicket) -> dict[str, str]:
    return {"title": entry.title, "order_no": entry.order_no, "priority": entry.priority}


def _updated(entry: UpdateTicket) -> dict[str, str]:
    return {"state": entry.state, "note": entry.note}


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

SERVICEDESK = System(
    name="servicedesk",
    title="Service desk",
    accounts=("api1", "api2", "api3", "api4"),
    operations={operation.name: operation for operation in (OPEN_TICKET, UPDATE_TICKET)},
    settle_seconds=45,
    routes=("api",),
)
