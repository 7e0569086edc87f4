"""Mails to customers: a row before anything is sent, one try, and *unknown* when nobody saw whether it went."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from records.base import choice, maybe_moment, moment


class NoticeState(StrEnum):
    """Where a notice stands; an unknown one is shown and never sent again blindly."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Notice(SQLModel, table=True):
    """One message to a customer; `message_id` is the mail's own, so that a second sending could be recognised.

    `tries` counts how often the mail server was called; since `held_at` the mail waits for that server.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_outage",
            "created_at",
            postgresql_where=text("occurrence LIKE 'outage/%'"),
        ),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id", index=True)
    occurrence: str = Field(unique=True)
    recipient: str
    subject: str
    body: str
    message_id: str = Field(unique=True)
    state: NoticeState = choice(NoticeState)
    code: str = ""
    created_at: datetime = moment()
    tries: int = 0
    held_at: datetime | None = maybe_moment()
    sent_at: datetime | None = maybe_moment()
