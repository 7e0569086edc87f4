"""What was looked up from the workbench: asked for by whom, how far it is, and the answer with its moment."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from records.base import choice, document, maybe_document, maybe_moment, moment


class LookUpState(StrEnum):
    """How far a look-up is."""

    ASKED = "asked"
    WAITING = "waiting"
    ANSWERED = "answered"
    UNKNOWN_THERE = "unknown_there"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


GOING = (LookUpState.ASKED, LookUpState.WAITING)


class LookUpAsked(SQLModel, table=True):
    """One read for one handoff. `key` is what the bot was asked for; `code` says why it waits or was given up.

    `before` is what was known of the same record when it was asked for: what differs is shown.
    """

    __tablename__ = "look_ups"
    __table_args__ = (Index("ix_look_ups_handoff", "handoff_id", "asked_at"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    handoff_id: uuid.UUID = Field(foreign_key="handoffs.id")
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    name: str
    key: str
    before: dict[str, Any] = document()
    asked_by: str
    asked_at: datetime = moment()
    state: LookUpState = choice(LookUpState)
    code: str = ""
    answer: dict[str, Any] | None = maybe_document()
    answered_at: datetime | None = maybe_moment()
