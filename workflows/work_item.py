"""One intended effect on one legacy system, from intent to proof; what comes after a try is decided here."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.items import Intent, ItemView
from activities.perform import Perform, Performed, PerformItem
from core.case import WaitsFor
from core.faults import Conflict, Stopping, WorkerLost
from core.outcome import Outcome
from core.work_item import FINAL, State
from systems.registry import SYSTEMS
from workflows import policies, search
from workflows.acts import (
    ApproveFilled,
    CorrectItem,
    DiscardItem,
    DoneByHand,
    GiveBack,
    RerouteItem,
    RetryItem,
    RunNow,
    TakeOver,
    Told,
)
from workflows.doubt import code_of
from workflows.item_book import ItemBook
from workflows.item_handoff import ItemHandoff
from workflows.item_people import ItemPeople
from workflows.not_tried import IN_LINE, NotTried
from workflows.resolver import Resolver
from workflows.taken_up import report
from workflows.window import Window


class ItemStart(BaseModel):
    """What is intended.

    `on_conflict`: whether a record that changed before anything was entered goes to a person, or is reported to the
    case, which then decides anew; `reported` are further codes of a refusal that the case decides about.
    """

    model_config = ConfigDict(frozen=True)

    intent: Intent
    on_conflict: Literal["person", "report"] = "person"
    reported: tuple[str, ...] = ()


class ItemEnd(BaseModel):
    """How the item ended: done, discarded or withdrawn, with what the screen confirmed."""

    model_config = ConfigDict(frozen=True)

    item: ItemView


@workflow.defn(name="WorkItemWorkflow")
class WorkItemWorkflow:
    """Carries one work item until it is done, discarded or withdrawn; waits for a person when it must."""

    @workflow.init
    def __init__(self, start: ItemStart) -> None:
        self._start = start
        self._book = ItemBook(start.intent)
        self._window = Window(start.intent.system, start.intent.environment)
        self._resolver = Resolver(self._book, self._window)
        self._people = ItemPeople(self._book, self._resolver)
        self._handoff = ItemHandoff(self._book)
        self._not_tried = NotTried(self._book, self._window, lambda: self._withdrawn)
        self._stage = search.ItemStage()
        self._broken, self._reports_to = 0, ""
        self._withdrawn = self._outside = False

    @workflow.run
    async def run(self, start: ItemStart) -> ItemEnd:
        """Try, settle, look and wait until the item has ended."""
        await self._book.open()
        while self._known.state not in FINAL:
            await self._next()
        self._stage.show(self._known)
        await workflow.wait_condition(workflow.all_handlers_finished)
        search.item_ended(self._known.state)
        await report(self._reports_to)
        return ItemEnd(item=self._known)

    @property
    def _known(self) -> ItemView:
        return self._book.known

    async def _next(self) -> None:
        state = self._known.state
        if self._withdrawn and state in (State.READY, State.DEFERRED) and not self._may_be_in():
            await self._book.move_from(state, State.WITHDRAWN, "item.withdrawn")
        elif state is State.READY:
            await self._try()
        elif state is State.DEFERRED:
            await self._until_open()
        elif state is State.UNKNOWN:
            self._stage.show(self._known)
            await self._resolver.resolve()
        elif state in (State.RUNNING, State.SUBMITTING):
            await self._take_over()
        elif self._reportable():
            await self._book.move_from(State.REFUSED, State.WITHDRAWN, "item.withdrawn")
        else:
            self._stage.show(self._known)
            await self._handoff.until_settled()
            self._stage.show(self._known)
            self._broken = 0
            self._not_tried.forget()

    def _may_be_in(self) -> bool:
        """Whether something of it is in, or may be: each doubt that a look settled as *not there* is a re-entry."""
        item = self._known
        return bool(item.confirmation or item.parts_done or item.doubts > item.reentries)

    def _reportable(self) -> bool:
        """Whether the case is to decide anew; never once something was or may have been entered: a person must look."""
        item = self._known
        conflict = self._start.on_conflict == "report" and item.code == Conflict.code
        reported = item.state is State.REFUSED and (conflict or item.code in self._start.reported)
        return reported and not item.doubts and not self._may_be_in()

    async def _take_over(self) -> None:
        """A try that an earlier workflow of this item began, ended from outside: it may end by itself, else settle."""
        await workflow.sleep(self._book.heartbeat)
        await self._book.open()
        if self._known.state in (State.RUNNING, State.SUBMITTING):
            await self._book.settle(self._known.fence - 1, WorkerLost.code)

    # -- one try ------------------------------------------------------------------------------------------------

    async def _try(self) -> None:
        item = self._known
        self._stage.show(item)
        self._not_tried.let_go = False
        try:
            performed: Performed = await workflow.execute_activity_method(
                Perform.perform,
                PerformItem(
                    item_id=item.id,
                    fence=item.fence,
                    last=self._broken >= policies.BROKEN_RETRIES,
                    insisted=self._book.insisted,
                    settle_seconds=self._book.settle_window.total_seconds(),
                    outside_window=self._outside,
                ),
                task_queue=SYSTEMS[item.system].queue_of(item.environment),
                start_to_close_timeout=policies.PERFORM_TIMEOUT * (len(self._book.parts) - item.parts_done),
                heartbeat_timeout=self._book.heartbeat,
                retry_policy=policies.ONCE,
            )
        except ActivityError as error:
            code = code_of(error, WorkerLost.code)
            await self._book.settle(item.fence, code)
            await self._lost(code)
            return
        self._book.learn(performed.item)
        self._stage.in_line = performed.code in IN_LINE
        if performed.outcome is Outcome.NOT_YET:
            self._stage.show(self._known)
            await self._not_tried.come_back(performed, item.fence)
            return
        self._book.insisted = False
        if performed.outcome is Outcome.BROKEN and self._known.state is State.READY:
            await self._pause()

    async def _lost(self, code: str) -> None:
        """The bot process died, or raised what `code` says. After a few such tries a person looks; a stop is none."""
        if self._known.state is not State.READY or code == Stopping.code:
            return
        self._broken += 1
        if self._broken > policies.BROKEN_RETRIES:
            await self._book.move(State.BROKEN, "item.broken", values={"code": code})

    async def _until_open(self) -> None:
        known = self._window.opens
        if await self._window.opened(lambda: self._withdrawn or self._known.state is not State.DEFERRED):
            await self._book.move_from(State.DEFERRED, State.READY, "item.due")
        elif self._window.opens != known and self._known.state is State.DEFERRED:
            await self._book.note(WaitsFor.WINDOW, self._window.opens)

    async def _pause(self) -> None:
        """It broke before the click: nothing was entered, and it goes again after a while."""
        pause = policies.BROKEN_PAUSE * 2**self._broken
        self._broken += 1
        await self._book.wait(WaitsFor.HELD_SYSTEM, pause)

    # -- people -------------------------------------------------------------------------------------------------

    @workflow.update
    async def retry(self, act: RetryItem) -> Told:
        """Try a failed item again, or one that is held back now; it looks before it enters."""
        return await self._people.retry(act)

    @workflow.update
    async def correct(self, act: CorrectItem) -> Told:
        """A new revision, then try again."""
        return await self._people.correct(act)

    @workflow.update
    async def reroute(self, act: RerouteItem) -> Told:
        """Another way to the same system, or a person."""
        return await self._people.reroute(act)

    @workflow.update
    async def done_by_hand(self, act: DoneByHand) -> Told:
        """Believe only the screen: what was keyed by hand is searched for."""
        return await self._people.done_by_hand(act)

    @workflow.update
    async def take_over(self, act: TakeOver) -> Told:
        """A person keys it; no bot touches it."""
        return await self._people.take_over(act)

    @workflow.update
    async def give_back(self, act: GiveBack) -> Told:
        """Let a bot go on, after a look at the screen."""
        return await self._people.give_back(act)

    @workflow.update
    async def approve(self, act: ApproveFilled) -> Told:
        """Let a watched form be submitted, filled exactly so."""
        return await self._people.approve(act)

    @workflow.update
    async def discard(self, act: DiscardItem) -> Told:
        """Give the item up, with a reason."""
        return await self._people.discard(act)

    @workflow.update
    async def run_now(self, act: RunNow) -> Told:
        """Enter it outside the system's working hours, with a reason."""
        told = await self._people.run_now(act)
        self._outside = True
        return told

    @workflow.signal
    def withdraw(self) -> None:
        """Its starter takes it back, which holds only as long as nothing of it is in, or may be."""
        self._withdrawn = True

    @workflow.signal
    def report_to(self, workflow_id: str) -> None:
        """Its case was begun anew, and wants to hear when it ends."""
        self._reports_to = workflow_id

    @workflow.signal
    def let_go(self, _: dict[str, Any]) -> None:
        """Those that failed before it are through, and it is its turn."""
        self._not_tried.let_go = True

    @workflow.signal
    def due_first(self, word: dict[str, str]) -> None:
        """It is due before its turn in the line would come."""
        self._not_tried.due_first(int(word["fence"]), word["due"])

    @retry.validator
    def _may_retry(self, act: RetryItem) -> None:
        self._people.check_retriable()

    @correct.validator
    def _may_correct(self, act: CorrectItem) -> None:
        self._people.check_correctable()

    @reroute.validator
    def _may_reroute(self, act: RerouteItem) -> None:
        self._people.check_reroutable()

    @done_by_hand.validator
    def _may_be_done_by_hand(self, act: DoneByHand) -> None:
        self._people.check_waits()

    @take_over.validator
    def _may_take_over(self, act: TakeOver) -> None:
        self._people.check_takeable()

    @give_back.validator
    def _may_give_back(self, act: GiveBack) -> None:
        self._people.check_waits()

    @approve.validator
    def _may_approve(self, act: ApproveFilled) -> None:
        self._people.check_filled()

    @discard.validator
    def _may_discard(self, act: DiscardItem) -> None:
        self._people.check_waits()

    @run_now.validator
    def _may_run_now(self, act: RunNow) -> None:
        self._people.check_deferred()
