"""Files of plain entry: the rows of one file are to be entered on one system, one work item each."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from records.base import choice, document, maybe_document, maybe_moment, moment
from systems.base import PRODUCTION


class FileState(StrEnum):
    """Where a file stands; what became of its rows is told by their work items."""

    CHECKED = "checked"
    STARTED = "started"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    HANDED_OUT = "handed_out"


class EntryFile(SQLModel, table=True):
    """A file that was checked, and started when somebody pressed the button.

    Until then the console writes it; afterwards the file's own workflow alone, and a write that is older than the last
    one (`state_at`) changes nothing.
    """

    __tablename__ = "entry_files"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    operation: str
    environment: str = PRODUCTION
    name: str
    uploaded_by: str
    uploaded_at: datetime = moment(index=True)
    guess: dict[str, Any] = document()
    columns: list[str] = document()
    state: FileState = choice(FileState)
    state_at: datetime = moment()
    state_by: str = ""
    why: str = ""
    started_at: datetime | None = maybe_moment()
    started_by: str | None = None


class EntryRow(SQLModel, table=True):
    """One row: as it came, and either what is to be entered or what is wrong with it.

    `item_id` is made with the row, so that whoever starts its work item, however often, starts the same one. `chosen`
    is set at the start: a row that repeats another is left out unless somebody wants it.
    """

    __tablename__ = "entry_rows"
    __table_args__ = (Index("ix_entry_rows_content", "content_hash"),)

    file_id: uuid.UUID = Field(foreign_key="entry_files.id", primary_key=True)
    number: int = Field(primary_key=True)
    cells: list[str] = document()
    content: dict[str, Any] | None = maybe_document()
    content_hash: str = ""
    problems: list[Any] | None = maybe_document()
    repeats: int | None = None
    chosen: bool = False
    item_id: uuid.UUID = Field(unique=True)
