"""Plain entry: what was found in a file, which rows are entered, and what became of each."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, insert, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import WaitsFor
from core.work_item import FINAL, NEEDS_PERSON, Priority, State
from records import outbox
from records.entry_file import EntryFile, EntryRow, FileState
from records.events import Happened, append
from systems.base import content_hash

WORKFLOW = "LegacyEntryWorkflow"
_ONE_START_AT_A_TIME = 4_202_312
"""Advisory lock: of two files with the same rows, the one that starts second sees what the first one enters."""


class Fate(StrEnum):
    """What a row is, and what became of it; every row has exactly one."""

    BAD = "bad"
    NEW = "new"
    REPEATED = "repeated"
    KNOWN = "known"
    QUEUED = "queued"
    MOVING = "moving"
    DEFERRED = "deferred"
    PERSON = "person"
    DONE = "done"
    GIVEN_UP = "given_up"
    NOT_BEGUN = "not_begun"


class NewRow(BaseModel):
    """A row to keep: its cells, and its content or what is wrong with it (field and message, one for each column)."""

    model_config = ConfigDict(frozen=True)

    number: int
    cells: tuple[str, ...]
    content: dict[str, Any] | None = None
    problems: tuple[dict[str, str], ...] = ()


class RowSeen(BaseModel):
    """A row as the file's page shows it, with its work item where it has one."""

    model_config = ConfigDict(frozen=True)

    number: int
    cells: tuple[str, ...]
    content: dict[str, Any] | None
    problems: tuple[dict[str, str], ...]
    repeats: int | None
    fate: Fate
    item_id: uuid.UUID | None = None
    state: State | None = None
    reference: str = ""
    confirmation: str = ""
    adopted: bool = False
    code: str = ""
    until: datetime | None = None


class Counts(BaseModel):
    """A file's rows by what they are; `lately` ended within the time from `since` on, `held` wait for a held system,
    `lined` of them stand behind others that failed."""

    model_config = ConfigDict(frozen=True)

    by_fate: dict[Fate, int]
    lately: int = 0
    held: int = 0
    lined: int = 0
    since: datetime | None = None

    def of(self, *fates: Fate) -> int:
        """How many rows have one of these fates."""
        return sum(self.by_fate.get(Fate(fate), 0) for fate in fates)

    @property
    def total(self) -> int:
        """Every row."""
        return self.of(*Fate)

    @property
    def left(self) -> int:
        """Rows that are still to be entered and that no person has to look at first."""
        return self.of(Fate.QUEUED, Fate.MOVING, Fate.DEFERRED)

    @property
    def begun(self) -> int:
        """Rows that were chosen, whatever became of them."""
        return self.left + self.of(Fate.PERSON, Fate.DONE, Fate.GIVEN_UP, Fate.NOT_BEGUN)

    def finish(self, now: datetime) -> datetime | None:
        """When the rest is entered at the present rate; None when nothing ended lately."""
        if not self.lately or self.since is None or not self.left:
            return None
        return now + (now - self.since) / self.lately * self.left


LATELY = timedelta(minutes=10)


