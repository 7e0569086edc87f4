"""The handoff as it is kept: its packet, its state, its clock, who has it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from handoff.states import HandoffState
from records.base import choice, document, maybe_document, maybe_moment, moment


class Handoff(SQLModel, table=True):
    """A passing of responsibility for a case to a queue, and from there to a person."""

    __tablename__ = "handoffs"
    __table_args__ = (Index("ix_handoffs_desk", "queue", "state", "due_at"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    number: int = 1
    queue: str
    state: HandoffState = choice(HandoffState)
    why: str = ""
    packet: dict[str, Any] = document()
    offered_at: datetime = moment()
    due_at: datetime = moment()
    picked_up_by: str | None = None
    picked_up_at: datetime | None = maybe_moment()
    ended_at: datetime | None = maybe_moment()
    completed_by: str | None = None
    resolution: dict[str, Any] | None = maybe_document()
