"""An entry that a bot could not finish, passed on to people: offered, kept up to date, ended by what they do.

Each fact has one owner: the item's row its state and its lease, the handoff its holder and its clocks
(`docs/handoffs.md`). Whoever picks the handoff up gets the lease with it, in one write of the records.
"""

import uuid
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError

from activities.handoffs import Abandon, Handoffs
from activities.stuck import Entry, Stuck, StuckEntries
from core.work_item import NEEDS_PERSON, Priority
from handoff.packet import Packet
from handoff.states import HandoffState
from workflows import item_packet, policies, search
from workflows.book import locally
from workflows.handoff import HandoffWorkflow
from workflows.handoff_acts import HandoffStart
from workflows.item_book import ItemBook


class ItemHandoff:
    """The handoffs of one item, one after the other. An item of a plain file has none: it belongs to no case."""

    def __init__(self, book: ItemBook) -> None:
        self._book = book
        self._id = uuid.UUID(int=0)
        self._handle: Any = None
        self._told_fence = 0
        self._number = 0

    @property
    def _waits(self) -> bool:
        return self._book.known.state in NEEDS_PERSON

    async def until_settled(self) -> None:
        """Wait until a person has said how it goes on; somebody is offered it meanwhile."""
        if self._book.known.case_id is None:
            await workflow.wait_condition(lambda: not self._waits)
            return
        while self._waits:
            await self._tell()
            await workflow.wait_condition(lambda: not self._waits or self._lost() or self._changed())
        await self._settle()

    def _changed(self) -> bool:
        return self._book.known.fence != self._told_fence

    def _lost(self) -> bool:
        """Whether what carries the handoff was ended outside Baton: nothing else ends it while the item waits.

        The next word to it does not arrive then, and another one is offered.
        """
        return isinstance(self._handle, workflow.ChildWorkflowHandle) and self._handle.done()

    async def _tell(self) -> None:
        """Pass on how the item stands, in a new handoff where there is none, and who has taken it over."""
        self._told_fence = self._book.known.fence
        stuck: Stuck = await locally(StuckEntries.read, Entry(item_id=self._book.known.id))
        if not self._waits:
            return
        packet = item_packet.of(self._book.known, stuck, self._book.parts)
        earlier = None if stuck.handoff == self._id else stuck.handoff  # the last one may be about to be closed
        if self._handle is None and earlier is None:
            await self._offer(packet, stuck)
        else:
            self._handle = self._handle or self._found(earlier)
            await self._say("refresh", packet)
        for word in (self._book.passed, self._book.taken):
            if word is not None:
                await self._say("entry_moved", word)
        self._book.passed = self._book.taken = None

    def _found(self, handoff: uuid.UUID | None) -> Any:
        """The handoff that an earlier run of the item's workflow left open."""
        self._id = handoff or self._id
        return workflow.get_external_workflow_handle(f"handoff/{handoff}")

    async def _offer(self, packet: Packet, stuck: Stuck) -> None:
        item, self._number, self._id = self._book.known, self._number + 1, workflow.uuid4()
        start = HandoffStart(
            id=self._id,
            case_id=stuck.case_id,
            case_number=stuck.case_number,
            number=self._number,
            kind="bot",
            queue="bot",
            item_id=item.id,
            offered_by=f"bot:{item.system}",
            why=item_packet.why(item.code),
            packet=packet,
            priority=Priority.URGENT if item.priority is Priority.URGENT else Priority.NORMAL,
        )
        self._handle = await workflow.start_child_workflow(
            HandoffWorkflow.run,
            start,
            id=f"handoff/{self._id}",
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=_attributes(),
        )

    async def _say(self, signal: str, word: Any) -> None:
        try:
            await self._handle.signal(signal, word)
        except ApplicationError:  # what carried it is gone
            if self._waits:
                await self._offer_anew()

    async def _offer_anew(self) -> None:
        """Close the record of a handoff that nothing carries any more; the next word offers another one."""
        await locally(Handoffs.abandon, Abandon(handoff_id=self._id, at=workflow.now()))
        self._handle, self._told_fence = None, -1
        await workflow.sleep(policies.ITEM_PAUSE)

    async def _settle(self) -> None:
        """It goes on: the handoff is completed in the name of whoever said how."""
        if self._handle is not None and self._book.settled is not None:
            await self._say("entry_moved", self._book.settled)
        self._handle, self._book.settled, self._book.taken, self._book.passed = None, None, None, None


def _attributes() -> TypedSearchAttributes:
    """Found as the item is, by what it inherits, and by how it stands."""
    known = workflow.info().typed_search_attributes
    inherited = [search.JOURNEY, search.SYSTEM, search.CASE_URL]
    pairs: list[SearchAttributePair[str]] = [
        SearchAttributePair(key, value) for key in inherited if (value := known.get(key))
    ]
    return TypedSearchAttributes([*pairs, SearchAttributePair(search.STAGE, HandoffState.OFFERED.value)])
