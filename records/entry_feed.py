"""What the workflow of a file of plain entry reads and writes: the rows that come next, and how the file stands."""

import uuid
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import FINAL, NEEDS_PERSON
from records.entry_file import EntryFile, EntryRow, FileState
from records.events import Happened, append

_OVER = sorted(state.value for state in FINAL | NEEDS_PERSON)
"""States in which an item is on its way no more."""

_GOING = text(
    "SELECT rows.item_id FROM entry_rows AS rows LEFT JOIN work_items AS items ON items.id = rows.item_id"
    " WHERE rows.file_id = :file AND rows.chosen AND rows.number <= :after"
    " AND (items.id IS NULL OR (items.state <> ALL(:over) AND (items.held_behind IS NULL OR :line)))"
    " ORDER BY rows.number"
)
_IN_LINE = text(
    "SELECT count(*) FROM entry_rows AS rows JOIN work_items AS items ON items.id = rows.item_id"
    " WHERE rows.file_id = :file AND items.held_behind IS NOT NULL AND items.state <> ALL(:over)"
)


async def on_their_way(session: AsyncSession, file_id: uuid.UUID, after: int, *, line: bool = False) -> list[uuid.UUID]:
    """The work items of the rows up to `after` that have neither ended nor wait for a person.

    What stands in line behind a held operation counts only with `line`: it has its place there, and the rows that
    follow get theirs, so that all that the cause stands in the way of is seen.
    """
    asked = {"file": file_id, "after": after, "over": _OVER, "line": line}
    return list((await (await session.connection()).execute(_GOING, asked)).scalars())


async def in_line(session: AsyncSession, file_id: uuid.UUID) -> int:
    """How many of the file's items stand in line behind a held operation."""
    asked = {"file": file_id, "over": _OVER}
    return int((await (await session.connection()).execute(_IN_LINE, asked)).scalar_one())


async def next_rows(session: AsyncSession, file_id: uuid.UUID, after: int, limit: int) -> list[EntryRow]:
    """The chosen rows behind `after`, in their order."""
    asked = (
        select(EntryRow)
        .where(EntryRow.file_id == file_id, col(EntryRow.chosen), col(EntryRow.number) > after)
        .order_by(col(EntryRow.number))
        .limit(limit)
    )
    return list(await session.exec(asked))


async def note_state(
    session: AsyncSession, file_id: uuid.UUID, state: FileState, at: datetime, *, by: str, why: str = ""
) -> None:
    """Keep how a file stands from `at` on; an older word than the last one changes nothing."""
    file = await session.get_one(EntryFile, file_id, with_for_update=True)
    if at < file.state_at or file.state is state:
        return
    file.state, file.state_at, file.state_by, file.why = state, at, by, why
    told = {"file": file.name, "operation": file.operation, **({"reason": why} if why else {})}
    await append(session, None, at, Happened(name=f"entries.{state.value}", actor=by, system=file.system, data=told))
