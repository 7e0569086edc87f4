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
