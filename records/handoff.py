"""The handoff as it is kept: its packet, its state, who has it, its clocks, its questions, who looks at it now."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from handoff.states import HandoffState
from records.base import choice, document, maybe_document, maybe_moment, moment


class Handoff(SQLModel, table=True):
    """A passing of responsibility for a case to a queue, and from there to a person.

    `due_at` is when its resolution clock ends as things stand; while `paused` says why that clock stands, it is when it
    would end if the clock went on at the moment it was stopped. `assigned_to` is the
    person it is offered to, `picked_up_by` who has it. `wait_for` says whom the holder waits for (customer, depot,
    carrier, colleague) or "time". `run_ordinal` and `seq` fence the writes of its workflow.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        Index("ix_handoffs_desk", "queue", "state", "due_at"),
        Index(
            "ix_handoffs_open",
            "queue",
            "offered_at",
            postgresql_include=["state", "picked_up_by", "assigned_to", "wait_for", "id"],
            postgresql_where="ended_at IS NULL",
        ),
        Index(
            "ix_handoffs_holder",
            "picked_up_by",
            "picked_up_at",
            "id",
            postgresql_include=["queue", "case_id", "wait_for"],
            postgresql_where="ended_at IS NULL AND picked_up_by IS NOT NULL",
        ),
        Index("ix_handoffs_given", "assigned_to", postgresql_where="ended_at IS NULL AND assigned_to IS NOT NULL"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    number: int = 1
    kind: str = "service"
    queue: str
    state: HandoffState = choice(HandoffState)
    why: str = ""
    offered_by: str = ""
    channel: str = ""
    persona: str = ""
    priority: str = "normal"
    packet: dict[str, Any] = document()
    policy: str = ""
    policy_version: str = ""
    offered_at: datetime = moment()
    due_at: datetime = moment()
    paused: str = ""
    assigned_to: str | None = None
    assigned_at: datetime | None = maybe_moment()
    picked_up_by: str | None = None
    picked_up_at: datetime | None = maybe_moment()
    first_response_at: datetime | None = maybe_moment()
    wait_for: str = ""
    wait_until: datetime | None = maybe_moment()
    wait_about: str = ""
    ended_at: datetime | None = maybe_moment()
    completed_by: str | None = None
    returned_reason: str = ""
    resolution: dict[str, Any] | None = maybe_document()
    run_id: str = ""
    run_ordinal: int = 0
    seq: int = Field(default=0, sa_type=BigInteger)


class HandoffClock(SQLModel, table=True):
    """A clock as its workflow last wrote it: `clock` whole (handoff/clock.py), and what lists and boards sort by.

    It can be made again from the events `clock.*` of its case alone: `baton clocks check` does.
    """

    __tablename__ = "handoff_clocks"
    __table_args__ = (
        UniqueConstraint("handoff_id", "name", name="uq_handoff_clocks_name"),
        Index("ix_handoff_clocks_due", "due_at", postgresql_where="ended_at IS NULL"),
        Index(
            "ix_handoff_clocks_running",
            "handoff_id",
            postgresql_include=["due_at", "risk_at", "breached_at"],
            postgresql_where="ended_at IS NULL AND due_at IS NOT NULL",
        ),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    handoff_id: uuid.UUID = Field(foreign_key="handoffs.id", index=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    name: str
    kind: str
    state: str
    started_at: datetime = moment()
    due_at: datetime | None = maybe_moment()
    risk_at: datetime | None = maybe_moment()
    breached_at: datetime | None = maybe_moment(index=True)
    ended_at: datetime | None = maybe_moment()
    outcome: str = ""
    clock: dict[str, Any] = document()


class QuestionState(StrEnum):
    """Where a question stands."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class HandoffQuestion(SQLModel, table=True):
    """What the holder asked somebody while keeping the case.

    `token_hash` is the SHA-256 of the token in the link that was mailed; "" when a colleague is asked, who answers on
    the case. `pauses`: the clocks stand while it is open.
    """

    __tablename__ = "handoff_questions"
    __table_args__ = (
        Index("ix_handoff_questions_token", "token_hash", unique=True, postgresql_where="token_hash <> ''"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    handoff_id: uuid.UUID = Field(foreign_key="handoffs.id", index=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    to_kind: str
    to_address: str = ""
    question: str
    token_hash: str = ""
    asked_by: str
    asked_at: datetime = moment()
    expires_at: datetime = moment()
    state: QuestionState = choice(QuestionState)
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = maybe_moment()
    pauses: bool = False


class DeskPresence(SQLModel, table=True):
    """Who looks at a handoff's workbench now; `typing` since they changed something there. The console writes it."""

    __tablename__ = "desk_presence"

    handoff_id: uuid.UUID = Field(foreign_key="handoffs.id", primary_key=True)
    email: str = Field(primary_key=True)
    seen_at: datetime = moment()
    typing: bool = False