def _listed(states: frozenset[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


_FATE = f"""
    CASE WHEN rows.content IS NULL THEN 'bad'
         WHEN items.state = 'done' THEN 'done'
         WHEN items.state IN ({_listed(NEEDS_PERSON)}) THEN 'person'
         WHEN items.state IN ({_listed(FINAL)}) THEN 'given_up'
         WHEN items.state = 'deferred' THEN 'deferred'
         WHEN items.id IS NOT NULL THEN 'moving'
         WHEN rows.chosen AND files.state = 'withdrawn' THEN 'not_begun'
         WHEN rows.chosen THEN 'queued'
         WHEN rows.repeats IS NOT NULL THEN 'repeated'
         WHEN EXISTS (
              SELECT 1 FROM entry_rows AS earlier
              JOIN entry_files AS other ON other.id = earlier.file_id
              LEFT JOIN work_items AS entered ON entered.id = earlier.item_id
              WHERE earlier.content_hash = rows.content_hash AND earlier.file_id <> rows.file_id AND earlier.chosen
              AND (entered.id IS NOT NULL OR other.state <> 'withdrawn')
              AND coalesce(entered.state, '') NOT IN ('withdrawn', 'discarded')) THEN 'known'
         ELSE 'new' END
"""  # noqa: S608 - the states are our own words
_FROM = """
    FROM entry_rows AS rows
    JOIN entry_files AS files ON files.id = rows.file_id
    LEFT JOIN work_items AS items ON items.id = rows.item_id
"""
_COUNTING = text(
    f"SELECT rows.file_id, {_FATE}, count(*), count(*) FILTER (WHERE items.ended_at > :since),"
    f" count(*) FILTER (WHERE items.ended_at IS NULL AND items.wait_kind"
    f" IN ('{WaitsFor.HELD_SYSTEM.value}', '{WaitsFor.HELD_GROUP.value}')),"
    f" count(*) FILTER (WHERE items.ended_at IS NULL AND items.wait_kind = '{WaitsFor.HELD_GROUP.value}')"
    f" {_FROM}"
    " WHERE rows.file_id = ANY(:files) GROUP BY 1, 2"
)
_PAGING = text(
    f"SELECT rows.number, rows.cells, rows.content, rows.problems, rows.repeats, {_FATE} AS fate, items.id AS item_id,"
    f" items.state, items.reference, items.confirmation, items.adopted, items.code, items.next_look_at AS until {_FROM}"
    f" WHERE rows.file_id = :file AND rows.number > :after AND {_FATE} = ANY(:fates) ORDER BY rows.number LIMIT :limit"
)
_CHOOSING = text(
    "UPDATE entry_rows SET chosen = true WHERE file_id = :file AND number IN"  # noqa: S608 - our own words
    f" (SELECT rows.number {_FROM} WHERE rows.file_id = :file AND {_FATE} = ANY(:fates))"
)


async def keep(session: AsyncSession, file: EntryFile, rows: list[NewRow]) -> None:
    """Keep a checked file with its rows; nothing is started by that. A row that repeats an earlier one says which."""
    session.add(file)
    await session.flush()
    first: dict[str, int] = {}
    values = []
    for row in rows:
        hashed = "" if row.content is None else _hash(file, row.content)
        earlier = first.setdefault(hashed, row.number) if hashed else row.number
        values.append(
            {
                **row.model_dump(),
                "file_id": file.id,
                "problems": list(row.problems) or None,
                "cells": list(row.cells),
                "content_hash": hashed,
                "repeats": None if earlier == row.number else earlier,
                "chosen": False,
                "item_id": uuid.uuid5(file.id, str(row.number)),
            }
        )
    if values:
        await (await session.connection()).execute(insert(EntryRow), values)


def _hash(file: EntryFile, content: dict[str, Any]) -> str:
    return content_hash({"": [file.system, file.environment, file.operation], **content})


async def find(session: AsyncSession, file_id: uuid.UUID) -> EntryFile | None:
    """The file, if it is here."""
    return await session.get(EntryFile, file_id)


async def of_item(session: AsyncSession, item_id: uuid.UUID) -> tuple[EntryFile, int] | None:
    """The file and row that a work item belongs to, if it came from one."""
    row = (await session.exec(select(EntryRow).where(EntryRow.item_id == item_id))).one_or_none()
    return None if row is None else (await session.get_one(EntryFile, row.file_id), row.number)


async def latest(session: AsyncSession, *, limit: int, before: datetime | None = None) -> list[EntryFile]:
    """Files, the newest first; `before` is the page's key."""
    asked = select(EntryFile).order_by(col(EntryFile.uploaded_at).desc()).limit(limit)
    if before is not None:
        asked = asked.where(col(EntryFile.uploaded_at) < before)
    return list(await session.exec(asked))


async def counts(session: AsyncSession, now: datetime, *files: EntryFile) -> dict[uuid.UUID, Counts]:
    """Each file's rows by what they are now."""
    connection = await session.connection()
    since = now - LATELY
    found = await connection.execute(_COUNTING, {"files": [file.id for file in files], "since": since})
    by_file: dict[uuid.UUID, dict[Fate, int]] = {file.id: {} for file in files}
    lately: dict[uuid.UUID, int] = {}
    held: dict[uuid.UUID, int] = {}
    lined: dict[uuid.UUID, int] = {}
    for file_id, fate, count, ended, waits, in_line in found:
        by_file[file_id][Fate(fate)] = count
        lately[file_id] = lately.get(file_id, 0) + ended
        held[file_id] = held.get(file_id, 0) + (waits if fate == Fate.MOVING else 0)
        lined[file_id] = lined.get(file_id, 0) + (in_line if fate == Fate.MOVING else 0)
    return {
        file.id: Counts(
            by_fate=by_file[file.id],
            lately=lately.get(file.id, 0),
            held=held.get(file.id, 0),
            lined=lined.get(file.id, 0),
            since=max(since, file.started_at) if file.started_at else None,
        )
        for file in files
    }


async def page(
    session: AsyncSession, file_id: uuid.UUID, *, fates: tuple[Fate, ...] = (), after: int = 0, limit: int
) -> list[RowSeen]:
    """Rows of a file in their order, from the number behind `after`; only with one of `fates` when some are named."""
    connection = await session.connection()
    wanted = [fate.value for fate in fates or Fate]
    found = await connection.execute(_PAGING, {"file": file_id, "after": after, "fates": wanted, "limit": limit})
    return [_seen(row) for row in found.mappings()]


def _seen(row: Any) -> RowSeen:
    empty = {"content": None, "repeats": None, "problems": ()}
    return RowSeen.model_validate({**empty, **{name: value for name, value in row.items() if value is not None}})


async def start(
    session: AsyncSession, file_id: uuid.UUID, by: str, now: datetime, *, also: tuple[Fate, ...] = ()
) -> int:
    """Have the new rows entered, and those of `also` (repeated, known); how many rows that are.

    Pressed again it changes nothing. With no row to enter nothing starts. The start and its outbox row are one
    transaction, so it stands when Temporal is away.
    """
    connection = await session.connection()
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_START_AT_A_TIME)))
    file = await session.get_one(EntryFile, file_id, with_for_update=True)
    if file.state is not FileState.CHECKED:
        return 0
    fates = [Fate.NEW.value, *(fate.value for fate in also if fate in (Fate.REPEATED, Fate.KNOWN))]
    chosen: int = (await connection.execute(_CHOOSING, {"file": file_id, "fates": fates})).rowcount
    if not chosen:
        return 0
    file.state, file.state_at, file.state_by = FileState.STARTED, now, by
    file.started_at, file.started_by = now, by
    session.add(_to_start(file, now))
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": outbox.CHANNEL})
    told = {"file": file.name, "operation": file.operation, "rows": chosen}
    await append(session, None, now, Happened(name="entries.started", actor=by, system=file.system, data=told))
    return chosen


def _to_start(file: EntryFile, now: datetime) -> outbox.OutboxRow:
    return outbox.OutboxRow(
        workflow_type=WORKFLOW,
        workflow_id=workflow_id(file.id),
        task_queue="baton",
        argument={
            "file_id": str(file.id),
            "system": file.system,
            "operation": file.operation,
            "environment": file.environment,
            "author": file.started_by,
            "priority": Priority.BULK.value,
            "fairness": str(file.id),
        },
        created_at=now,
        next_try_at=now,
    )


def workflow_id(file_id: uuid.UUID) -> str:
    """The id of the workflow that enters a file's rows."""
    return f"legacy-entry/{file_id}"
