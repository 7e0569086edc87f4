"""What somebody handed in: kept before any workflow exists, so that it stands when Temporal is away."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from records.base import choice, document, maybe_document, maybe_moment, moment


class Verdict(StrEnum):
    """What became of a submission when it arrived."""

    STARTED = "started"
    SAME = "same"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class Submission(SQLModel, table=True):
    """One intake of one piece of customer work.

    `content` is the validated form; `content_hash` tells an identical repetition (SAME) from other content under the
    same business key (PROPOSED: a person decides). `source` is form, file or api.
    """

    __tablename__ = "submissions"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    journey: str
    content: dict[str, Any] = document()
    content_hash: str
    source: str
    verdict: Verdict = choice(Verdict)
    submitted_by: str
    file_id: uuid.UUID | None = Field(default=None, foreign_key="intake_files.id", index=True)
    row_number: int | None = None
    received_at: datetime = moment()
    reviewed_by: str | None = None
    reviewed_at: datetime | None = maybe_moment()


class IntakeFile(SQLModel, table=True):
    """A file somebody uploaded: checked at once, started only when they press the button."""

    __tablename__ = "intake_files"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    journey: str
    name: str
    uploaded_by: str
    uploaded_at: datetime = moment()
    guess: dict[str, Any] = document()
    columns: list[str] = document()
    started_at: datetime | None = maybe_moment()
    started_by: str | None = None
    withdrawn_at: datetime | None = maybe_moment()
    withdrawn_by: str | None = None
    withdrawn_why: str = ""
    bulk_id: uuid.UUID | None = None
    """The action by which its cases hear that it was withdrawn."""


class IntakeRow(SQLModel, table=True):
    """One row of a file: as it came, and either its validated content or the reason it is bad."""

    __tablename__ = "intake_rows"
    __table_args__ = (Index("ix_intake_rows_file", "file_id", "number", unique=True),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    file_id: uuid.UUID = Field(foreign_key="intake_files.id")
    number: int
    raw: dict[str, Any] = document()
    content: dict[str, Any] | None = maybe_document()
    problem: str | None = None
    submission_id: uuid.UUID | None = Field(default=None, foreign_key="submissions.id")
