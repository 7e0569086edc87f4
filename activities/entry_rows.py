"""Rows of a file of plain entry, as its workflow asks for them: what is in flight, what comes next, how it stands."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from records import entry_feed
from records.database import Database
from records.entry_file import FileState

__all__ = ["EntryRows", "Fed", "Feed", "FileState", "NoteFile", "RowToEnter"]


class Feed(BaseModel):
    """Ask for the rows behind `after`, as many as there is room for when so many may be in flight.

    `line`: name those too that stand in line behind a held operation, which take no room.
    """

    model_config = ConfigDict(frozen=True)

    file_id: uuid.UUID
    after: int
    in_flight: int
    line: bool = False


class RowToEnter(BaseModel):
    """A row that is to become a work item."""

    model_config = ConfigDict(frozen=True)

    number: int
    item_id: uuid.UUID
    content: dict[str, Any]


class Fed(BaseModel):
    """The rows to begin now, those on their way (neither ended nor waiting for a person), how many are held in line."""

    model_config = ConfigDict(frozen=True)

    rows: tuple[RowToEnter, ...]
    on_their_way: tuple[uuid.UUID, ...]
    in_line: int = 0


class NoteFile(BaseModel):
    """How the file stands from `at` on, by whom and why."""

    model_config = ConfigDict(frozen=True)

    file_id: uuid.UUID
    state: FileState
    at: datetime
    by: str = "baton"
    why: str = ""


class EntryRows:
    """Local activities; each may run twice, and a late one changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="feed_entry_rows")
    async def feed(self, asked: Feed) -> Fed:
        """What to begin now."""
        async with self._database.session() as session:
            going = await entry_feed.on_their_way(session, asked.file_id, asked.after, line=asked.line)
            room = max(asked.in_flight - len(going), 0)
            found = await entry_feed.next_rows(session, asked.file_id, asked.after, room)
            held = await entry_feed.in_line(session, asked.file_id)
        rows = tuple(RowToEnter(number=row.number, item_id=row.item_id, content=row.content or {}) for row in found)
        return Fed(rows=rows, on_their_way=tuple(going), in_line=held)

    @activity.defn(name="note_entry_file")
    async def note(self, asked: NoteFile) -> None:
        """Keep how the file stands."""
        async with self._database.session() as session:
            await entry_feed.note_state(session, asked.file_id, asked.state, asked.at, by=asked.by, why=asked.why)
