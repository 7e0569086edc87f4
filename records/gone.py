"""Processes that Temporal does not carry any more while the records say that they are open."""

import uuid
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from records.base import choice, maybe_moment, moment

LONGEST_WORD = 200
"""Who and why come from outside: so much of each is kept."""


class ProcessKind(StrEnum):
    """What a process is about."""

    CASE = "case"
    FILE = "file"
    BULK = "bulk"
    LOOK_UP = "look_up"
    ITEM = "item"
    HANDOFF = "handoff"


class Became(StrEnum):
    """What became of it at Temporal."""

    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ENDED = "ended"
    RESET = "reset"
    VANISHED = "vanished"


class Fate(BaseModel):
    """What became of a process, by whom and with which reason as far as Temporal's history says."""

    model_config = ConfigDict(frozen=True)

    what: Became
    by: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        """For a timeline: terminated by temporal-cli:ann@host (“by mistake”)."""
        by = f" by {self.by[:LONGEST_WORD]}" if self.by else ""
        reason = f" (“{self.reason[:LONGEST_WORD]}”)" if self.reason else ""
        return f"{self.what.value.replace('_', ' ')}{by}{reason}"


class GoneProcess(SQLModel, table=True):
    """One process that is gone, from when it was seen until it runs again: recovered by somebody, or otherwise.

    `label` is what people call it: the case's number, the file's name. `recovered_by` and `why` are empty where it ran
    again without Baton's doing, or had ended.
    """

    __tablename__ = "gone_processes"
    __table_args__ = (
        Index("uq_gone_processes_open", "workflow_id", unique=True, postgresql_where=text("over_at IS NULL")),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    workflow_id: str = Field(index=True)
    kind: ProcessKind = choice(ProcessKind)
    label: str
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    what: Became = choice(Became)
    seen_at: datetime = moment()
    over_at: datetime | None = maybe_moment()
    recovered_by: str = ""
    why: str = ""
