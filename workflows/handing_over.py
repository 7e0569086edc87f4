"""The case's side of its handoffs: each is a child workflow, offered one after the other; at most one is open."""

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, ChildWorkflowError

from activities.handoffs import Abandon, Handoffs
from activities.keep import Tell
from activities.loops import LoopAsked, LoopFound, Loops
from activities.recovery import PastHandoff
from core.case import Stage
from handoff.packet import Packet
from handoff.states import HandoffState
from workflows import policies, search
from workflows.book import Book, Happened, at_stage, locally
from workflows.entries import case_url
from workflows.handoff import HandoffWorkflow
from workflows.handoff_acts import HandoffEnd, HandoffStart, Moved
from workflows.long_run import PATCH, LongRun
from workflows.taken_up import TakenUp

LOST = "What carried this handoff was ended outside Baton; it is offered once more."


class HandingOver:
    """The handoffs of one case, which may go on in another run while one is open.

    `giver` is the e-mail of whoever hears when it is returned.
    """

    def __init__(
        self,
        book: Book,
        case_id: uuid.UUID,
        case_number: str,
        journey: str,
        long: LongRun,
        stage: Stage = Stage.WITH_SERVICE,
    ) -> None:
        self._book = book
        self._case_id = case_id
        self._case_number = case_number
        self._journey = journey
        self._stage = stage
        self._long = long
        self._running: Any = None
        self._moot: str | None = None
        self._past: dict[int, PastHandoff] = {}
        self.taken_up = TakenUp()
        self.number = 0

    @property
    def open(self) -> bool:
        """Whether somebody can act on one now."""
        return self._running is not None

    def remember(self, past: Sequence[PastHandoff]) -> None:
        """What was offered before this case was begun anew: with its number it is the same, and not offered twice."""
        self._past = {one.number: one for one in past}

    async def offer(self, packet: Packet, why: str, *, giver: str = "", **words: Any) -> HandoffEnd:
        """Offer the case to a queue and wait until it is settled, returned, or withdrawn.

        `words` are further fields of `HandoffStart` (kind, queue, channel, persona, priority).
        """
        self._moot = None
        packet = await self._with_loop(packet, words.get("queue", "service"))
        await self._book.write(case=at_stage(self._stage, f"{words.get('queue', 'service')} handoff"))
        while True:
            self.number += 1
            known = self._past.get(self.number)
            if known is not None and known.end is not None:
                ended = HandoffEnd.model_validate(known.end)
                if ended.state is HandoffState.WITHDRAWN:
                    continue
                return ended
            start = HandoffStart(
                id=workflow.uuid4(),
                case_id=self._case_id,
                case_number=self._case_number,
                number=self.number,
                offered_by=self._journey,
                giver=giver,
                why=why,
                packet=packet,
                **words,
            )
            try:
                ended = await self._carried(HandoffStart.model_validate(known.start) if known else start)
                if ended.state is not HandoffState.WITHDRAWN or self._moot is not None:
                    return ended
                why = LOST  # somebody else's word to Temporal: nobody has decided anything
            except ChildWorkflowError:
                if workflow.cancellation_reason() is not None:
                    raise
                await locally(Handoffs.abandon, Abandon(handoff_id=start.id, at=workflow.now()))
                await workflow.sleep(policies.ITEM_PAUSE)
                why = LOST
            finally:
                self._running = None

    async def _with_loop(self, packet: Packet, queue: str) -> Packet:
        """The same customer with the same trouble again: the packet says so, and whoever leads the queue hears once."""
        if not packet.cause:
            return packet
        found: LoopFound = await locally(Loops.earlier, LoopAsked(case_id=self._case_id))
        if not found.earlier:
            return packet
        told = Tell(
            kind="loop",
            occurrence=f"{self._case_number}/loop",
            to=f"lead:{queue}",
            text=f"{self._case_number}: the same customer with the same trouble, {found.sentence()}.",
            path=f"/cases/{self._case_number}",
            case_id=self._case_id,
        )
        if self.number == 0:
            await self._book.write(Happened(name="case.loop", data={"loop": found.sentence()}), tells=(told,))
        return packet.model_copy(update={"loop": found.sentence()})

    async def _carried(self, start: HandoffStart) -> HandoffEnd:
        name = f"handoff/{start.id}"
        long = self._long if workflow.patched(PATCH) else None
        self._running = await self.taken_up.begun(name, lambda: self._begin(name, start), self._found, long)
        if self._moot is not None:  # while it was being started
            await self._running.signal(HandoffWorkflow.withdraw, self._moot)
        if long is not None:
            await self._unless(long)
        ended: HandoffEnd = await self._running
        return ended

    async def _unless(self, long: LongRun) -> None:
        """Wait for its end; a case that is cancelled meanwhile takes it along."""
        try:
            await workflow.wait_condition(lambda: self._running.done() or long.due())
        except asyncio.CancelledError:
            self._running.cancel()
            return
        if not self._running.done():
            long.go_on()

    async def _begin(self, name: str, start: HandoffStart) -> Any:
        return await workflow.start_child_workflow(
            HandoffWorkflow.run,
            start,
            id=name,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=_attributes(self._journey),
        )

    def _found(self, lives: Any) -> None:
        self._running = lives

    async def refresh(self, packet: Packet) -> None:
        """Replace what the open handoff passes along."""
        if self._running is not None:
            await self._running.signal(HandoffWorkflow.refresh, packet)

    async def withdraw(self, reason: str) -> None:
        """Nothing is left to decide: the open handoff ends, and one that is just being offered."""
        self._moot = reason
        if self._running is not None:
            with contextlib.suppress(ApplicationError):  # it has just ended by itself
                await self._running.signal(HandoffWorkflow.withdraw, reason)


def moved(told: Moved) -> None:
    """The case can be found by how its handoff stands, and by when it is due."""
    if told.state in (HandoffState.OFFERED, HandoffState.PICKED_UP):
        search.case_stage(Stage.WITH_SERVICE, told.due_at)


def _attributes(journey: str) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[str]] = [
        SearchAttributePair(search.JOURNEY, journey),
        SearchAttributePair(search.STAGE, HandoffState.OFFERED.value),
    ]
    url = case_url()
    if url:
        pairs.append(SearchAttributePair(search.CASE_URL, url))
    return TypedSearchAttributes(pairs)
