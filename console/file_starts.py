"""Starting a file's rows in the background, batch by batch: it can be left, found again, stopped and gone on with."""

import asyncio
import uuid
from typing import Any

import structlog

from console.collaborators import Collaborators
from console.file_kinds import KINDS
from console.kept import AWAY
from records import intake_files
from records.intake import HandedIn
from records.submission import IntakeFile

log = structlog.get_logger(__name__)

BATCH = 25
"""Rows in one transaction: so many are lost from view, never from the file, when the process dies."""
PATIENCE = 1.5
"""Seconds the person who pressed the button waits: a small file is done by then."""


class FileStarts:
    """The files this process is handing in now."""

    def __init__(self, parts: Collaborators) -> None:
        self._parts = parts
        self._running: dict[uuid.UUID, asyncio.Task[None]] = {}

    def running(self, file_id: uuid.UUID) -> bool:
        """Whether this process is handing the file in."""
        return file_id in self._running

    async def start(self, file: IntakeFile) -> None:
        """Go on with the rows that are left, and wait a moment; pressed twice there is one run."""
        task = self._running.get(file.id)
        if task is None:
            task = asyncio.create_task(self._hand_in(file))
            self._running[file.id] = task
            task.add_done_callback(lambda _: self._running.pop(file.id, None))
        await asyncio.wait({task}, timeout=PATIENCE)

    async def close(self) -> None:
        """Stop after the batch that is on its way; what is left stays in its file."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hand_in(self, file: IntakeFile) -> None:
        more = True
        try:
            while more:
                async with self._parts.database.session() as session:
                    kept = await intake_files.hand_in_some(
                        session, file, lambda content: _work(content, file), self._parts.clock(), limit=BATCH
                    )
                for correlation in kept:
                    log.info("case.kept", correlation=correlation, source="file")
                more = len(kept) == BATCH
        except AWAY as trouble:
            log.warning("file.stopped", file=str(file.id), kind=type(trouble).__name__, kept="its rows that are left")


def _work(content: dict[str, Any], file: IntakeFile) -> HandedIn:
    return KINDS[file.journey].work(content, file.uploaded_by)
