"""Files of work: kept when they are checked, handed in row by row when somebody starts them, counted at any time."""

import uuid
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, insert, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core import tracing
from records.intake import HandedIn, hand_in
from records.submission import IntakeFile, IntakeRow

ONE_BATCH_AT_A_TIME = 4_202_311
"""Advisory lock of a batch: two files with the same rows in another order would otherwise wait for each other."""


class NewRow(BaseModel):
    """A row to keep: its cells and its content, or what is wrong with it.

    `key` is its business key, `repeats` the earlier row of the file with the same one.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    cells: tuple[str, ...]
    content: dict[str, Any] | None = None
    problem: str | None = None
    key: str = ""
    repeats: int | None = None


class Fate(StrEnum):
    """What a row is, and what became of it; every row has exactly one."""

    BAD = "bad"
    NEW = "new"
    REPEATED = "repeated"
    KNOWN = "known"
    STARTED = "started"
    SAME = "same"
    PROPOSED = "proposed"
    DROPPED = "dropped"


class RowSeen(BaseModel):
    """A row as the file's page shows it."""

    model_config = ConfigDict(frozen=True)

    number: int
    cells: tuple[str, ...]
    content: dict[str, Any] | None
    problem: str | None
    fate: Fate
    repeats: int | None = None
    case_number: str | None = None


class FileCounts(BaseModel):
    """A file's rows by what they are; `left` can still be handed in."""

    model_config = ConfigDict(frozen=True)

    by_fate: dict[Fate, int]

    def of(self, *fates: Fate) -> int:
        """How many rows have one of these fates."""
        return sum(self.by_fate.get(fate, 0) for fate in fates)

    @property
    def total(self) -> int:
        """Every row."""
        return self.of(*Fate)

    @property
    def left(self) -> int:
        """Good rows that nobody has handed in yet."""
        return self.of(Fate.NEW, Fate.REPEATED, Fate.KNOWN)

    @property
    def handed_in(self) -> int:
        """Rows that were handed in, whatever came of it."""
        return self.of(Fate.STARTED, Fate.SAME, Fate.PROPOSED)


_FATE = """
    CASE WHEN rows.content IS NULL THEN 'bad'
         WHEN rows.submission_id IS NOT NULL AND submissions.verdict IN ('started', 'same') THEN submissions.verdict
         WHEN rows.submission_id IS NOT NULL THEN 'proposed'
         WHEN files.withdrawn_at IS NOT NULL THEN 'dropped'
         WHEN known.id IS NOT NULL THEN 'known'
         WHEN rows.raw ->> 'repeats' IS NOT NULL THEN 'repeated'
         ELSE 'new' END
"""
_FROM = """
    FROM intake_rows AS rows
    JOIN intake_files AS files ON files.id = rows.file_id
    LEFT JOIN submissions ON submissions.id = rows.submission_id
    LEFT JOIN cases AS own ON own.id = submissions.case_id
    LEFT JOIN cases AS known ON known.journey = files.journey AND known.business_key = rows.raw ->> 'key'
"""
_COUNTING = text(f"SELECT rows.file_id, {_FATE}, count(*) {_FROM} WHERE rows.file_id = ANY(:files) GROUP BY 1, 2")
_PAGING = text(
    f"SELECT rows.number, rows.raw, rows.content, rows.problem, {_FATE} AS fate, "
    f"coalesce(own.number, known.number) AS case_number {_FROM} "
    f"WHERE rows.file_id = :file AND rows.number > :after AND {_FATE} = ANY(:fates) ORDER BY rows.number LIMIT :limit"
)


async def keep(session: AsyncSession, file: IntakeFile, rows: list[NewRow]) -> None:
    """Keep a checked file with its rows; nothing is started by that."""
    session.add(file)
    await session.flush()
    values = [
        {
            "id": uuid.uuid4(),
            "file_id": file.id,
            "number": row.number,
            "raw": {"cells": list(row.cells), "key": row.key, "repeats": row.repeats},
            "content": row.content,
            "problem": row.problem,
        }
        for row in rows
    ]
    if values:
        await (await session.connection()).execute(insert(IntakeRow), values)


