"""Failures and the groups they are read as: one open failure for an item, one group for a cause."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from core.work_item import Priority
from failure.kinds import FailureClass, Standing
from failure.states import Review
from records.base import choice, document, maybe_document, maybe_moment, moment
from systems.base import PRODUCTION

_OPEN = text("ended_at IS NULL")
_LOOKED_AT = text("ended_at IS NULL AND next_look_at IS NOT NULL")


class FailureGroup(SQLModel, table=True):
    """Failures of one cause: what they have in common, how far the review has come, who looks after it.

    `key` names the signature. `message` holds no values of an entry; `drift` is what changed of the screen. `times`
    counts every failure there was, `open` those that are; `points` weigh these, `first_due` is their first promise. A
    merged group passes its failures on to `merged_into`. `waits_for` is the fix it waits for ({"route", "version"} or
    {"screen"}); `releases_itself`: once that is there, one entry is sent again and then the rest. Until
    `snoozed_until`, or until it counts `snoozed_count`, nobody is told.
    """

    __tablename__ = "failure_groups"
    __table_args__ = (
        Index("ix_failure_groups_seen", "last_seen", "id"),
        Index("ix_failure_groups_open", "open", "id", postgresql_where=text("open > 0 AND merged_into IS NULL")),
        Index("ix_failure_groups_where", "system", "environment", "operation"),
        Index("ix_failure_groups_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    key: str = Field(unique=True)
    system: str
    environment: str = PRODUCTION
    operation: str
    screen: str = ""
    step: str = ""
    code: str
    failure_class: FailureClass = choice(FailureClass)
    message: str = ""
    drift: list[Any] = document()
    review: Review = choice(Review)
    owner: str = ""
    ticket: str = ""
    merged_into: uuid.UUID | None = Field(default=None, foreign_key="failure_groups.id")
    first_seen: datetime = moment()
    last_seen: datetime = moment()
    times: int = 0
    open: int = 0
    points: int = Field(default=0, sa_type=BigInteger)
    first_due: datetime | None = maybe_moment()
    snoozed_until: datetime | None = maybe_moment()
    snoozed_count: int | None = None
    waits_for: dict[str, Any] | None = maybe_document()
    releases_itself: bool = False
    review_at: datetime = moment()
    review_by: str = ""
    regressed_at: datetime | None = maybe_moment()


class Failure(SQLModel, table=True):
    """One item that needs review, from its first failure until it is in, with a person, given up or withdrawn.

    `held`: it was not tried, because its operation is held for this group. `place` is where it stands in the original
    order. `times` counts how often it failed; `ending` is verified, by_hand, handed_over (a person is to key it),
    discarded or withdrawn. `key` is its own signature's, whatever group that was merged into.
    """

    __tablename__ = "failures"
    __table_args__ = (
        Index("uq_failures_open", "item_id", unique=True, postgresql_where=_OPEN),
        Index("ix_failures_order", "group_id", "place", "id", postgresql_where=_OPEN),
        Index(
            "ix_failures_kind",
            *("group_id", "journey", "tier", "standing", "held", "place", "id"),
            postgresql_where=_OPEN,
        ),
        Index("ix_failures_due", "group_id", "due_at", postgresql_where=_OPEN),
        Index("ix_failures_first_due", "due_at", postgresql_where=text("ended_at IS NULL AND due_at IS NOT NULL")),
        Index("ix_failures_look", "group_id", "next_look_at", postgresql_where=_LOOKED_AT),
        Index("ix_failures_owner", "owner", postgresql_where=text("ended_at IS NULL AND owner <> ''")),
        Index("ix_failures_ended", "group_id", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index("ix_failures_item", "item_id"),
        Index("ix_failures_case", "case_id"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    group_id: uuid.UUID = Field(foreign_key="failure_groups.id")
    key: str
    item_id: uuid.UUID = Field(foreign_key="work_items.id")
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id")
    file_id: uuid.UUID | None = Field(default=None, foreign_key="entry_files.id")
    journey: str = ""
    tier: str = ""
    customer_no: str = ""
    due_at: datetime | None = maybe_moment()
    priority: Priority = choice(Priority)
    code: str
    failure_class: FailureClass = choice(FailureClass)
    standing: Standing = choice(Standing)
    held: bool = False
    review: Review = choice(Review)
    owner: str = ""
    screen: str = ""
    step: str = ""
    message: str = ""
    attempt_id: uuid.UUID | None = Field(default=None, foreign_key="attempts.id")
    bot_version: str = ""
    times: int = 0
    next_look_at: datetime | None = maybe_moment()
    place: datetime = moment()
    opened_at: datetime = moment()
    changed_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()
    ending: str = ""
    ended_by: str = ""


class FailureCount(SQLModel, table=True):
    """How many open failures of a group are of one kind: kept with each change, so that no list has to count."""

    __tablename__ = "failure_counts"
    __table_args__ = (Index("ix_failure_counts_journey", "journey"), Index("ix_failure_counts_tier", "tier"))

    group_id: uuid.UUID = Field(foreign_key="failure_groups.id", primary_key=True)
    journey: str = Field(primary_key=True)
    tier: str = Field(primary_key=True)
    standing: str = Field(primary_key=True)
    held: bool = Field(primary_key=True)
    n: int = 0


class FailureHour(SQLModel, table=True):
    """How often a group's failure happened in one hour (by UTC)."""

    __tablename__ = "failure_hours"
    __table_args__ = (Index("ix_failure_hours", "hour", postgresql_include=["group_id", "n"]),)

    group_id: uuid.UUID = Field(foreign_key="failure_groups.id", primary_key=True)
    hour: datetime = Field(primary_key=True, sa_type=moment().sa_type)
    n: int = 0


class FailureMerge(SQLModel, table=True):
    """Somebody said that two groups are one; undone, the merged one has its own failures again.

    `into_first_seen`, `into_last_seen`: when the other one was seen before it was merged into.
    """

    __tablename__ = "failure_merges"

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    group_id: uuid.UUID = Field(foreign_key="failure_groups.id", index=True)
    into_id: uuid.UUID = Field(foreign_key="failure_groups.id", index=True)
    by: str
    at: datetime = moment()
    why: str
    undone_at: datetime | None = maybe_moment()
    undone_by: str = ""
    into_first_seen: datetime | None = maybe_moment()
    into_last_seen: datetime | None = maybe_moment()


class FailureAct(SQLModel, table=True):
    """Who did what to a group or to one failure of it: its history."""

    __tablename__ = "failure_acts"
    __table_args__ = (Index("ix_failure_acts", "group_id", "at"), Index("ix_failure_acts_at", "at"))

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    group_id: uuid.UUID = Field(foreign_key="failure_groups.id")
    failure_id: uuid.UUID | None = Field(default=None, foreign_key="failures.id")
    by: str
    at: datetime = moment()
    what: str
    data: dict[str, Any] = document()
