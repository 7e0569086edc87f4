"""System changes: somebody says that a legacy system changed; what was entered since is looked at and marked."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from records.base import choice, maybe_moment, moment
from systems.base import PRODUCTION


class SystemChange(SQLModel, table=True):
    """A change of a legacy system: since when (`at`, counted in `time_zone`), what, and who said so.

    It may be noted before or after the fact. `operation` is empty for every one, `screen` where none is named. `key` is
    the form's: pressed twice, it counts once. `revision` grows with every edit; what it was before is in the audit.
    """

    __tablename__ = "system_changes"
    __table_args__ = (
        UniqueConstraint("noted_by", "key", name="uq_system_changes_once"),
        Index("ix_system_changes_at", "at", "id"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    key: str
    system: str
    environment: str = PRODUCTION
    operation: str = ""
    screen: str = ""
    at: datetime = moment()
    time_zone: str = "UTC"
    what: str
    said_by: str
    noted_by: str
    noted_at: datetime = moment()
    revision: int = 1
    edited_by: str = ""
    edited_at: datetime | None = maybe_moment()
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = maybe_moment()
    withdrawn_why: str = ""


class Verdict(StrEnum):
    """What somebody found who compared an entry with its screen."""

    RIGHT = "right"
    WRONG = "wrong"


class ItemMark(SQLModel, table=True):
    """Somebody compared what was entered with what the screen shows, and says whether it is right."""

    __tablename__ = "item_marks"

    change_id: uuid.UUID = Field(foreign_key="system_changes.id", primary_key=True)
    item_id: uuid.UUID = Field(foreign_key="work_items.id", primary_key=True, index=True)
    verdict: Verdict = choice(Verdict)
    by: str
    at: datetime = moment()
    why: str = ""


class ItemSample(SQLModel, table=True):
    """An item that was drawn at random to be looked at; `key` is the form's that asked for it."""

    __tablename__ = "item_samples"

    change_id: uuid.UUID = Field(foreign_key="system_changes.id", primary_key=True)
    item_id: uuid.UUID = Field(foreign_key="work_items.id", primary_key=True, index=True)
    key: str
    drawn_by: str
    drawn_at: datetime = moment()
