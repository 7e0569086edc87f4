"""An action on many things as it is kept: who asked for what, how far it has come, and what came of each thing."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from records.base import choice, document, maybe_document, maybe_moment, moment


class BulkState(StrEnum):
    """Where a bulk action stands; `docs/bulk.md` says what each means."""

    WAITING_APPROVAL = "waiting_approval"
    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"
    CANCELLED = "cancelled"
    DONE = "done"


class BulkStage(StrEnum):
    """Whether one thing is tried first, or the rest follows."""

    CANARY = "canary"
    REST = "rest"


class BulkFate(StrEnum):
    """What came of one thing. It is *sent* while nobody knows yet."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Proof(StrEnum):
    """When a thing counts as done: once it took the word, or once its entry is in."""

    TOLD = "told"
    ENTERED = "entered"


OVER = frozenset({BulkState.DONE, BulkState.CANCELLED})
"""Nothing more is sent."""


class BulkAction(SQLModel, table=True):
    """One person's word about many things; its workflow (`bulk/<id>`) carries it out and is its only writer.

    `key` is the form's: sent twice it is one action. `selection` is what was asked for, in the words of the page.
    `in_flight` things are on their way at once; `rate_per_minute` 0 means as fast as that allows. After `stop_after`
    failures in a row it halts by itself (0: never); those since `counted_from` count. `counts` is kept once it ended.
    `noted_at` is the last word of its workflow, by Temporal's clock.
    """

    __tablename__ = "bulk_actions"
    __table_args__ = (
        Index("ix_bulk_actions_listed", "asked_at", "id"),
        Index("ix_bulk_actions_open", "state", postgresql_where=text("ended_at IS NULL")),
        Index("ix_bulk_actions_group", "group_id", postgresql_where=text("group_id IS NOT NULL")),
        Index("ix_bulk_actions_problem", "problem_id", postgresql_where=text("problem_id IS NOT NULL")),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    title: str
    why: str = ""
    group_id: uuid.UUID | None = Field(default=None, foreign_key="failure_groups.id")
    problem_id: uuid.UUID | None = Field(default=None, foreign_key="problems.id")
    selection: dict[str, Any] = document()
    asked_by: str
    asked_at: datetime = moment()
    state: BulkState = choice(BulkState)
    state_at: datetime = moment()
    state_by: str = ""
    noted_at: datetime | None = maybe_moment()
    stage: BulkStage = choice(BulkStage)
    proof: Proof = choice(Proof)
    needs_approval: bool = False
    approved_by: str = ""
    approved_at: datetime | None = maybe_moment()
    emergency: bool = False
    said: str = ""
    canary: bool = False
    rate_per_minute: int = 0
    in_flight: int = 1
    stop_after: int = 0
    counted_from: datetime = moment()
    halted_why: str = ""
    total: int = 0
    counts: dict[str, Any] | None = maybe_document()
    started_at: datetime | None = maybe_moment()
    ended_at: datetime | None = maybe_moment()


class BulkItem(SQLModel, table=True):
    """One thing of a bulk action: the Update that is sent for it to which workflow, and what came of it.

    Without a `workflow_id` the `update` names a write of ours (`activities/bulk_writes.py`). `said` is what the person
    reads; it says "going" in other words as long as the state is *sent*. What it is about was read in the transaction
    that wrote it: no foreign keys, which cost a second for ten thousand while somebody waits.
    """

    __tablename__ = "bulk_items"
    __table_args__ = (
        Index("ix_bulk_items_open", "bulk_id", "ordinal", postgresql_where=text("state IN ('waiting', 'sent')")),
        Index("ix_bulk_items_item", "item_id", postgresql_where=text("state IN ('waiting', 'sent')")),
        Index("ix_bulk_items_state", "bulk_id", "state", "ordinal"),
    )

    bulk_id: uuid.UUID = Field(foreign_key="bulk_actions.id", primary_key=True)
    ordinal: int = Field(primary_key=True)
    workflow_id: str = ""
    update: str
    act: dict[str, Any] = document()
    item_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    handoff_id: uuid.UUID | None = None
    failure_id: uuid.UUID | None = None
    label: str = ""
    link: str = ""
    state: BulkFate = choice(BulkFate, default=BulkFate.WAITING)
    said: str = ""
    code: str = ""
    at: datetime | None = maybe_moment()
