"""What a handoff must hear: an answer or a message, written with its record; the relay carries it to the workflow."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.states import OPEN
from records.access import Action, may
from records.case import Case
from records.handoff import Handoff
from records.outbox import CHANNEL, OutboxRow
from records.people import Role, User
from records.told import Tell
from records.told import tell as tell_people

SIGNAL = "heard"
LEFT = "left"
OUTAGE = "outage"
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
    await _write(session, _row(case_id, handoff_id, SIGNAL, heard.id, told.model_dump(mode="json"), now))


async def tell_of_leavers(session: AsyncSession, now: datetime) -> int:
    """Have every open handoff told whose holder, or whom it is offered to, can take no cases; how many there are.

    `seq` in the key: a word that was carried out has moved it, and the same person may come to it once more.
    """
    may_take = [role for role in Role if may(role, Action.PICK_UP)]
    gone = select(User.email).where(or_(col(User.disabled_at).is_not(None), col(User.role).not_in(may_take)))
    still_open = col(Handoff.ended_at).is_(None)
    held = select(Handoff, Handoff.picked_up_by).where(still_open, col(Handoff.picked_up_by).in_(gone))
    given = select(Handoff, Handoff.assigned_to).where(still_open, col(Handoff.assigned_to).in_(gone))
    found = [*(await session.exec(held)).all(), *(await session.exec(given)).all()]
    told = 0
    for handoff, email in found:
        argument = {"email": email, "why": "takes no cases any more"}
        row = _row(handoff.case_id, handoff.id, LEFT, f"left/{email}/{handoff.seq}", argument, now)
        told += await _write(session, row)
    return told


async def tell_of_outage(
    session: AsyncSession, case_id: uuid.UUID, handoff_id: uuid.UUID, word: dict[str, Any], now: datetime
) -> None:
    """Have the handoff's workflow told that a system is in its way, or no longer."""
    key = f"outage/{word['key']}/{word['what']}"
    await _write(session, _row(case_id, handoff_id, OUTAGE, key, word, now))


async def nobody_heard(session: AsyncSession, row: OutboxRow, now: datetime) -> None:
    """What came for a handoff that nothing carries any more: whoever had it last is told, else who leads its queue."""
    handoff = await session.get(Handoff, uuid.UUID(row.workflow_id.removeprefix("handoff/")))
    if handoff is None:
        return
    case, last = await session.get_one(Case, handoff.case_id), handoff.picked_up_by or handoff.completed_by
    there = select(User.email).where(User.email == last, col(User.disabled_at).is_(None))
    to = f"person:{last}" if (await session.exec(there)).first() else f"lead:{handoff.queue}"
    said = "somebody wrote or answered, and nobody works on it: read it on the timeline."
    told = Tell(
        kind="answered",
        occurrence=f"{handoff.id}/gone/{row.key}",
        to=to,
        text=f"{case.number}: {said}",
        path=f"/cases/{case.number}",
        case_id=case.id,
        handoff_id=handoff.id,
    )
    await tell_people(session, now, told)


def _row(
    case_id: uuid.UUID, handoff_id: uuid.UUID, signal: str, key: str, argument: dict[str, Any], now: datetime
) -> OutboxRow:
    return OutboxRow(
        case_id=case_id,
        workflow_type="HandoffWorkflow",
        workflow_id=f"handoff/{handoff_id}",
        signal=signal,
        key=key,
        task_queue="",  # a signal goes to what runs already
        argument=argument,
        created_at=now,
        next_try_at=now,
    )


async def _write(session: AsyncSession, row: OutboxRow) -> bool:
    connection = await session.connection()
    once = insert(OutboxRow).values(**row.model_dump()).on_conflict_do_nothing().returning(col(OutboxRow.id))
    made = (await connection.execute(once)).first() is not None
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return made
