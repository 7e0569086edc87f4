"""Plain entry: choose what is to be keyed, upload rows, look at what was found; nothing starts by looking."""

import asyncio
import hashlib
import uuid
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from starlette.responses import Response

from console import entry_page, entry_sheet, intake_file
from console.access import Parts, SeesCases, StartsWork
from console.collaborators import Collaborators
from console.entry_keeping import file_of, rows_of
from console.entry_page import FATES, SHOWN, EntryPage
from console.forms import new_key
from console.intake_file import FileRefused, Guess
from console.pages import go, page
from console.problems import not_found
from console.routes.failed_deliveries import form_id
from records import entry_files, waiting_acts
from records.access import Person
from records.entry_file import EntryFile
from records.entry_files import RowSeen
from systems.base import PRODUCTION, Operation
from systems.seating import Seatings

router = APIRouter(prefix="/entries")
PAGE = 50
PREFIX = "/operations/{system}/{operation}"


def wanted(system: str, operation: str) -> Operation:
    """The operation; 404 when it cannot be entered from a file."""
    found = entry_sheet.find(system, operation)
    if found is None:
        raise not_found("An operation of this name that takes a file")
    return found


Chosen = Annotated[Operation, Depends(wanted)]


@router.get("")
async def listing(request: Request, parts: Parts, _person: SeesCases, before: datetime | None = None) -> Response:
    """What can be entered from a file, and every file, the newest first."""
    async with parts.database.session() as session:
        files = await entry_files.latest(session, limit=PAGE + 1, before=before)
        counts = await entry_files.counts(session, parts.clock(), *files)
    older = quote(files[PAGE - 1].uploaded_at.isoformat()) if len(files) > PAGE else ""
    rows = [(file, counts[file.id], entry_page.look(file, counts[file.id])) for file in files[:PAGE]]
    return page(request, "entries/list.html", rows=rows, older=older, operations=entry_sheet.operations())


@router.get(PREFIX)
async def one_operation(request: Request, parts: Parts, _person: StartsWork, chosen: Chosen) -> Response:
    """The columns of an operation's file, a template of it, and where to upload one."""
    return _operation_page(request, parts, chosen)


@router.get(f"{PREFIX}/template.csv")
async def template(_person: StartsWork, chosen: Chosen) -> Response:
    """An empty file with the operation's columns."""
    head = ",".join(chosen.entry.model_fields)
    name = {"Content-Disposition": f'attachment; filename="{chosen.system}-{chosen.name}.csv"'}
    return Response(b"\xef\xbb\xbf" + head.encode() + b"\r\n", media_type="text/csv; charset=utf-8", headers=name)


@router.post(PREFIX)
async def check(
    request: Request,
    parts: Parts,
    person: StartsWork,
    chosen: Chosen,
    file: Annotated[UploadFile, File()],
    key: Annotated[str, Form()] = "",
) -> Response:
    """Read and check a file and keep what was found; nothing is entered by that."""
    try:
        kept = await keep(parts, person, chosen, file, key)
    except FileRefused as refusal:
        return _operation_page(request, parts, chosen, (str(refusal), refusal.todo))
    return go(f"/entries/{kept.id}")


@router.get("/{file_id}")
async def one(
    request: Request, parts: Parts, _person: SeesCases, file_id: uuid.UUID, show: str = "", after: int = 0
) -> Response:
    """What was found in the file, what is keyed, and what became of each row."""
    shown = await find(parts, file_id)
    show = show if show in SHOWN else entry_page.first(shown.file, shown.counts)
    async with parts.database.session() as session:
        rows = await entry_files.page(session, file_id, fates=SHOWN[show][1], after=after, limit=PAGE + 1)
        waiting = await waiting_acts.of_page(session, f"/entries/{file_id}")
    return page(
        request,
        "entries/file.html",
        waiting=waiting,
        view=shown,
        guess=Guess.model_validate(shown.file.guess),
        titles=entry_sheet.titles(shown.operation),
        fates=FATES,
        show=show,
        after=after,
        rows=[(row, keyed(shown.operation, row)) for row in rows[:PAGE]],
        next=rows[PAGE - 1].number if len(rows) > PAGE else 0,
        key=new_key(),
    )


async def keep(parts: Collaborators, person: Person, operation: Operation, file: UploadFile, key: str) -> EntryFile:
    """Check an uploaded file and keep it, once however often it is sent with the same key. Raises FileRefused."""
    data = await file.read()
    # In a thread: 10,000 rows take a second in which everybody else would wait.
    reading = await asyncio.to_thread(intake_file.read, data, entry_sheet.sheet_of(operation))
    file_id = form_id(person.id, key, f"{operation.system}/{operation.name}/{hashlib.sha256(data).hexdigest()}")
    kept = file_of(file_id, operation, reading, name=file.filename or "", by=person.email, now=parts.clock())
    async with parts.database.session() as session:
        if await entry_files.find(session, kept.id) is None:
            await entry_files.keep(session, kept, rows_of(reading))
    return kept


async def find(parts: Collaborators, file_id: uuid.UUID) -> EntryPage:
    """The file with its counts; 404 when it is not here."""
    now = parts.clock()
    async with parts.database.session() as session:
        file = await entry_files.find(session, file_id)
        if file is None:
            raise not_found("This file")
        counts = (await entry_files.counts(session, now, file))[file.id]
    seating = Seatings(parts.settings.systems_file).of(file.system, file.environment)
    return EntryPage(file, wanted(file.system, file.operation), counts, seating, now)


def keyed(operation: Operation, row: RowSeen) -> list[tuple[str, str]]:
    """Exactly what is keyed for a row, label and text, over all its commits."""
    if row.content is None:
        return []
    entry = operation.entry.model_validate(row.content)
    parts = operation.parts_of(entry)
    several = len(parts) > 1
    record = [("Record", operation.target(entry))]
    return record + [
        (f"{part.title}, {field.label}" if several else field.label, part.image[field.name])
        for part in parts
        for field in part.fields
        if field.name in part.image
    ]


def _operation_page(
    request: Request, parts: Collaborators, operation: Operation, refusal: tuple[str, str] | None = None
) -> Response:
    return page(
        request,
        "entries/operation.html",
        status=422 if refusal else 200,
        operation=operation,
        columns=entry_sheet.wanted(operation),
        most=entry_sheet.MOST_ROWS,
        limits=Seatings(parts.settings.systems_file).of(operation.system, PRODUCTION).sentences,
        refusal=refusal,
        key=new_key(),
    )
