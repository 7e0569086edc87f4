"""A file of plain entry on the records, as the console keeps it after a check."""

import uuid
from collections.abc import Sequence
from typing import Any

from core import clock
from records import entry_files
from records.database import Database
from records.entry_file import EntryFile, FileState
from records.entry_files import Counts, NewRow


async def kept_file(
    database: Database, contents: Sequence[dict[str, Any] | None], operation: str = "reschedule"
) -> EntryFile:
    """A checked file with these rows, from the second line on; None is a bad row."""
    file = EntryFile(
        id=uuid.uuid4(),
        system="orderdesk",
        operation=operation,
        name="rows.csv",
        uploaded_by="ops@example.org",
        uploaded_at=clock.now(),
        guess={},
        columns=["order_no"],
        state=FileState.CHECKED,
        state_at=clock.now(),
    )
    rows = [
        NewRow(number=number, cells=(str(number),), content=content, problems=() if content else (PROBLEM,))
        for number, content in enumerate(contents, 2)
    ]
    async with database.session() as session:
        await entry_files.keep(session, file, rows)
    return file


PROBLEM = {"field": "order_no", "message": "This is needed."}


async def counted(database: Database, file: EntryFile) -> Counts:
    """The file's rows by what they are now."""
    async with database.session() as session:
        kept = await session.get_one(EntryFile, file.id)
        return (await entry_files.counts(session, clock.now(), kept))[file.id]


async def started(database: Database, file: EntryFile, *also: entry_files.Fate) -> int:
    """Somebody pressed *Start*."""
    async with database.session() as session:
        return await entry_files.start(session, file.id, "ops@example.org", clock.now(), also=also)
