"""The context packet: everything that is known, passed along with the responsibility."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of everything in a packet: frozen, JSON-able."""

    model_config = ConfigDict(frozen=True)


class Customer(Part):
    """Who it is about."""

    customer_no: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    tier: str = ""
    contact_preference: Literal["mail", "phone", "none"] = "mail"


class Done(Part):
    """One thing that has been done already, by whom."""

    what: str
    by: str
    at: datetime
    reference: str = ""


class Said(Part):
    """One line of a chat, a call or a session that failed before a person got it."""

    by: str
    at: datetime | None = None
    text: str


class Commit(Part):
    """One commit of an entry: what it keys, as label and text, and what the system answered once it is in."""

    title: str
    entered: bool = False
    confirmation: str = ""
    fields: tuple[tuple[str, str], ...] = ()


class StuckEntry(Part):
    """The entry that a bot could not finish: what is keyed, what is missing, and the field to go on with."""

    item_id: str
    system: str
    operation: str
    title: str
    target_key: str
    reference: str
    commits: tuple[Commit, ...] = ()
    next_field: str = ""


class Packet(Part):
    """What the person who takes over knows, without asking the customer again."""

    case_number: str
    happened: str
    cause: str = ""
    cause_reason: str = ""
    customer: Customer = Customer()
    order: dict[str, Any] = Field(default_factory=dict)
    promised: str = ""
    done: tuple[Done, ...] = ()
    missing: tuple[str, ...] = ()
    next_best_step: str = ""
    allowed: tuple[str, ...] = ()
    """Kinds of resolution that may be chosen (`handoff/resolution.py`)."""
    ticket: str = ""
    loop: str = ""
    """Which time it is that this customer comes with this trouble; empty for the first."""
    entry: StuckEntry | None = None
    """Set when a bot passes on what it could not finish; it is settled by what is done with the entry."""
    transcript: tuple[Said, ...] = ()
    wanted: str = ""
    """What the customer asked for, in the words of the session that failed."""
