"""A case's work items: each a child workflow of its own, started with everything it needs, awaited for its end."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from temporalio import workflow
from temporalio.common import Priority as Place
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, ChildWorkflowError

from activities.items import Intent, ItemView
from core.work_item import Priority
from systems.base import Entry, Operation
from systems.registry import SYSTEMS
from workflows import policies, search
from workflows.taken_up import TakenUp
from workflows.work_item import ItemEnd, ItemStart, WorkItemWorkflow

ItemHandle = workflow.ChildWorkflowHandle[WorkItemWorkflow, ItemEnd]
Begun = Callable[[ItemHandle], None]


class CaseWithdrawnError(Exception):
    """The journey ends here: its starter has taken the case back."""


@dataclass(frozen=True)
class Terms:
    """On what terms an entry is made: how its record was, whose word it is, and what is reported to the case.

    `reported` are codes with which it ends withdrawn, as with a conflict that is reported, where the system said no
    with one of them and nothing is in. `begun` gets the item's workflow, so that the case can take the entry back.
    One that is `closing` is made for a case that was taken back, too.
    """

    before: dict[str, str] | None = None
    report_conflict: bool = False
    author: str = "baton"
    reported: tuple[str, ...] = ()
    begun: Begun | None = None
    closing: bool = False


class Entries:
    """Starts the work items of one case; `step` names the place in its journey, so that an intent has one identity."""

    def __init__(
        self, case_id: uuid.UUID, case_number: str, journey: str, priority: Priority = Priority.NORMAL
    ) -> None:
        self._case_id = case_id
        self._case_number = case_number
        self._journey = journey
        self._priority = priority
        self._running: list[ItemHandle] = []
        self._known: dict[str, Intent] = {}
        self.taken_up = TakenUp()
        self.withdrawn = False
        """Whether the case was taken back: what is not submitted ends withdrawn."""

    async def withdraw(self) -> None:
        """Take back what is on its way; an entry that is in, or may be, goes on to its own end."""
        self.withdrawn = True
        for item in self._running:
            with contextlib.suppress(ApplicationError):  # it has just ended by itself
                await item.signal(WorkItemWorkflow.withdraw)

    def remember(self, known: dict[str, Intent]) -> None:
        """What was asked for before this case was begun anew, by occurrence: asked for again it is the same."""
        self._known = known

    def knows(self, step: str) -> bool:
        """Whether this step's entry was asked for before the case was begun anew."""
        return f"{self._case_number}/{step}" in self._known

    async def ended(self, step: str) -> ItemView:
        """How the entry of a step that is known ended; one that was taken back is asked to end withdrawn."""
        start = ItemStart(intent=self._known[f"{self._case_number}/{step}"])
        return (await self._carried(start, workflow.info().priority, Terms())).item

    def hurry(self) -> None:
        """From now on the case's entries go before those of others."""
        self._priority = Priority.URGENT

    async def enter(self, step: str, operation: Operation, entry: Entry, **terms: Any) -> ItemView:
        """Have an entry made; the item as it ended (done, discarded, or withdrawn because the record had changed).

        `terms` are the fields of `Terms`. CaseWithdrawnError when the case was taken back before it begins.
        """
        wanted = Terms(**terms)
        if self.withdrawn and not wanted.closing:
            raise CaseWithdrawnError
        occurrence = f"{self._case_number}/{step}"
        intent = self._known.get(occurrence) or Intent(
            id=workflow.uuid4(),
            case_id=self._case_id,
            system=operation.system,
            operation=operation.name,
            kind=operation.kind,
            target_key=operation.target(entry),
            occurrence=occurrence,
            content=entry.model_dump(mode="json"),
            before=wanted.before,
            author=wanted.author,
            route=SYSTEMS[operation.system].route,
            priority=self._priority,
        )
        on_conflict: Literal["person", "report"] = "report" if wanted.report_conflict else "person"
        start = ItemStart(intent=intent, on_conflict=on_conflict, reported=wanted.reported)
        # What is urgent overtakes even its own case's file; everything else stands where its case stands.
        own = place(Priority.URGENT) if self._priority is Priority.URGENT else workflow.info().priority
        return (await self._carried(start, own, wanted)).item

    async def _carried(self, start: ItemStart, stands: Place, wanted: Terms) -> ItemEnd:
        mine: list[ItemHandle] = []
        late: set[asyncio.Task[None]] = set()

        def begun(item: ItemHandle) -> None:
            mine.append(item)
            self._running.append(item)
            if self.withdrawn and not wanted.closing:  # taken back while it was being started
                late.add(asyncio.create_task(item.signal(WorkItemWorkflow.withdraw)))
            if wanted.begun is not None:
                wanted.begun(item)

        try:
            found_by = attributes(self._journey, start.intent.system)
            return await carried(start, found_by, stands, begun, self.taken_up)
        finally:
            self._running = [item for item in self._running if item not in mine]


async def carried(
    start: ItemStart,
    found_by: TypedSearchAttributes,
    stands: Place,
    begun: Begun = lambda _: None,
    taken_up: TakenUp | None = None,
) -> ItemEnd:
    """The end of an item's workflow. One that was ended from outside Baton is carried on by another.

    The entry is still wanted then, and the item's row knows how far it came.
    """
    while True:
        try:
            running: ItemHandle = await (taken_up or TakenUp()).begun(
                f"item/{start.intent.id}", lambda: begin(start, found_by, stands), begun
            )
            begun(running)
            return await running
        except ChildWorkflowError:
            if workflow.cancellation_reason() is not None:
                raise
            await workflow.sleep(policies.ITEM_PAUSE)


async def begin(start: ItemStart, found_by: TypedSearchAttributes, stands: Place) -> ItemHandle:
    """An item's workflow that has started; WorkflowAlreadyStartedError when it runs already."""
    return await workflow.start_child_workflow(
        WorkItemWorkflow.run,
        start,
        id=f"item/{start.intent.id}",
        parent_close_policy=workflow.ParentClosePolicy.ABANDON,
        search_attributes=found_by,
        priority=stands,
    )


def place(priority: Priority, fairness: str = "") -> Place:
    """Where work stands among all that waits for a seat; what shares a `fairness` key takes turns with the others."""
    return Place(priority_key=priority.key, fairness_key=fairness or None)


def attributes(journey: str, system: str) -> TypedSearchAttributes:
    """How an item's workflow is found in Temporal."""
    pairs: list[SearchAttributePair[str]] = [
        SearchAttributePair(search.JOURNEY, journey),
        SearchAttributePair(search.SYSTEM, system),
        SearchAttributePair(search.STAGE, "running"),
    ]
    url = case_url()
    if url:
        pairs.append(SearchAttributePair(search.CASE_URL, url))
    return TypedSearchAttributes(pairs)


def case_url() -> str:
    """The case's page, as the relay noted it when it started the workflow."""
    return workflow.info().typed_search_attributes.get(search.CASE_URL) or ""
