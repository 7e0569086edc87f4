"""One intended effect on one legacy system, from intent to proof; what comes after a try is decided here."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.items import Created, CreateItem, Intent, Items, ItemView, Move, MoveItem, SettleItem, WaitItem
from activities.look import Look, LookAt, Looked
from activities.people import Action, People, Verified, VerifyActor
from activities.perform import Perform, Performed, PerformItem
from core.case import WaitsFor
from core.faults import AccountHeld, CannotTell, Conflict, OutsideWindow, ReadBackDiffers, WorkerLost
from core.outcome import Outcome
from core.work_item import FINAL, NEEDS_PERSON, State
from systems.registry import SYSTEMS
from workflows import policies, search
from workflows.acts import Act, CorrectItem, DiscardItem, DoneByHand, RetryItem, RunNow, Told
from workflows.book import locally
from workflows.doubt import NO_SEAT_YET, THERE, code_of, why_a_person
from workflows.revision import corrected
from workflows.window import Window


class ItemStart(BaseModel):
    """What is intended.

    `on_conflict`: whether a record that changed before anything was entered goes to a person, or is reported to the
    case, which then decides anew.
    """

    model_config = ConfigDict(frozen=True)

    intent: Intent
    on_conflict: Literal["person", "report"] = "person"


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
        self._item: ItemView | None = None
        self._settle = timedelta(seconds=45)
        self._heartbeat = timedelta(seconds=10)
        self._queue = SYSTEMS[start.intent.system].queue_of(start.intent.environment)
        self._broken = 0
        self._not_yet = 0
        self._looks = 0
        self._doubted = self._withdrawn = self._outside = False
        self._window = Window(start.intent.system, start.intent.environment)
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, start: ItemStart) -> ItemEnd:
        """Try, settle, look and wait until the item has ended."""
        created: Created = await locally(Items.create, CreateItem(intent=start.intent, at=workflow.now()))
        self._item = created.item
        self._settle = timedelta(seconds=created.settle_seconds)
        self._heartbeat = timedelta(seconds=created.heartbeat_seconds)
        while self._known.state not in FINAL:
            await self._next()
        await workflow.wait_condition(workflow.all_handlers_finished)
        search.item_ended(self._known.state)
        return ItemEnd(item=self._known)

    @property
    def _known(self) -> ItemView:
        if self._item is None:
            raise ApplicationError("The work item is not kept yet; try again in a moment.", type="too_early")
        return self._item

    async def _next(self) -> None:
        state = self._known.state
        if self._withdrawn and state in (State.READY, State.DEFERRED) and not self._known.parts_done:
            await self._move_from(state, State.WITHDRAWN, "item.withdrawn")
        elif state is State.READY:
            await self._try()
        elif state is State.DEFERRED:
            await self._until_open()
        elif state is State.UNKNOWN:
            await self._resolve()
        elif state in (State.RUNNING, State.SUBMITTING):
            await self._take_over()
        elif self._reportable():
            await self._move_from(State.REFUSED, State.WITHDRAWN, "item.withdrawn")
        else:
            search.item_failed(self._known.code)
            await workflow.wait_condition(lambda: self._known.state not in NEEDS_PERSON)
            search.item_failed("")
            self._broken = self._not_yet = self._looks = 0

    def _reportable(self) -> bool:
        """Whether the case is to decide anew; never once something was or may have been entered: a person must look."""
        item = self._known
        conflict = item.state is State.REFUSED and item.code == Conflict.code
        return conflict and self._start.on_conflict == "report" and not (item.confirmation or self._doubted)

    async def _take_over(self) -> None:
        """A try that an earlier workflow of this item began, ended from outside: it may end by itself, else settle."""
        await workflow.sleep(self._heartbeat)
        create = CreateItem(intent=self._start.intent, at=workflow.now())
        left: ItemView = (await locally(Items.create, create)).item
        if left.state in (State.RUNNING, State.SUBMITTING):
            settle = SettleItem(item_id=left.id, fence=left.fence - 1, at=workflow.now())
            left = await locally(Items.settle, settle)
        self._item = left

    # -- one try ------------------------------------------------------------------------------------------------

    async def _try(self) -> None:
        fence = self._known.fence
        try:
            performed: Performed = await workflow.execute_activity_method(
                Perform.perform,
                PerformItem(
                    item_id=self._known.id,
                    fence=fence,
                    last=self._broken >= policies.BROKEN_RETRIES,
                    outside_window=self._outside,
                ),
                task_queue=self._queue,
                start_to_close_timeout=policies.PERFORM_TIMEOUT,
                heartbeat_timeout=self._heartbeat,
                retry_policy=policies.ONCE,
            )
        except ActivityError as error:
            code = code_of(error, WorkerLost.code)
            settle = SettleItem(item_id=self._known.id, fence=fence, at=workflow.now(), code=code)
            self._item = await locally(Items.settle, settle)
            await self._lost(code)
            return
        self._item = performed.item
        if performed.outcome is Outcome.NOT_YET:
            await self._come_back(performed)
        elif performed.outcome is Outcome.BROKEN and self._known.state is State.READY:
            await self._pause()

    async def _lost(self, code: str) -> None:
        """The bot process died, or raised what `code` says. After a few such tries a person looks."""
        if self._known.state is not State.READY:
            return
        self._broken += 1
        if self._broken > policies.BROKEN_RETRIES:
            await self._move(State.BROKEN, "item.broken", values={"code": code})

    async def _come_back(self, performed: Performed) -> None:
        """Nothing was tried. Out of hours the item is put off; otherwise it stays ready, and asks again."""
        if performed.until is None:
            await self._ask_later(performed.code)
        elif performed.code == OutsideWindow.code:
            await self._put_off(performed.until)
        else:
            await self._wait(WaitsFor.PACE, max(performed.until - workflow.now(), timedelta()))

    async def _put_off(self, until: datetime) -> None:
        self._window.opens = until
        waits = {"wait_kind": WaitsFor.WINDOW, "next_look_at": until}
        await self._move(State.DEFERRED, "item.deferred", values=waits)

    async def _until_open(self) -> None:
        known = self._window.opens
        if await self._window.opened(lambda: self._withdrawn or self._known.state is not State.DEFERRED):
            await self._move_from(State.DEFERRED, State.READY, "item.due")
        elif self._window.opens != known and self._known.state is State.DEFERRED:
            await self._note(WaitsFor.WINDOW, self._window.opens)

    async def _ask_later(self, code: str) -> None:
        """Nothing was tried: no attempt is burnt, and waiting takes no slot."""
        self._not_yet += 1
        longest = policies.HELD_LONGEST if code == AccountHeld.code else policies.NOT_YET_LONGEST
        if self._not_yet > policies.NOT_YET_LIMIT and code != AccountHeld.code:
            await self._move(State.WITH_PERSON, "item.with_person", values={"code": code})
            return
        pause = min(policies.NOT_YET_PAUSE * 2 ** min(self._not_yet - 1, 9), longest)
        kind = WaitsFor.SEAT if code == "no_seat" else WaitsFor.HELD_SYSTEM
        await self._wait(kind, pause)

    async def _pause(self) -> None:
        """It broke before the click: nothing was entered, and it goes again after a while."""
        pause = policies.BROKEN_PAUSE * 2**self._broken
        self._broken += 1
        await self._wait(WaitsFor.HELD_SYSTEM, pause)

    async def _wait(self, kind: WaitsFor, pause: timedelta) -> None:
        await self._note(kind, workflow.now() + pause)
        await workflow.sleep(pause)

    async def _note(self, kind: WaitsFor, until: datetime | None) -> None:
        item = self._known
        await locally(
            Items.wait, WaitItem(item_id=item.id, fence=item.fence, kind=kind, until=until, at=workflow.now())
        )

    # -- the resolver -------------------------------------------------------------------------------------------

    async def _resolve(self) -> None:
        """Leave *unknown* the only way there is: prove the browser dead, let the system settle, look."""
        self._doubted = True
        await self._wait(WaitsFor.LOOK, self._window.pause(self._settle))
        try:
            looked = await self._look("look", prove_dead=True)
        except ActivityError as error:
            code = code_of(error, CannotTell.code)
            if code == OutsideWindow.code:
                await self._window.ask()
            elif code not in NO_SEAT_YET:
                await self._to_person(code)
            return
        self._looks += looked.just_killed
        if looked.just_killed and self._looks < policies.LOOK_AGAIN_LIMIT:
            return
        if looked.answer in THERE:
            found = {"confirmation": looked.confirmation, "result": looked.record, "adopted": True, "code": ""}
            await self._move(State.DONE, "item.adopted", values=found)
        else:
            await self._to_person(why_a_person(looked), looked)

    async def _to_person(self, code: str, looked: Looked | None = None) -> None:
        differences = [found.model_dump() for found in looked.differences] if looked else []
        await self._move(State.WITH_PERSON, "item.with_person", values={"code": code, "differences": differences})

    async def _look(self, purpose: str, *, prove_dead: bool, within: timedelta | None = None) -> Looked:
        return await workflow.execute_activity_method(
            Look.look,
            LookAt(item_id=self._known.id, purpose=purpose, prove_dead=prove_dead),
            task_queue=self._queue,
            start_to_close_timeout=policies.LOOK_TIMEOUT,
            schedule_to_close_timeout=within,
            heartbeat_timeout=self._heartbeat,
            retry_policy=policies.LOOK_RETRY,
        )

    async def _move(self, to: State, event: str, **more: Any) -> None:
        """Take an arrow; `more` are further fields of `Move`: actor, values, data, content, why."""
        known = self._known
        data = {"code": known.code, **more.pop("data", {})}
        move = Move(item_id=known.id, fence=known.fence, to=to, event=event, data=data, **more)
        self._item = await locally(Items.move, MoveItem(move=move, at=workflow.now()))

    async def _move_from(self, source: State, to: State, event: str) -> None:
        """Take an arrow of our own accord from a state in which people act too: whoever comes second takes none."""
        async with self._lock:
            if self._known.state is source:
                await self._move(to, event)

    # -- people -------------------------------------------------------------------------------------------------

    @workflow.update
    async def retry(self, act: RetryItem) -> Told:
        """Try a failed item again; it looks before it enters."""
        async with self._lock:
            person = await self._person(act)
            await self._move(State.READY, "item.retried", actor=person.email, values={"code": ""})
        return Told(message="It goes again as soon as a seat is free.")

    @workflow.update
    async def correct(self, act: CorrectItem) -> Told:
        """A new revision, then try again."""
        async with self._lock:
            person = await self._person(act)
            content = corrected(self._known, act)
            values: dict[str, Any] = {"code": "", "differences": []}
            if self._known.code == ReadBackDiffers.code:
                values["before"] = self._known.result  # what we entered stands there now: the person saw it
            await self._move(
                State.READY, "item.corrected", actor=person.email, values=values, content=content, why=act.why
            )
        return Told(message="The correction is kept and will be keyed as soon as a seat is free.")

    @workflow.update
    async def done_by_hand(self, act: DoneByHand) -> Told:
        """Believe only the screen: what was keyed by hand is searched for."""
        async with self._lock:
            person = await self._person(act)
            try:
                looked = await self._look("verify", prove_dead=False, within=policies.VERIFY_TIMEOUT)
            except ActivityError:
                message = "The system cannot be searched now; nothing was changed. Try again later."
                raise ApplicationError(message, type="system_down") from None
            if looked.answer not in THERE:
                message = "The screen does not show this entry with these values; nothing was changed."
                raise ApplicationError(message, type="not_found_on_screen")
            found = {"confirmation": act.confirmation, "result": looked.record, "adopted": True, "code": ""}
            await self._move(State.DONE, "item.done_by_hand", actor=person.email, values=found)
        return Told(message="Found on the screen; the item is done.")

    @workflow.update
    async def discard(self, act: DiscardItem) -> Told:
        """Give the item up, with a reason."""
        async with self._lock:
            person = await self._person(act)
            await self._move(
                State.DISCARDED, "item.discarded", actor=person.email, data={"reason": act.reason}, why=act.reason
            )
        return Told(message="Discarded; the case goes on without this entry.")

    @workflow.update
    async def run_now(self, act: RunNow) -> Told:
        """Enter it outside the system's working hours, with a reason."""
        async with self._lock:
            person = await self._person(act, Action.RUN_OUTSIDE_WINDOW)
            self._check_deferred(act)
            self._outside = True
            why = {"reason": act.reason}
            await self._move(State.READY, "item.run_now", actor=person.email, data=why)
        return Told(message="It goes now, outside the working hours.")

    @workflow.signal
    def withdraw(self) -> None:
        """Its starter takes it back, which holds only as long as nothing of it has been tried to the end."""
        self._withdrawn = True

    @run_now.validator
    def _check_deferred(self, act: RunNow) -> None:
        if self._known.state is not State.DEFERRED:
            raise ApplicationError(
                "This entry does not wait for working hours.", type="wrong_state", non_retryable=True
            )

    @retry.validator
    def _may_retry(self, act: RetryItem) -> None:
        self._check_waits()

    @correct.validator
    def _may_correct(self, act: CorrectItem) -> None:
        self._check_waits()

    @done_by_hand.validator
    def _may_be_done_by_hand(self, act: DoneByHand) -> None:
        self._check_waits()

    @discard.validator
    def _may_discard(self, act: DiscardItem) -> None:
        self._check_waits()

    def _check_waits(self) -> None:
        if self._known.state not in NEEDS_PERSON:
            message = f"This entry does not wait for a person: it is {self._known.state.value.replace('_', ' ')}."
            raise ApplicationError(message, type="wrong_state", non_retryable=True)

    async def _person(self, act: Act, action: Action = Action.ACT_ON_ITEM) -> Verified:
        try:
            person: Verified = await locally(People.verify, VerifyActor(by=act.by, action=action))
        except ApplicationError:
            raise ApplicationError("You do not have the right to do this.", type="not_allowed") from None
        if action is Action.ACT_ON_ITEM:
            self._check_waits()
        return person
