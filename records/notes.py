"""Notes of calls and chats: on the case's timeline once, and told to whoever has the case."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.inert import visible
from records import hearing
from records.events import Happened, append
from records.hearing import Heard
from records.received_mail import CaseNote


class NoteKind(StrEnum):
    """How it was said; an internal note is between colleagues, and wakes nobody."""

    PHONE = "phone"
    CHAT = "chat"
    MAIL = "mail"
    INTERNAL = "internal"


class Said(BaseModel):
    """One line of a chat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str = Field(min_length=1, max_length=80)
    text: str = Field(max_length=4000)
    at: AwareDatetime | None = None


class Note(BaseModel):
    """What was said: in a few words, and word for word where it was a chat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: NoteKind
    text: str = Field(min_length=1, max_length=4000)
    transcript: tuple[Said, ...] = Field(default=(), max_length=200)


async def keep(
    session: AsyncSession, case_id: uuid.UUID, note: Note, *, by: str, key: str, now: datetime
) -> tuple[CaseNote, bool]:
    """Keep a note with its event and what the handoff must hear; False beside it when `key` was there before."""
    row = CaseNote(
        case_id=case_id,
        key=key or uuid.uuid4().hex,
        kind=note.kind.value,
        text=visible(note.text),
        transcript=_transcript(note),
        by=by,
        at=now,
    )
    statement = insert(CaseNote).values(**row.model_dump()).on_conflict_do_nothing(constraint="uq_case_notes_key")
    made = await (await session.connection()).execute(statement.returning(col(CaseNote.id)))
    if made.scalar_one_or_none() is None:
        found = select(CaseNote).where(CaseNote.case_id == case_id, CaseNote.key == key)
        return (await session.exec(found)).one(), False
    data = {"note": row.kind, "text": row.text, "transcript": row.transcript, "id": str(row.id)}
    await append(session, case_id, now, Happened(name="case.noted", actor=by, data=data))
    if note.kind is not NoteKind.INTERNAL:
        handoff_id = await hearing.open_handoff(session, case_id)
        if handoff_id is not None:
            heard = Heard(kind="reply", id=f"note/{row.id}", by="customer", text=row.text)
            await hearing.tell(session, case_id, handoff_id, heard, now)
    return row, True


def same(kept: CaseNote, note: Note) -> bool:
    """Whether a note that is there says what this one says."""
    return (kept.kind, kept.text, kept.transcript) == (note.kind.value, visible(note.text), _transcript(note))


def _transcript(note: Note) -> list[dict[str, Any]]:
    return [
        {**line.model_dump(mode="json"), "who": visible(line.who), "text": visible(line.text)}
        for line in note.transcript
    ]
