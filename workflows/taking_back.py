"""A decision can be taken back until a bot begins; one that is not keyed in time is told to its agent first."""

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from temporalio import workflow

from activities.items import ItemView
from activities.keep import Tell
from activities.people import Verified
from systems.base import Entry, Operation
from workflows import policies
from workflows.book import Book, Happened
from workflows.entries import Entries, ItemHandle
from workflows.handoff_people import LEAD, wrong_state
from workflows.work_item import WorkItemWorkflow

T = TypeVar("T")


class TakingBack:
    """The promised entry of one case, from the decision until it is in or not."""

    def __init__(self, book: Book, entries: Entries, case_id: uuid.UUID, case_number: str) -> None:
        self._book = book
        self._entries = entries
        self._case_id = case_id
        self._case_number = case_number
        self._item: ItemHandle | None = None
        self._open = False
        self._by = ""
        self.taken_by = ""

    @contextlib.contextmanager
    def promised(self, by: str) -> Iterator[None]:
        """From the decision of `by` until it is carried out, or is not."""
        self._by, self.taken_by, self._open = by, "", True
        watch = asyncio.create_task(self._unconfirmed())
        try:
            yield
        finally:
            self._open, self._item = False, None
            watch.cancel()

    async def unless_taken(self, reading: Coroutine[Any, Any, T]) -> T | None:
        """What is read before the entry; None as soon as decision or case was taken back, however long it takes."""
        read = asyncio.create_task(reading)
        await workflow.wait_condition(lambda: read.done() or bool(self.taken_by) or self._entries.withdrawn)
        if not self.taken_by and not self._entries.withdrawn:
            return read.result()
        read.cancel()
        return None

    def knows(self, step: str) -> bool:
        """Whether this entry was asked for before the case was begun anew."""
        return self._entries.knows(step)

    async def enter(self, step: str, operation: Operation, entry: Entry, *, before: dict[str, str] | None) -> ItemView:
        """Have it keyed; the item as it ended, withdrawn also when it was taken back."""
        terms = {"before": before, "report_conflict": True, "author": self._by, "begun": self._begun}
        return await self._entries.enter(step, operation, entry, **terms)

    def _begun(self, item: ItemHandle) -> None:
        self._item = item

    async def take_back(self, person: Verified) -> str:
        """Take the decision back, which holds only as long as nothing is in or may be."""
        if person.email != self._by and person.role != LEAD:
            raise wrong_state("Whoever decided, or a supervisor, can take it back.")
        self.check()
        self.taken_by = person.name
        if self._item is not None:
            await self._item.signal(WorkItemWorkflow.withdraw)
        try:
            await workflow.wait_condition(lambda: not self._open, timeout=policies.TAKE_BACK_WAIT)
        except TimeoutError:
            return "A bot has begun. If nothing comes of it, the case is on the desk again; else it is too late."
        if not self.taken_by:
            raise wrong_state("The bot was quicker: it is keyed. Decide anew to change it.")
        return "Taken back: nothing is keyed, and the customer hears nothing. The case is on the desk again."

    def too_late(self) -> None:
        """It is keyed all the same."""
        self.taken_by = ""

    def check(self) -> None:
        """Raise unless a decision is being carried out; state only, for validators."""
        if not self._open:
            raise wrong_state("There is nothing to take back: no decision waits for its entry.")

    async def _unconfirmed(self) -> None:
        """Whoever decided hears first when it is not keyed in time: the customer was promised it."""
        await workflow.sleep(policies.UNCONFIRMED)
        number = self._case_number
        told = Tell(
            kind="unconfirmed",
            occurrence=f"{number}/{workflow.now().isoformat()}/unconfirmed",
            to=f"person:{self._by}",
            text=f"{number}: what you decided is not keyed yet. No customer was told.",
            path=f"/cases/{number}",
            case_id=self._case_id,
        )
        await self._book.write(Happened(name="resolution.unconfirmed"), tells=(told,))
