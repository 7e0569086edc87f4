"""The forms of the service desk's screens: their fields, what they accept, and what saving them does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from demo.servicedesk.tickets import SLOTS, Callback, Change, Tickets
from demo.store import Row

Typed = dict[str, str]

STATES = {"open": "Open", "in_progress": "In progress", "solved": "Solved"}
PRIORITIES = {"high": "High", "normal": "Normal", "low": "Low"}


class InvalidFieldError(Exception):
    """A field of a form holds what the desk does not take; its caption."""


@dataclass(frozen=True)
class Box:
    """One field of a form. `kind` is text, area, date, select or radio; the last two have `choices`."""

    name: str
    caption: str
    kind: str = "text"
    longest: int = 200
    needed: bool = True
    choices: dict[str, str] = field(default_factory=dict)

    def read(self, typed: Typed) -> str:
        """What was typed, as it is stored; InvalidFieldError."""
        value = typed.get(self.name, "").strip().replace("\r\n", "\n")
        if (self.needed and not value) or len(value) > self.longest:
            raise InvalidFieldError(self.caption)
        if self.choices and value not in self.choices:
            raise InvalidFieldError(self.caption)
        if self.kind == "date" and not _is_day(value):
            raise InvalidFieldError(self.caption)
        return value


@dataclass(frozen=True)
class Subject:
    """What a form is about: its address, the ticket as it is now, the callback that it names."""

    path: str
    ticket: Row | None = None
    number: str = ""

    @property
    def callback(self) -> Row | None:
        """That callback; None when there is none."""
        known = self.ticket["callbacks"] if self.ticket else []
        return next((callback for callback in known if callback["no"] == self.number), None)


Save = Callable[[Tickets, Subject, Typed, str, int | None], tuple[str, str]]
"""Commits; the message that is shown once, and the ticket that is shown then."""


@dataclass(frozen=True)
class DeskForm:
    """One form: where it is, its heading, its button, its fields."""

    path: str
    heading: str
    button: str
    boxes: tuple[Box, ...]
    save: Save

    def read(self, typed: Typed) -> Typed:
        """What was typed; InvalidFieldError names the first field that is not accepted."""
        return {box.name: box.read(typed) for box in self.boxes}

    def stored(self, subject: Subject) -> Typed:
        """What the form shows when it is opened."""
        ticket = subject.ticket or {}
        known = {"state": ticket.get("state", ""), "version": str(ticket.get("version", ""))}
        return {"priority": "normal", **known}


def history(ticket: Row) -> list[Row]:
    """Everything that happened to the ticket, newest first, in words."""
    opened = {"version": 1, "at": ticket["created_at"], "account": "", "reference": "", "what": "Opened", "note": ""}
    changes = [
        {**change, "what": f"State: {STATES[change['state']]}" if change["state"] else "Note"}
        for change in ticket["changes"]
    ]
    every = [*ticket["callbacks"], *ticket["removed_callbacks"]]
    added = [{**callback, "what": f"Callback {callback['no']} added"} for callback in every]
    gone = [
        {**callback["removal"], "note": "", "what": f"Callback {callback['no']} removed"}
        for callback in ticket["removed_callbacks"]
    ]
    return sorted([opened, *changes, *added, *gone], key=lambda row: -int(row["version"]))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _open(tickets: Tickets, _: Subject, typed: Typed, account: str, __: int | None) -> tuple[str, str]:
    ticket = tickets.open(dict(typed), account)
    return f"SD-201 Ticket {ticket['id']} opened.", ticket["id"]


def _change(tickets: Tickets, subject: Subject, typed: Typed, account: str, version: int | None) -> tuple[str, str]:
    change = Change(typed["state"], typed["note"], typed["reference"], version)
    ticket = tickets.update(_ticket(subject), change, account)
    return f"SD-202 Ticket {ticket['id']} saved as version {ticket['version']}.", ticket["id"]


def _add(tickets: Tickets, subject: Subject, typed: Typed, account: str, version: int | None) -> tuple[str, str]:
    ticket = _ticket(subject)
    added = tickets.add_callback(ticket, Callback(**typed), account, version)
    return f"SD-203 Callback {ticket['id']}/{added['no']} added.", ticket["id"]


def _remove(tickets: Tickets, subject: Subject, typed: Typed, account: str, version: int | None) -> tuple[str, str]:
    ticket = _ticket(subject)
    removed = tickets.remove_callback(ticket, subject.number, typed["reference"], account, version)
    now = removed["removal"]["version"] if removed else ticket["version"]
    return f"SD-204 Callback {ticket['id']}/{subject.number} removed with version {now}.", ticket["id"]


def _ticket(subject: Subject) -> Row:
    assert subject.ticket is not None
    return subject.ticket


OPEN = DeskForm(
    "/desk/tickets/new",
    "New ticket",
    "Save ticket",
    (
        Box("external_reference", "External reference", longest=100),
        Box("title", "Title"),
        Box("description", "Description", "area", 10_000),
        Box("order_no", "Order number", longest=20, needed=False),
        Box("customer_no", "Customer number", longest=20, needed=False),
        Box("priority", "Priority", "select", choices=PRIORITIES),
        Box("case_url", "Link", longest=500, needed=False),
    ),
    _open,
)
CHANGE = DeskForm(
    "/desk/tickets/{ticket_id}/change",
    "Change ticket",
    "Save change",
    (
        Box("state", "State", "select", choices=STATES),
        Box("note", "Note", "area", 10_000),
        Box("reference", "Your reference", longest=100, needed=False),
    ),
    _change,
)
ADD_CALLBACK = DeskForm(
    "/desk/tickets/{ticket_id}/callbacks/new",
    "New callback",
    "Save callback",
    (
        Box("phone", "Phone", longest=40),
        Box("day", "Day", "date"),
        Box("slot", "Time", "radio", choices={slot: slot for slot in SLOTS}),
        Box("note", "Note", longest=200, needed=False),
        Box("reference", "Your reference", longest=100, needed=False),
    ),
    _add,
)
REMOVE_CALLBACK = DeskForm(
    "/desk/tickets/{ticket_id}/callbacks/{number}/remove",
    "Remove callback",
    "Remove callback",
    (Box("reference", "Your reference", longest=100, needed=False),),
    _remove,
)
FORMS = (OPEN, CHANGE, ADD_CALLBACK, REMOVE_CALLBACK)
