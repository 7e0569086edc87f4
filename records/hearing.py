"""What a handoff must hear: an answer or a message, written with its record; the relay carries it to the workflow."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.states import OPEN
from records.handoff import Handoff
from records.outbox import CHANNEL, OutboxRow

SIGNAL = "heard"
LONGEST_TEXT = 2000
"""What a handoff is told of a text; all of it stands in the records."""


class Heard(BaseModel):
    """What came in: `kind` is answer (to a question) or reply, `id` what makes it the same one when it comes again."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["answer", "reply"]
    id: str
    by: str
    text: str


async def open_handoff(session: AsyncSession, case_id: uuid.UUID) -> uuid.UUID | None:
    """The newest handoff of the case in which somebody can still act; one of a stuck entry only where it is alone."""
    found = (
        select(Handoff.id)
        .where(Handoff.case_id == case_id, col(Handoff.state).in_(OPEN))
        .order_by(col(Handoff.kind) == "bot", col(Handoff.offered_at).desc(), col(Handoff.number).desc())
        .limit(1)
    )
    return (await session.exec(found)).first()


async def tell(session: AsyncSession, case_id: uuid.UUID, handoff_id: uuid.UUID, heard: Heard, now: datetime) -> None:
    """Have the handoff's workflow told, once however often this is written."""
    told = heard.model_copy(update={"text": heard.text[:LONGEST_TEXT]})
    row = OutboxRow(
        case_id=case_id,
        workflow_type="HandoffWorkflow",
        workflow_id=f"handoff/{handoff_id}",
        signal=SIGNAL,
        key=heard.id,
        task_queue="",  # a signal goes to what runs already
        argument=told.model_dump(mode="json"),
        created_at=now,
        next_try_at=now,
    )
    connection = await session.connection()
    await connection.execute(insert(OutboxRow).values(**row.model_dump()).on_conflict_do_nothing())
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
