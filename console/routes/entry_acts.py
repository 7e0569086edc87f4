"""What a person does with a file of plain entry: start it, hold it, go on, withdraw its rest, take its results."""

import uuid
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from console import entry_page, entry_sheet, intake_file, telling, words
from console.access import Parts, SeesCases, StartsWork
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.intake_file import Guess
from console.kept import KeepsTyped
from console.pages import go
from console.problems import Problem
from console.routes.entries import find
from records import entry_files
from records.entry_files import Fate, RowSeen
from workflows.acts import Act, Told, WithdrawRest

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/entries/{file_id}", route_class=KeepsTyped)


class Why(BaseModel):
    """Why the rest is withdrawn."""

    model_config = ConfigDict(frozen=True)

    reason: str = Field(title="Reason", min_length=3, max_length=500)


@router.post("/starts")
async def start(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """Have the new rows entered, with the repeated ones when they are ticked; pressed twice it is one start."""
    form = await typed(request)
    also = tuple(fate for fate in (Fate.REPEATED, Fate.KNOWN) if form.get(fate.value))
    return go(f"/entries/{file_id}", await begin(parts, file_id, person.email, also))


async def begin(parts: Collaborators, file_id: uuid.UUID, by: str, also: tuple[Fate, ...]) -> str:
    """Start a file; what to say about it."""
    await find(parts, file_id)
    async with parts.database.session() as session:
        count = await entry_files.start(session, file_id, by, parts.clock(), also=also)
    if not count:
        return "Nothing was started: the file has started already, or no row of it is new."
    log.info("entries.kept", correlation=entry_files.workflow_id(file_id), rows=count)
    return f"Started: {count:,} {'row goes' if count == 1 else 'rows go'} to the bots."


@router.post("/pauses")
async def pause(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """Begin no further row for now."""
    told = await tell(parts, file_id, "pause", Act(by=person.id), (await typed(request)).get("key", ""))
    return go(f"/entries/{file_id}", told.message)


@router.post("/resumptions")
async def resume(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """Go on with the next row."""
    told = await tell(parts, file_id, "resume", Act(by=person.id), (await typed(request)).get("key", ""))
    return go(f"/entries/{file_id}", told.message)


@router.post("/withdrawals")
async def withdraw(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """Take back every row that was not begun, with a reason."""
    form = await typed(request)
    why, errors = check(Why, form)
    if why is None:
        return go(f"/entries/{file_id}", f"Not withdrawn. The reason: {errors[0].message}", "bad")
    act = WithdrawRest(by=person.id, reason=why.reason)
    return go(f"/entries/{file_id}", (await tell(parts, file_id, "withdraw_rest", act, form.get("key", ""))).message)


async def tell(parts: Collaborators, file_id: uuid.UUID, update: str, act: Act, key: str) -> Told:
    """A person's word to the file's workflow. Raises Problem, as for a file that has not begun yet."""
    await find(parts, file_id)
    try:
        return await telling.tell(parts, entry_files.workflow_id(file_id), update, act, key or new_key())
    except Problem as problem:
        if problem.code != "not_running":
            raise
        message = "This file does not run: it has not begun yet, or nothing of it is left to begin."
        raise Problem(409, "not_running", message, kept="Nothing was changed.") from None


@router.get("/bad-rows.csv")
async def bad_rows(parts: Parts, _person: SeesCases, file_id: uuid.UUID) -> Response:
    """The bad rows as a file of the same columns, with what is wrong by column; mend and upload it."""
    shown = await find(parts, file_id)
    titles = entry_sheet.titles(shown.operation)
    async with parts.database.session() as session:
        rows = await entry_files.page(session, file_id, fates=(Fate.BAD,), limit=entry_sheet.MOST_ROWS)
    told = ((row.cells, _wrong(row, titles)) for row in rows)
    delimiter = Guess.model_validate(shown.file.guess).delimiter
    return _csv(shown.file.name, "bad-rows", intake_file.write(shown.file.columns, delimiter, told))


@router.get("/results.csv")
async def results(parts: Parts, _person: SeesCases, file_id: uuid.UUID) -> Response:
    """Every row with its reference, confirmation, state and reason; nothing in it runs as a formula."""
    shown = await find(parts, file_id)
    async with parts.database.session() as session:
        rows = await entry_files.page(session, file_id, limit=entry_sheet.MOST_ROWS)
    delimiter, titles = Guess.model_validate(shown.file.guess).delimiter, entry_sheet.titles(shown.operation)
    columns = ["row", "reference", "confirmation", "state", *shown.file.columns]
    return _csv(shown.file.name, "results", intake_file.write(columns, delimiter, _results(rows, titles)))


def _results(rows: Iterable[RowSeen], titles: Mapping[str, str]) -> Iterable[tuple[list[str], str]]:
    for row in rows:
        state = row.state.value if row.state is not None else row.fate.value
        yield [str(row.number), row.reference, row.confirmation, state, *row.cells], reason(row, titles)


def reason(row: RowSeen, titles: Mapping[str, str]) -> str:
    """Why a row stands as it does, where that needs saying."""
    if row.problems:
        return _wrong(row, titles)
    if row.code:
        return words.fault(row.code)
    if row.fate is Fate.REPEATED:
        return f"The same as row {row.repeats}."
    if row.adopted:
        return "Found on the screen, not entered again."
    return entry_page.FATES[row.fate].text if row.fate in (Fate.KNOWN, Fate.NOT_BEGUN) else ""


def _wrong(row: RowSeen, titles: Mapping[str, str]) -> str:
    named = ((titles.get(problem["field"], problem["field"]), problem["message"]) for problem in row.problems)
    return " ".join(f"{name}: {message}" for name, message in named)


def _csv(file: str, what: str, data: bytes) -> Response:
    name = quote(file.rpartition(".")[0] or file)
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}-{what}.csv"}
    return Response(data, media_type="text/csv; charset=utf-8", headers=disposition)
