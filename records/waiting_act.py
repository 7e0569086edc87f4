"""An act of a person that Temporal could not take at once: kept with who asked, delivered in order, and answered."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Column, Identity, Index, text
from sqlmodel import Field, SQLModel

from records.base import maybe_moment, moment


class WaitingAct(SQLModel, table=True):
    """What somebody asked of a workflow; its outbox row carries it there.

    `place` is the order in which a workflow hears them, `act` the Update's name. `done` and `said` are what the
    workflow answered; until then `settled_at` is empty.
    """

    __tablename__ = "waiting_acts"
    __table_args__ = (
        Index("ix_waiting_acts_open", "workflow_id", "place", postgresql_where=text("settled_at IS NULL")),
        Index("ix_waiting_acts_case", "case_id", postgresql_where=text("settled_at IS NULL")),
    )

    place: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=False), primary_key=True, autoincrement=True)
    )
    outbox_id: uuid.UUID = Field(foreign_key="outbox.id", unique=True)
    workflow_id: str
    act: str
    title: str
    person: str
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id")
    about: str
    path: str
    kept_at: datetime = moment()
    settled_at: datetime | None = maybe_moment()
    done: bool | None = None
    said: str = ""
