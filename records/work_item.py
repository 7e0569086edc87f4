"""Work items, their revisions and their attempts; written by whoever holds the fence."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core.work_item import Kind, Priority, State
from records.base import choice, document, maybe_document, maybe_moment, moment
from systems.base import PRODUCTION


class WorkItem(SQLModel, table=True):
    """One intended effect on one system.

    Its identity is (system, environment, operation, target_key, occurrence); a second row with the same identity is
    impossible.
    `fence` only grows, and every write names the fence it holds. `reference` is what our bots type into the record.
    `before` is the image of a change's fields at intent; in a conflict `wanted` is what we would have there and `seen`
    what stands there. `parts_done` commits of its entry are in. `doubts` counts how often nobody had seen the outcome,
    `reentries` how often this revision was entered once more by itself after a look. `proposed` is other content for
    the same intent that nobody asked for. `watched`: the form as a bot `filled` it is `approved` by a person before the
    click. `signature` names its group of failures while one of it is open. `held_by` has it, to key it by hand, until
    `held_until` by the database's clock. `held_behind` is the hold of its operation that it stands in line behind;
    `through_hold`: it may pass all the same. `place` is where it stands in the original order, where that is not when
    it was made: a row of a file. The line of the hold `let_go_from` was left at `let_go_at`.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        UniqueConstraint(
            "system", "environment", "operation", "target_key", "occurrence", name="uq_work_items_identity"
        ),
        Index(
            "ix_work_items_in_doubt",
            "system",
            "environment",
            "target_key",
            postgresql_where="state IN ('submitting', 'unknown')",
        ),
        Index("ix_work_items_in_line", "held_behind", "created_at", postgresql_where=text("held_behind IS NOT NULL")),
        Index("ix_work_items_record", "system", "environment", "target_key", postgresql_where=text("ended_at IS NULL")),
        Index("ix_work_items_let_go", "let_go_from", postgresql_where=text("let_go_from IS NOT NULL")),
        Index("ix_work_items_open", "case_id", postgresql_where="ended_at IS NULL"),
        Index("ix_work_items_state", "state", "updated_at"),
        Index("ix_work_items_done", "system", "environment", "ended_at", "id", postgresql_where=text("state = 'done'")),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    system: str
    operation: str
    kind: Kind = choice(Kind)
    target_key: str
    occurrence: str
    reference: str = Field(unique=True)
    state: State = choice(State)
    fence: int = Field(default=0, sa_type=BigInteger)
    revision: int = 1
    route: str = "bot"
    priority: Priority = choice(Priority, default=Priority.NORMAL)
    environment: str = PRODUCTION
    parts_done: int = 0
    doubts: int = 0
    reentries: int = 0
    before: dict[str, Any] | None = maybe_document()
    wanted: dict[str, Any] | None = maybe_document()
    seen: dict[str, Any] | None = maybe_document()
    proposed: dict[str, Any] | None = maybe_document()
    watched: bool = False
    filled: dict[str, Any] | None = maybe_document()
    approved: dict[str, Any] | None = maybe_document()
    held_by: uuid.UUID | None = Field(default=None, foreign_key="users.id")
    held_until: datetime | None = maybe_moment()
    held_behind: uuid.UUID | None = Field(default=None, foreign_key="operation_holds.id")
    through_hold: bool = False
    place: datetime | None = maybe_moment()
    let_go_from: uuid.UUID | None = Field(default=None, foreign_key="operation_holds.id")
    let_go_at: datetime | None = maybe_moment()
    attempts: int = 0
    lease_holder: str | None = None
    lease_until: datetime | None = maybe_moment()
    wait_kind: str = "nothing"
    wait_since: datetime = moment()
    next_look_at: datetime | None = maybe_moment()
    confirmation: str | None = None
    result: dict[str, Any] | None = maybe_document()
    adopted: bool = False
    code: str = ""
    signature: str = ""
    differences: list[Any] | None = maybe_document()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()


class WorkItemRevision(SQLModel, table=True):
    """One version of an item's content: who wrote it, when and why. Old ones stay."""

    __tablename__ = "work_item_revisions"

    item_id: uuid.UUID = Field(foreign_key="work_items.id", primary_key=True)
    number: int = Field(primary_key=True)
    content: dict[str, Any] = document()
    content_hash: str
    author: str
    why: str = ""
    at: datetime = moment()


class ItemPart(SQLModel, table=True):
    """One commit of an item that is in: what the system confirmed, and whether it was there already."""

    __tablename__ = "item_parts"

    item_id: uuid.UUID = Field(foreign_key="work_items.id", primary_key=True)
    number: int = Field(primary_key=True)
    name: str
    title: str
    confirmation: str | None = None
    result: dict[str, Any] | None = maybe_document()
    adopted: bool = False
    at: datetime = moment()


class Attempt(SQLModel, table=True):
    """One try at an item: where it ran, in which browser, how far it came and how it ended.

    `dead_since`: since when nothing acts for it any more, by its own word or because its browser or process is proven
    dead; the settle window of an *unknown* counts from there. `part` is the commit it clicked for last, `confirmation`
    the system's answer to that click.
    """

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("item_id", "fence", name="uq_attempts_fence"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    item_id: uuid.UUID = Field(foreign_key="work_items.id")
    number: int
    purpose: str = "enter"
    fence: int = Field(sa_type=BigInteger)
    revision: int = 1
    route: str = "bot"
    bot_version: str = ""
    host: str = ""
    boot_id: str = ""
    pid_space: str = ""
    worker_pid: int | None = None
    worker_started: float | None = None
    browser_pid: int | None = None
    browser_started: float | None = None
    account: str = ""
    step: str = ""
    started_at: datetime = moment()
    seen_at: datetime | None = maybe_moment()
    submitted_at: datetime | None = maybe_moment()
    dead_since: datetime | None = maybe_moment()
    part: int = 0
    confirmation: str | None = None
    ended_at: datetime | None = maybe_moment()
    outcome: str = ""
    code: str = ""
    detail: str = ""
    steps: list[Any] | None = maybe_document()
