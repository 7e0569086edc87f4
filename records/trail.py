"""What is only ever added to: events, decisions, notices, evidence references, audit entries."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from records.base import document, maybe_moment, moment


class Event(SQLModel, table=True):
    """One thing that happened, with the standard tags; the timeline of a case, and what figures count."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_case", "case_id", "id"), Index("ix_events_name", "name", "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    name: str
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id")
    item_id: uuid.UUID | None = None
    actor: str
    system: str = ""
    at: datetime = moment()
    data: dict[str, Any] = document()


class Decision(SQLModel, table=True):
    """An automated verdict, with the inputs it was given and the version of its rules."""

    __tablename__ = "decisions"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    rule: str
    version: str
    inputs: dict[str, Any] = document()
    verdict: dict[str, Any] = document()
    at: datetime = moment()


class Evidence(SQLModel, table=True):
    """A reference to one thing a run left behind; the bytes lie in the evidence store under `path`.

    `masked` counts the spots that were covered. What stood there is a row of its own, of kind "sealed", and `of` says
    of which. `dropped` says why nothing could be kept, `removed_at` when retention removed it; the row stays for ever.
    """

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_kept", "data_class", "at", postgresql_where="removed_at IS NULL"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    item_id: uuid.UUID | None = Field(default=None, foreign_key="work_items.id", index=True)
    attempt_id: uuid.UUID | None = Field(default=None, index=True)
    kind: str
    taken: str
    path: str
    size: int
    sha256: str
    at: datetime = moment()
    data_class: str = "personal"
    masked: int = 0
    of: uuid.UUID | None = Field(default=None, index=True)
    dropped: str = ""
    removed_at: datetime | None = maybe_moment()


class AuditEntry(SQLModel, table=True):
    """Who did what to whom in the console, for people and rights."""

    __tablename__ = "audit_entries"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime = moment()
    actor: str
    action: str
    about: str = ""
    data: dict[str, Any] = document()
