"""Playbooks as they were seen, version by version; and which handoffs' clocks an outage keeps."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from records.base import document, maybe_moment, moment

_OPEN = text("ended_at IS NULL")


class PlaybookVersion(SQLModel, table=True):
    """One version of one playbook, and when it was first seen; `source` is the file it came from.

    `current`: it is the one that can be chosen. `is_default`: it is chosen by itself when its system goes out.
    """

    __tablename__ = "playbook_versions"

    name: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    system: str
    written_by: str
    source: str
    content: dict[str, Any] = document()
    seen_at: datetime = moment()
    current: bool = False
    is_default: bool = False


class OutagePause(SQLModel, table=True):
    """What a handoff was told of an outage (`word`, with this row's id as its key), until when it counts."""

    __tablename__ = "outage_pauses"
    __table_args__ = (
        Index("uq_outage_pauses_open", "outage_id", "handoff_id", unique=True, postgresql_where=_OPEN),
        Index("ix_outage_pauses_handoff", "handoff_id"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    outage_id: uuid.UUID = Field(foreign_key="outages.id")
    handoff_id: uuid.UUID = Field(foreign_key="handoffs.id")
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    word: dict[str, Any] = document()
    began_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()
