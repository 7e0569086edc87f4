"""A checked file of plain entry as it is kept: the same for an upload, a program and the command line."""

import uuid
from datetime import datetime

from console.intake_file import Reading
from core.outcome import keepable
from records.entry_file import EntryFile, FileState
from records.entry_files import NewRow
from systems.base import Operation


def file_of(
    file_id: uuid.UUID, operation: Operation, reading: Reading, *, name: str, by: str, now: datetime
) -> EntryFile:
    """The file, checked and not started."""
    return EntryFile(
        id=file_id,
        system=operation.system,
        operation=operation.name,
        name=(keepable(name) or "rows.csv")[-120:],
        uploaded_by=by,
        uploaded_at=now,
        guess=reading.guess.model_dump(mode="json"),
        columns=list(reading.columns),
        state=FileState.CHECKED,
        state_at=now,
        state_by=by,
    )


def rows_of(reading: Reading) -> list[NewRow]:
    """Its rows, good and bad."""
    return [
        NewRow(
            number=row.number,
            cells=row.cells,
            content=row.report.model_dump(mode="json") if row.report else None,
            problems=tuple(error.model_dump() for error in row.errors),
        )
        for row in reading.rows
    ]
