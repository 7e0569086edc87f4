"""Files of work: uploaded, checked at once, looked at; bad rows go back as a file; nothing starts by looking."""

import asyncio
import hashlib
import uuid
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from console import booking_page, file_kinds, intake_file, start_page, workbook
from console.access import Parts, StartsWork
from console.collaborators import Collaborators
from console.file_kinds import KINDS, FileKind
from console.file_starts import FileStarts
from console.intake_file import FileRefused, Guess, Reading
from console.pages import go, page
from console.problems import not_found
from console.routes.failed_deliveries import form_id
from handoff import booking, failed_delivery
from records import file_withdrawal, intake_files
from records.access import Person
from records.intake_files import Fate, NewRow
from records.people import Role
from records.submission import IntakeFile

router = APIRouter(prefix="/files")

PAGE = 50
SHOWN: dict[str, tuple[Fate, ...]] = {
    "bad": (Fate.BAD,),
    "new": (Fate.NEW,),
    "repeated": (Fate.REPEATED,),
    "known": (Fate.KNOWN,),
    "handed-in": (Fate.STARTED, Fate.SAME, Fate.PROPOSED),
    "dropped": (Fate.DROPPED,),
    "all": tuple(Fate),
}


@router.get("")
async def listing(request: Request, parts: Parts, _person: StartsWork, before: datetime | None = None) -> Response:
    """Every file, the newest first, with its progress."""
    async with parts.database.session() as session:
        files = await intake_files.latest(session, limit=PAGE + 1, before=before)
        more, files = len(files) > PAGE, files[:PAGE]
        counts = await intake_files.counts(session, *(file.id for file in files))
    older = quote(files[-1].uploaded_at.isoformat()) if more else ""
    return page(request, "files/list.html", files=files, counts=counts, older=older, kinds=KINDS)


@router.get("/templates/{journey}.csv")
async def template(_person: StartsWork, journey: str) -> Response:
    """An empty CSV file with the journey's columns."""
    return _download(file_kinds.template(kind_of(journey)), f"{journey}.csv", "text/csv; charset=utf-8")


@router.get("/templates/{journey}.xlsx")
async def template_workbook(_person: StartsWork, journey: str) -> Response:
    """The same as an Excel workbook."""
    return _download(workbook.write(list(kind_of(journey).titles.values())), f"{journey}.xlsx", workbook.TYPE)


@router.post("")
async def check(
    request: Request,
    parts: Parts,
    person: StartsWork,
    file: Annotated[UploadFile, File()],
    key: Annotated[str, Form()] = "",
    journey: Annotated[str, Form()] = failed_delivery.JOURNEY,
) -> Response:
    """Read and check a file and keep what was found; nothing starts and nobody is told."""
    kind, data = kind_of(journey), await file.read()
    try:
        # In a thread: 5,000 rows take half a second in which everybody else would wait.
        reading = await asyncio.to_thread(intake_file.read, data, kind.sheet(parts.clock().date()))
    except FileRefused as refusal:
        said = (str(refusal), refusal.todo)
        if journey == booking.JOURNEY:
            return booking_page.draw(request, parts, {}, (), refusal=said)
        return await start_page.draw(request, parts, person, refusal=said)
    kept = IntakeFile(
        id=form_id(person.id, key, f"{journey}/{hashlib.sha256(data).hexdigest()}"),
        journey=journey,
        name=(file.filename or "file.csv")[-120:],
        uploaded_by=person.email,
        uploaded_at=parts.clock(),
        guess=reading.guess.model_dump(mode="json"),
        columns=list(reading.columns),
    )
    async with parts.database.session() as session:
        if await intake_files.find(session, kept.id) is None:
            await intake_files.keep(session, kept, _rows(reading))
    return go(f"/files/{kept.id}")


@router.get("/{file_id}")
async def one(
    request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID, show: str = "", after: int = 0
) -> Response:
    """What was found in the file: how it was read, how many rows are what, and each row with its reason."""
    file = await find(parts, file_id)
    async with parts.database.session() as session:
        counts = (await intake_files.counts(session, file_id))[file_id]
        show = show if show in SHOWN else _first(counts)
        rows = await intake_files.page(session, file_id, fates=SHOWN[show], after=after, limit=PAGE + 1)
        withdrawing = await file_withdrawal.progress(session, file)
    starts: FileStarts = request.app.state.file_starts
    guess = Guess.model_validate(file.guess)
    return page(
        request,
        "files/file.html",
        file=file,
        guess=guess,
        kind=KINDS[file.journey],
        counts=counts,
        tabs=[(name, counts.of(*fates)) for name, fates in SHOWN.items()],
        show=show,
        after=after,
        rows=rows[:PAGE],
        places=_places(file, guess),
        next=rows[PAGE - 1].number if len(rows) > PAGE else 0,
        running=starts.running(file_id) and file.withdrawn_at is None,
        withdrawing=withdrawing,
        may_withdraw=may_withdraw(file, person),
    )


@router.get("/{file_id}/bad-rows.csv")
async def bad_rows(parts: Parts, _person: StartsWork, file_id: uuid.UUID) -> Response:
    """The bad rows as a file of the same columns, with a reason each; mend and upload it."""
    file = await find(parts, file_id)
    async with parts.database.session() as session:
        rows = await intake_files.page(session, file_id, fates=(Fate.BAD,), limit=intake_file.MOST_ROWS)
    delimiter = Guess.model_validate(file.guess).delimiter
    data = intake_file.write(file.columns, delimiter, [(row.cells, row.problem or "") for row in rows])
    name = quote(file.name.rpartition(".")[0] or file.name)
    return _download(data, f"{name}-bad-rows.csv", "text/csv; charset=utf-8")


def may_withdraw(file: IntakeFile, person: Person) -> bool:
    """Whether this person may take this file back; each of its cases checks the same once more."""
    own = person.email == file.uploaded_by or person.role is Role.SUPERVISOR
    return own and file.withdrawn_at is None


async def find(parts: Collaborators, file_id: uuid.UUID) -> IntakeFile:
    """The file; 404 when it is not here."""
    async with parts.database.session() as session:
        file = await intake_files.find(session, file_id)
    if file is None:
        raise not_found("This file")
    return file


def kind_of(journey: str) -> FileKind:
    """What a file of this journey holds; 404 when it takes none."""
    if journey not in KINDS:
        raise not_found("A journey of this name that takes a file")
    return KINDS[journey]


def _download(data: bytes, name: str, media_type: str) -> Response:
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, media_type=media_type, headers=disposition)


def _first(counts: intake_files.FileCounts) -> str:
    """What is worth seeing first: what is wrong, else what became of it, else what would start."""
    if counts.of(Fate.BAD):
        return "bad"
    return "handed-in" if counts.handed_in else "all"


def _places(file: IntakeFile, guess: Guess) -> list[tuple[str, int]]:
    """The fields and where they stand, in the file's own order (a JSON document in the database forgets it)."""
    places = ((name, file.columns.index(heading)) for name, heading in guess.mapped.items())
    return sorted(places, key=lambda found: found[1])


def _rows(reading: Reading) -> list[NewRow]:
    return [
        NewRow(
            number=row.number,
            cells=row.cells,
            content=row.report.model_dump(mode="json") if row.report else None,
            problem=row.problem,
            key=row.key,
            repeats=row.repeats,
        )
        for row in reading.rows
    ]
