"""Reading a record by bot for as long as it takes: while the system does not answer, the case says that it waits."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.look import Look, ReadRecord, RecordRead
from core.case import WaitsFor
from core.faults import AccountHeld, Ambiguous, OutsideWindow, RecordNotFound, SystemDown, SystemHeld
from systems.base import PRODUCTION, System
from workflows import policies
from workflows.book import Book
from workflows.doubt import code_of
from workflows.read_again import ReadAgain
from workflows.window import Window

FOR_A_PERSON = (AccountHeld.code, Ambiguous.code)
"""A person ends these: the system is asked less and less often."""


class RecordReader:
    """Reads what a system holds, for one case.

    `last_known`: while the system is held, what was last read of a record will do. It is told with its age, and read
    again by itself; what is written on the strength of it is compared with the screen before, as ever.
    """

    def __init__(self, book: Book, system: System, *, last_known: bool = False) -> None:
        self._again = ReadAgain(book, system) if last_known else None
        self._book = book
        self._system = system
        self._window = Window(system.name, PRODUCTION)

    async def read(self, what: str, key: str) -> dict[str, Any] | None:
        """The fields of the record as it is now, or was last known; None when the system does not know it."""
        waited, held = False, 0
        while True:
            found = await self._once(what, key)
            if isinstance(found, RecordRead):
                return await self._got(found, what, key, waited=waited)
            if found == RecordNotFound.code:
                return None
            known = await self._again.meanwhile(what, key) if self._again and found == SystemHeld.code else None
            if known is not None:
                return known
            waited = True
            if found == OutsideWindow.code:
                await self._open()
                continue
            held = held + 1 if found in FOR_A_PERSON else 0
            pause = min(policies.SYSTEM_PAUSE * 2 ** min(max(held - 1, 0), 5), policies.HELD_LONGEST)
            await self._waits(found, what, key, workflow.now() + pause)
            await workflow.sleep(pause)

    async def _once(self, what: str, key: str) -> RecordRead | str:
        """The record, or the code of what was in the way."""
        try:
            found: RecordRead = await workflow.execute_activity_method(
                Look.read_record,
                ReadRecord(system=self._system.name, what=what, key=key),
                task_queue=self._system.queue_of(),
                start_to_close_timeout=policies.LOOK_TIMEOUT,
                heartbeat_timeout=policies.READ_HEARTBEAT,
                retry_policy=policies.READ_RETRY,
            )
        except ActivityError as error:
            return code_of(error, SystemDown.code)
        return found

    async def _got(self, found: RecordRead, what: str, key: str, *, waited: bool) -> dict[str, Any]:
        if waited:
            await self._book.waits(WaitsFor.NOTHING, f"reading the {what}")
        if self._again is not None:
            self._again.was_read(what, key)
        return found.fields

    async def _waits(self, code: str, what: str, key: str, until: datetime) -> None:
        if code == Ambiguous.code:  # nothing is down: it stays so until somebody tidies up there
            about = f"the {self._system.title} has several records of {what} {key}; one must be left"
            await self._book.waits(WaitsFor.PERSON, about, mover=f"whoever looks after the {self._system.title}")
        else:
            await self._book.waits(WaitsFor.HELD_SYSTEM, f"the {self._system.title}", until=until)

    async def _open(self) -> None:
        """Wait for the system's working hours."""
        await self._window.ask()
        await self._book.waits(WaitsFor.WINDOW, f"the {self._system.title}", until=self._window.opens)
        while not await self._window.opened(lambda: False):
            pass
