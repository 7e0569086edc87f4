"""A problem: what many cases have in common, and which cases are tied to it, by whom and since when."""

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from handoff.shared_cause import SharedCause
from records.base import maybe_moment, moment


class Problem(SQLModel, table=True):
    """What cases share: who reported them, the day, the cause, the system in which an entry is stuck; "" is any.

    `text` is what customers may be told of it. `key` is the form's: pressed twice, it opens one.
    """

    __tablename__ = "problems"
    __table_args__ = (
        UniqueConstraint("opened_by", "key", name="uq_problems_once"),
        Index("ix_problems_open", "opened_at", postgresql_where=text("closed_at IS NULL")),
        Index("ix_problems_closed", "closed_at"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    number: str = Field(unique=True)
    key: str
    title: str
    party: str = ""
    day: str = ""
    cause: str = ""
    system: str = ""
    text: str = ""
    opened_by: str
    opened_at: datetime = moment()
    closed_at: datetime | None = maybe_moment()
    closed_by: str | None = None
    closed_why: str = ""

    @property
    def shared(self) -> SharedCause:
        """What its cases have in common."""
        return SharedCause(party=self.party, day=self.day, cause=self.cause, system=self.system)


class ProblemCase(SQLModel, table=True):
    """A case that is tied to a problem, until it is untied or the problem is closed; to one at a time."""

    __tablename__ = "problem_cases"
    __table_args__ = (
        Index("ix_problem_cases_problem", "problem_id", "at"),
        Index("ix_problem_cases_case", "case_id"),
        Index(
            "uq_problem_cases_one",
            "case_id",
            unique=True,
            postgresql_where=text("untied_at IS NULL AND closed_at IS NULL"),
        ),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    problem_id: uuid.UUID = Field(foreign_key="problems.id")
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    by: str
    at: datetime = moment()
    untied_at: datetime | None = maybe_moment()
    untied_by: str | None = None
    closed_at: datetime | None = maybe_moment()