async def find(session: AsyncSession, file_id: uuid.UUID) -> IntakeFile | None:
    """The file, if it is here."""
    return await session.get(IntakeFile, file_id)


async def latest(session: AsyncSession, *, limit: int, before: datetime | None = None) -> list[IntakeFile]:
    """Files, the newest first; `before` is the page's key."""
    asked = select(IntakeFile).order_by(col(IntakeFile.uploaded_at).desc()).limit(limit)
    if before is not None:
        asked = asked.where(col(IntakeFile.uploaded_at) < before)
    return list(await session.exec(asked))


async def counts(session: AsyncSession, *file_ids: uuid.UUID) -> dict[uuid.UUID, FileCounts]:
    """Each file's rows by what they are now; cases that others opened meanwhile count."""
    connection = await session.connection()
    found = await connection.execute(_COUNTING, {"files": list(file_ids)})
    by_file: dict[uuid.UUID, dict[Fate, int]] = {file_id: {} for file_id in file_ids}
    for file_id, fate, count in found:
        by_file[file_id][Fate(fate)] = count
    return {file_id: FileCounts(by_fate=by_fate) for file_id, by_fate in by_file.items()}


async def page(
    session: AsyncSession, file_id: uuid.UUID, *, fates: tuple[Fate, ...] = (), after: int = 0, limit: int
) -> list[RowSeen]:
    """Rows of a file in their order, from the number behind `after`; only those with one of `fates` when some are
    named."""
    connection = await session.connection()
    wanted = [fate.value for fate in fates or Fate]
    found = await connection.execute(_PAGING, {"file": file_id, "after": after, "fates": wanted, "limit": limit})
    return [
        RowSeen(
            number=row.number,
            cells=tuple(row.raw["cells"]),
            content=row.content,
            problem=row.problem,
            fate=Fate(row.fate),
            repeats=row.raw.get("repeats"),
            case_number=row.case_number,
        )
        for row in found
    ]


async def start(session: AsyncSession, file_id: uuid.UUID, by: str, now: datetime) -> None:
    """Note who pressed the button first, and when; pressed again, or for a withdrawn file, it changes nothing."""
    file = await session.get_one(IntakeFile, file_id, with_for_update=True)
    if file.started_at is None and file.withdrawn_at is None:
        file.started_at, file.started_by = now, by


async def hand_in_some(
    session: AsyncSession,
    file: IntakeFile,
    work_of: Callable[[dict[str, Any]], HandedIn],
    now: datetime,
    *,
    limit: int,
) -> list[str]:
    """Hand in up to `limit` good rows that nobody has handed in, in their order; the correlation of each one's case.

    Row and submission are one transaction: a crash leaves a row either as it was or handed in, never both. Of a file
    that was withdrawn, nothing more is handed in.
    """
    connection = await session.connection()
    await connection.execute(select(func.pg_advisory_xact_lock(ONE_BATCH_AT_A_TIME)))
    withdrawn = select(IntakeFile.withdrawn_at).where(IntakeFile.id == file.id)
    if (await session.exec(withdrawn)).one() is not None:
        return []
    asked = (
        select(IntakeRow)
        .where(
            IntakeRow.file_id == file.id,
            col(IntakeRow.content).is_not(None),
            col(IntakeRow.submission_id).is_(None),
        )
        .order_by(col(IntakeRow.number))
        .limit(limit)
        .with_for_update()
    )
    rows, kept = list(await session.exec(asked)), []
    for row in rows:
        work = work_of(row.content or {})
        work = work.model_copy(update={"file_id": file.id, "row_number": row.number})
        with tracing.span("row of a file", alone=True):
            receipt = await hand_in(session, work, now)
        row.submission_id = receipt.submission_id
        kept.append(f"{work.journey}/{receipt.case_number}")
    return kept
