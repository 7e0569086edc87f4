"""Plain entry for programs: a file in, how it stands, start, hold and withdraw."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Header, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from console.access import Parts, SeesCases, StartsWork
from console.collaborators import Collaborators
from console.intake_file import FileRefused
from console.problems import ErrorAnswer, Problem
from console.routes import entry_acts
from console.routes.entries import find, keep, wanted
from core.work_item import Priority
from records.entry_files import Fate
from workflows.acts import Act, Told, WithdrawRest

router = APIRouter(prefix="/api/entries", tags=["intake"])


class FileAnswer(BaseModel):
    """How a file stands: its rows by what became of them, and when the rest is entered at the present rate."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    system: str
    operation: str
    environment: str
    priority: Priority
    name: str
    state: str
    uploaded_by: str
    uploaded_at: datetime
    started_at: datetime | None
    rows: dict[str, int]
    finish: datetime | None
    closed_until: datetime | None
    url: str


class StartAsked(BaseModel):
    """Which repeated rows are to be entered as well; none when left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repeated: bool = False
    known: bool = False


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=3, max_length=500)


@router.post("", status_code=201, responses={413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}})
async def check(
    parts: Parts,
    person: StartsWork,
    system: Annotated[str, Form()],
    operation: Annotated[str, Form()],
    file: Annotated[UploadFile, File()],
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> FileAnswer:
    """Check a CSV file of an operation's rows and keep it; nothing is entered before it is started."""
    try:
        kept = await keep(parts, person, wanted(system, operation), file, idempotency_key)
    except FileRefused as refusal:
        raise Problem(422, "file_refused", str(refusal), kept="Nothing was kept.", todo=refusal.todo) from None
    return await _answer(parts, kept.id)


@router.get("/{file_id}")
async def one(parts: Parts, _person: SeesCases, file_id: uuid.UUID) -> FileAnswer:
    """How a file stands now."""
    return await _answer(parts, file_id)


@router.post("/{file_id}/starts", status_code=202)
async def start(parts: Parts, person: StartsWork, file_id: uuid.UUID, asked: StartAsked | None = None) -> FileAnswer:
    """Have its new rows entered; asked again it changes nothing."""
    wishes = asked or StartAsked()
    also = tuple(fate for fate, wish in ((Fate.REPEATED, wishes.repeated), (Fate.KNOWN, wishes.known)) if wish)
    await entry_acts.begin(parts, file_id, person.email, also)
    return await _answer(parts, file_id)


@router.post("/{file_id}/pauses", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def pause(
    parts: Parts, person: StartsWork, file_id: uuid.UUID, idempotency_key: Annotated[str, Header(max_length=200)] = ""
) -> Told:
    """Begin no further row for now."""
    return await entry_acts.tell(parts, file_id, "pause", Act(by=person.id), idempotency_key)


@router.post("/{file_id}/resumptions", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def resume(
    parts: Parts, person: StartsWork, file_id: uuid.UUID, idempotency_key: Annotated[str, Header(max_length=200)] = ""
) -> Told:
    """Go on with the next row."""
    return await entry_acts.tell(parts, file_id, "resume", Act(by=person.id), idempotency_key)


@router.post("/{file_id}/withdrawals", responses={409: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def withdraw(
    parts: Parts,
    person: StartsWork,
    file_id: uuid.UUID,
    why: Reason,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Told:
    """Take back every row that was not begun."""
    act = WithdrawRest(by=person.id, reason=why.reason)
    return await entry_acts.tell(parts, file_id, "withdraw_rest", act, idempotency_key)


async def _answer(parts: Collaborators, file_id: uuid.UUID) -> FileAnswer:
    shown = await find(parts, file_id)
    file = shown.file
    return FileAnswer(
        **file.model_dump(include=set(FileAnswer.model_fields) - {"rows", "finish", "closed_until", "url", "priority"}),
        priority=Priority.BULK,
        rows={fate.value: count for fate, count in shown.counts.by_fate.items()},
        finish=shown.finish,
        closed_until=shown.closed_until,
        url=f"{parts.settings.console_url}/entries/{file.id}",
    )
