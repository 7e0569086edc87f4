"""`baton enter`: rows of a file keyed by bots on one system, as Plain entry in the console takes them."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton import by_whom
from console import entry_sheet, intake_file
from console.entry_keeping import file_of, rows_of
from console.intake_file import FileRefused, Reading
from core import clock
from core.settings import Settings
from records import entry_files
from records.database import Database
from records.entry_files import Counts, Fate
from systems.base import Operation
from systems.registry import SYSTEMS

WELL, NOT_ALL, NOTHING = 0, 1, 2
SHOWN = 10
"""So many bad rows are told; the console shows them all."""
LOOK_SECONDS = 1.0


def enter(settings: Settings, system: str, operation: str, file: Path, *, again: bool, wait: bool) -> int:
    """Check the file and have its new rows entered; the exit status.

    0: every row goes to the bots (with `wait`: and is done). 1: some do not, or a person is needed. 2: nothing started.
    """
    wanted = entry_sheet.find(system, operation)
    if wanted is None:
        return _refused(_no_operation(system, operation))
    try:
        reading = intake_file.read(file.read_bytes(), entry_sheet.sheet_of(wanted))
    except OSError as trouble:
        return _refused(f"{file} cannot be read: {trouble.strerror}. Nothing was started.")
    except FileRefused as refusal:
        return _refused(f"{file}: {refusal} {refusal.todo} Nothing was started.")
    try:
        file_id, started = asyncio.run(_hand_in(settings, wanted, reading, file.name, again=again))
    except (DBAPIError, PoolTimeout):
        return _refused(
            "PostgreSQL does not answer: see `baton check`. Look under Plain entry before you say it again."
        )
    try:
        return asyncio.run(_tell(settings, wanted, reading, file_id, started, wait=wait))
    except (DBAPIError, PoolTimeout):
        _refused("PostgreSQL does not answer any more: see `baton check`. What was started goes on.")
    except KeyboardInterrupt:
        _refused("No longer waiting; what was started goes on.")
    return NOT_ALL if started else NOTHING


async def _hand_in(
    settings: Settings, operation: Operation, reading: Reading, name: str, *, again: bool
) -> tuple[uuid.UUID, int]:
    """Keep the file and start its new rows; its id, and how many rows go."""
    async with _records(settings) as database:
        by, now = by_whom.typed(), clock.now()
        kept = file_of(uuid.uuid4(), operation, reading, name=name, by=by, now=now)
        async with database.session() as session:
            await entry_files.keep(session, kept, rows_of(reading))
        also = (Fate.REPEATED, Fate.KNOWN) if again else ()
        async with database.session() as session:
            return kept.id, await entry_files.start(session, kept.id, by, now, also=also)


async def _tell(
    settings: Settings, operation: Operation, reading: Reading, file_id: uuid.UUID, started: int, *, wait: bool
) -> int:
    """Say what goes and what does not, and with `wait` what became of it; the exit status."""
    async with _records(settings) as database:
        place = f"{settings.console_url}/entries/{file_id}"
        counts = await _counts(database, file_id)
        _tell_start(operation, reading, counts, started, place)
        if not started:
            return NOTHING
        counts = await _the_end(database, file_id, place) if wait else counts
        return WELL if started == counts.total and not counts.of(Fate.PERSON, *_GIVEN_UP) else NOT_ALL


@contextlib.asynccontextmanager
async def _records(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url, pool_size=1)
    try:
        yield database
    finally:
        await database.close()


_GIVEN_UP = (Fate.GIVEN_UP, Fate.NOT_BEGUN)


def _tell_start(operation: Operation, reading: Reading, counts: Counts, started: int, place: str) -> None:
    system, titles = SYSTEMS[operation.system].title, entry_sheet.titles(operation)
    if started:
        goes = f"{started:,} {'row goes' if started == 1 else 'rows go'}"
        typer.echo(f"{operation.title}: {goes} to the bots of the {system}. Follow: {place}")
    else:
        typer.echo(
            f"{operation.title}: no row of this file is new and good, so nothing was started. It is kept: {place}"
        )
    left_out = counts.of(Fate.REPEATED, Fate.KNOWN)
    if left_out:
        says = "row was in this file or an earlier one" if left_out == 1 else "rows were in this file or an earlier one"
        typer.echo(f"{left_out:,} {says} already: not entered again, unless --again is said.")
    bad = [row for row in reading.rows if row.report is None]
    for row in bad[:SHOWN]:
        typer.echo(
            f"Row {row.number} is bad: " + " ".join(f"{titles.get(e.field, e.field)}: {e.message}" for e in row.errors)
        )
    if bad:
        typer.echo(f"{len(bad):,} bad in all, to mend and hand in again: {place}/bad-rows.csv")


async def _the_end(database: Database, file_id: uuid.UUID, place: str) -> Counts:
    """Wait until no row is on its way any more; what became of them."""
    counts, said = await _counts(database, file_id), ""
    while counts.left:
        why = _waits(counts)
        if why and why != said:
            typer.echo(why)
        said = why
        await asyncio.sleep(LOOK_SECONDS)
        counts = await _counts(database, file_id)
    told = [f"{counts.of(Fate.DONE):,} of {counts.begun:,} done"]
    told += [f"{counts.of(Fate.PERSON):,} with a person ({place}?show=person)"] if counts.of(Fate.PERSON) else []
    told += [f"{counts.of(*_GIVEN_UP):,} given up or withdrawn"] if counts.of(*_GIVEN_UP) else []
    typer.echo(f"{', '.join(told)}. Results: {place}/results.csv")
    return counts


def _waits(counts: Counts) -> str:
    """Why it takes long, where that is known."""
    if counts.held:
        return "Rows wait because the system is held or does not answer: see `baton status`. They go on by themselves."
    if counts.of(Fate.DEFERRED):
        return "Rows wait for the system's working hours: the console says until when. They go on by themselves."
    return ""


async def _counts(database: Database, file_id: uuid.UUID) -> Counts:
    async with database.session() as session:
        file = await entry_files.find(session, file_id)
        assert file is not None, "kept a moment ago"
        return (await entry_files.counts(session, clock.now(), file))[file_id]


def _no_operation(system: str, operation: str) -> str:
    if system not in SYSTEMS:
        return f"There is no system called {system}. There are: {', '.join(sorted(SYSTEMS))}."
    known = ", ".join(one.name for one in entry_sheet.operations() if one.system == system)
    if operation in SYSTEMS[system].operations:
        return (
            f"{operation} is not entered from a file: it only reads, or its amounts need a person. These are: {known}."
        )
    return f"{SYSTEMS[system].title} has no operation called {operation}. From a file it takes: {known}."


def _refused(sentence: str) -> int:
    typer.echo(sentence, err=True)
    return NOTHING
