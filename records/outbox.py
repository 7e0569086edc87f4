"""What Temporal must be told once it answers: written with the record it is about, in one transaction."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core import tracing
from records.base import document, maybe_moment, moment

CHANNEL = "baton_outbox"
"""NOTIFY channel that wakes the relay."""


class OutboxRow(SQLModel, table=True):
    """A workflow to start: its type, id, task queue and JSON argument, so that the relay needs no workflow class.

    With a `signal` it is something to tell a workflow that runs already, under that name; `key` makes it the same one
    when it is written twice (the id of a message or of a question). With an `update` it is a person's act that waits
    (`records/waiting_acts.py`), and `key` the id of that Update. `traceparent` is the span that it was written under.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "next_try_at", postgresql_where=text("sent_at IS NULL")),
        Index("uq_outbox_workflow", "workflow_id", "run", "signal", "key", unique=True),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    case_id: uuid.UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    workflow_type: str
    workflow_id: str
    run: int = 1
    signal: str = ""
    update: str = ""
    key: str = ""
    task_queue: str
    argument: dict[str, Any] = document()
    traceparent: str = Field(default_factory=tracing.traceparent, sa_column_kwargs={"server_default": ""})
    created_at: datetime = moment()
    next_try_at: datetime = moment()
    tries: int = 0
    last_error: str = ""
    sent_at: datetime | None = maybe_moment()


async def begins(session: AsyncSession, workflow_id: str) -> bool:
    """Whether that workflow is still to be started."""
    waits = select(OutboxRow.id).where(
        OutboxRow.workflow_id == workflow_id,
        OutboxRow.signal == "",
        OutboxRow.update == "",
        col(OutboxRow.sent_at).is_(None),
    )
    return (await session.exec(waits.limit(1))).first() is not None
