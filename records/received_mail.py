"""What customers write to us: mails as they were taken out of the mailbox, notes of calls and chats, reply tokens."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from records.base import choice, document, maybe_moment, moment


class MailState(StrEnum):
    """Where a received mail stands.

    It was *placed* at its case, *waits* until a person says where it belongs or reads it, was *dismissed* by one, or is
    *automatic*: written by a program, so that nobody waits for an answer.
    """

    PLACED = "placed"
    WAITING = "waiting"
    DISMISSED = "dismissed"
    AUTOMATIC = "automatic"


class ReceivedMail(SQLModel, table=True):
    """One mail, kept once: `fingerprint` is of its Message-ID and content, so that a second reading changes nothing.

    `why` says why it waits; `found_by` what led to its case; `said` is the text without what it quotes; `attachments`
    are names, kinds and ids of evidence. After its time everything that a person wrote is emptied, at `removed_at`.
    """

    __tablename__ = "received_mails"
    __table_args__ = (
        Index("ix_received_mails_waiting", "received_at", postgresql_where="state = 'waiting'"),
        Index("ix_received_mails_kept", "received_at", postgresql_where="removed_at IS NULL"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    fingerprint: str = Field(unique=True)
    message_id: str = Field(index=True)
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    state: MailState = choice(MailState)
    why: str = ""
    found_by: str = ""
    sender: str
    sender_name: str = ""
    subject: str
    text: str
    said: str = ""
    remark: str = ""
    attachments: list[dict[str, Any]] = document()
    raw: uuid.UUID | None = Field(default=None, foreign_key="evidence.id")
    received_at: datetime = moment(index=True)
    settled_by: str | None = None
    settled_at: datetime | None = maybe_moment()
    reason: str = ""
    removed_at: datetime | None = maybe_moment()


class ReplyToken(SQLModel, table=True):
    """The words by which an answer finds its case: opaque, one for each case, in every mail about it."""

    __tablename__ = "reply_tokens"

    case_id: uuid.UUID = Field(foreign_key="cases.id", primary_key=True)
    token: str = Field(unique=True)
    made_at: datetime = moment()


class CaseNote(SQLModel, table=True):
    """What was said on the phone or in a chat, told by a person or a program; `key` keeps a repetition out."""

    __tablename__ = "case_notes"
    __table_args__ = (UniqueConstraint("case_id", "key", name="uq_case_notes_key"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    key: str
    kind: str
    text: str
    transcript: list[dict[str, Any]] = document()
    by: str
    at: datetime = moment()
