"""Values that were used while their system could not be read are read again once it can, and what changed is told."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.known import LastRead, LastValues, Record
from activities.look import Look, ReadRecord, RecordRead
from systems.base import System
from workflows import policies
from workflows.book import Book, Happened, locally


class ReadAgain:
    """What one case uses of last-known values of one system, until they have been read again."""

    def __init__(self, book: Book, system: System) -> None:
        self._book = book
        self._system = system
        self._waits: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def meanwhile(self, what: str, key: str) -> dict[str, Any] | None:
        """What was last read of the record, told with its age; None when nothing is known of it."""
        found: LastRead = await locally(LastValues.find, Record(system=self._system.name, what=what, key=key))
        if found.fields is None or found.read_at is None:
            return None
        data = {"what": what, "read_at": found.read_at.isoformat()}
        await self._book.write(Happened(name="record.last_known", system=self._system.name, data=data))
        if (what, key) not in self._waits:
            self._waits[what, key] = asyncio.create_task(self._until_read(what, key, found.fields))
        return found.fields

    def was_read(self, what: str, key: str) -> None:
        """The case has read it itself by now: nobody waits for it any more."""
        waiting = self._waits.pop((what, key), None)
        if waiting is not None:
            waiting.cancel()

    async def _until_read(self, what: str, key: str, known: dict[str, Any]) -> None:
        while True:
            await workflow.sleep(policies.READ_AGAIN_PAUSE)
            try:
                found: RecordRead = await workflow.execute_activity_method(
                    Look.read_record,
                    ReadRecord(system=self._system.name, what=what, key=key),
                    task_queue=self._system.queue_of(),
                    start_to_close_timeout=policies.LOOK_TIMEOUT,
                    heartbeat_timeout=policies.READ_HEARTBEAT,
                    retry_policy=policies.ONCE,
                )
            except ActivityError:
                continue
            changed = sorted(name for name in {*known, *found.fields} if known.get(name) != found.fields.get(name))
            name = "record.read_again" if changed else "record.unchanged"
            data = {"what": what, "changed": ", ".join(changed).replace("_", " ")}
            await self._book.write(Happened(name=name, system=self._system.name, data=data))
            self._waits.pop((what, key), None)
            return
