"""Notes for programs: a call or a chat is put on its case's timeline, once, and whoever has the case is told."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict

from console import case_view
from console.access import NotesOnCases, Parts
from console.problems import ErrorAnswer, Problem, not_found
from records import notes
from records.notes import Note, NoteKind

router = APIRouter(prefix="/api/cases", tags=["cases"])


class NoteAnswer(BaseModel):
    """The note as it was kept."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    case_number: str
    kind: NoteKind
    by: str
    at: datetime


@router.post("/{number}/notes", status_code=201, responses={409: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}})
async def create(
    response: Response,
    parts: Parts,
    person: NotesOnCases,
    number: str,
    note: Note,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> NoteAnswer:
    """Put a note of a call (`phone`), a `chat` with its transcript, a `mail` or an `internal` word on a case.

    With the same `Idempotency-Key` it counts once: 200 with the note that is there; 409 when that says something else.
    """
    async with parts.database.session() as session:
        case = await case_view.by_number(session, number)
        if case is None:
            raise not_found("Case", number)
        kept, new = await notes.keep(session, case.id, note, by=person.email, key=idempotency_key, now=parts.clock())
    if not new:
        response.status_code = 200
        if not notes.same(kept, note):
            raise Problem(
                409, "key_used", "This Idempotency-Key was used for another note.", kept="Nothing was changed."
            )
    return NoteAnswer(id=kept.id, case_number=number, kind=NoteKind(kept.kind), by=kept.by, at=kept.at)
