"""One passing of responsibility: offered to a queue, taken, asked about, put aside, and ended by a person's word."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow

from activities.people import Action, Verified
from handoff.packet import Packet
from workflows.acts import Act, Release, Resolve, Told
from workflows.handoff_acts import (
    Answer,
    Ask,
    Assign,
    Assigned,
    ComeBack,
    EntryMoved,
    HandoffEnd,
    HandoffStart,
    Heard,
    Note,
    Reply,
    ReturnIt,
    Transfer,
)
from workflows.handoff_again import go_on, policy_of, stands
from workflows.handoff_alarms import Alarms
from workflows.handoff_asking import Asking
from workflows.handoff_book import HandoffBook, cancelled
from workflows.handoff_entry import HandoffEntry
from workflows.handoff_inbox import Inbox, Left
from workflows.handoff_mark import check_shown
from workflows.handoff_outage import OutageClocks, OutageHits
from workflows.handoff_people import HandoffPeople, update_id, verified, wrong_state
from workflows.handoff_standing import Standing
from workflows.taken_up import report

Deed = Callable[[Verified], Awaitable[str]]
Word = Heard | Assigned | EntryMoved | Left | OutageHits | Packet


@workflow.defn(name="HandoffWorkflow")
class HandoffWorkflow(Inbox):
    """Carries one handoff until it is completed, returned or withdrawn. The single writer of it and its clocks."""

    @workflow.init
    def __init__(self, start: HandoffStart) -> None:
        self._start = start
        super().__init__()
        self._reports_to = start.reports_to
        self._lock = asyncio.Lock()
        self._stirred = self._offered = False
        if start.standing is not None:  # an Update may reach a new run before anything else does
            self._stand(Standing.model_validate({**start.standing, "acts": 0}))

    @workflow.run
    async def run(self, start: HandoffStart) -> HandoffEnd:
        """Offer it, then wait for people, for word from outside and for time, until it has ended."""
        try:
            await self._carry(start)
        except asyncio.CancelledError:
            async with self._lock:  # the record shall not say that somebody can still act on it
                if self._offered and self._now.open:  # a decision that was just written stays one
                    await self._people.withdraw("cancelled at Temporal")
            raise
        await workflow.wait_condition(self._at_rest)
        await self._asking.too_late(self._inbox, self._people.end())
        await report(self._reports_to)
        return self._people.end()

    async def _carry(self, start: HandoffStart) -> None:
        if not self._offered:
            await (self._take_up() if self._start.taken_up else self._open())
        self._asking.mail_again()
        while self._now.open:
            await self._wait()
            if cancelled():  # also one that came while a signal was on its way, which swallows it
                raise asyncio.CancelledError
            async with self._lock:
                await self._go_on()
            if self._is_long():
                await self._continue()

    async def _open(self) -> None:
        """Offer it under the policy that counts from now on; a policy that changes later leaves it alone."""
        start, policy = self._start, await policy_of(self._start)
        async with self._lock:
            self._stand(Standing(queue=start.queue, packet=start.packet, policy=policy, last_act_at=workflow.now()))
            await self._people.offer()

    async def _take_up(self) -> None:
        """It was offered before: go on as the records say that it stands."""
        found = await stands(self._start)
        async with self._lock:
            self._stand(Standing.model_validate(found.standing))
            await go_on(found, self._now, self._book, self._people)

    def _stand(self, standing: Standing) -> None:
        self._now = standing
        self._book = HandoffBook(self._start, standing)
        self._people = HandoffPeople(self._start, standing, self._book)
        self._asking = Asking(self._start, standing, self._book)
        self._entry = HandoffEntry(standing, self._book, self._people)
        self._alarms = Alarms(self._start, standing, self._book)
        self._offered = True

    async def _wait(self) -> None:
        """Until somebody or something stirs it, or the next of its timers runs out."""
        with contextlib.suppress(TimeoutError):
            timeout = None if (at := self._alarms.next_moment()) is None else max(at - workflow.now(), timedelta())
            await workflow.wait_condition(lambda: self._stirred or self._called() or self._is_long(), timeout=timeout)
        self._stirred = False

    def _called(self) -> bool:
        return bool(self._inbox) or self._withdrawn is not None or cancelled()

    async def _go_on(self) -> None:
        while self._inbox and self._now.open:
            await self._hear(self._inbox.pop(0))
        if self._withdrawn is not None and self._now.open:
            await self._people.withdraw(self._withdrawn)
        if self._now.open:
            await self._alarms.run_out()

    async def _hear(self, word: Word) -> None:
        if isinstance(word, Packet):
            await self._people.refresh(word)
        elif isinstance(word, Assigned):
            await self._people.assigned(word)
        elif isinstance(word, EntryMoved):
            await self._entry.moved(word)
        elif isinstance(word, Left):
            await self._alarms.left(word)
        elif isinstance(word, OutageHits):
            await OutageClocks(self._now, self._book).heard(word)
        else:
            await self._asking.hear(word)

    def _is_long(self) -> bool:
        return self._now.acts >= self._start.acts_per_run or workflow.info().is_continue_as_new_suggested()

    def _at_rest(self) -> bool:
        return self._asking.mails.resting and workflow.all_handlers_finished()

    async def _continue(self) -> None:
        """A new run with everything this one knows; no Update, no word and no mail is left behind."""
        await workflow.wait_condition(lambda: self._at_rest() or self._called())
        if self._now.open and not self._called():
            carried = {"standing": self._now.model_dump(mode="json"), "reports_to": self._reports_to}
            workflow.continue_as_new(self._start.model_copy(update=carried))

    # -- people: one after the other; who acts is read again; each returns after the record is written ----------------

    @workflow.update
    async def pick_up(self, act: Act) -> Told:
        """Somebody takes it."""
        return await self._do(act, Action.PICK_UP, self._may_pick_up, lambda who: self._people.pick_up(act, who))

    @workflow.update
    async def release(self, act: Release) -> Told:
        """Its holder puts it back into the queue."""
        return await self._do(act, Action.PICK_UP, self._may_release, lambda who: self._people.release(act, who))

    @workflow.update
    async def return_it(self, act: ReturnIt) -> Told:
        """Its holder gives it back to whoever offered it."""
        return await self._do(act, Action.PICK_UP, self._may_return, lambda who: self._people.return_it(act, who))

    @workflow.update
    async def transfer(self, act: Transfer) -> Told:
        """To another queue or person."""
        return await self._do(act, Action.PICK_UP, self._may_transfer, lambda who: self._people.transfer(act, who))

    @workflow.update
    async def assign(self, act: Assign) -> Told:
        """A supervisor offers it to one person, whoever has it."""
        return await self._do(act, Action.MOVE_WORK, self._may_assign, lambda who: self._people.assign(act, who))

    @workflow.update
    async def ask(self, act: Ask) -> Told:
        """Its holder asks somebody and keeps it."""
        return await self._do(act, Action.PICK_UP, self._may_ask, lambda who: self._asking.ask(act, who))

    @workflow.update
    async def answer(self, act: Answer) -> Told:
        """Somebody writes to the customer; it stays where it is."""
        return await self._do(act, Action.PICK_UP, self._may_answer, lambda who: self._asking.answer(act, who))

    @workflow.update
    async def reply(self, act: Reply) -> Told:
        """Somebody of the house answers an open question."""
        return await self._do(act, Action.SEE_DESK, self._may_reply, lambda who: self._asking.reply(act, who))

    @workflow.update
    async def come_back(self, act: ComeBack) -> Told:
        """Its holder puts it aside until a moment."""
        return await self._do(act, Action.PICK_UP, self._may_come_back, lambda who: self._asking.come_back(act, who))

    @workflow.update
    async def take_up(self, act: Act) -> Told:
        """Its holder goes on with what they had put aside."""
        return await self._do(act, Action.PICK_UP, self._may_take_up, self._asking.take_up)

    @workflow.update
    async def note(self, act: Note) -> Told:
        """A word for colleagues, or about a call."""
        return await self._do(act, Action.PICK_UP, self._may_note, lambda who: self._people.note(act, who))

    @workflow.update
    async def acknowledge(self, act: Act) -> Told:
        """Somebody has heard the escalation and sees to it."""
        return await self._do(act, Action.PICK_UP, self._may_acknowledge, self._people.acknowledge)

    @workflow.update
    async def complete(self, act: Resolve) -> Told:
        """Its holder decides how it goes on."""
        return await self._do(act, Action.RESOLVE, self._may_complete, lambda who: self._people.complete(act, who))

    async def _do(self, act: Any, action: Action, may: Callable[[Any], None], deed: Deed) -> Told:
        """One act. An Update that an earlier run has answered is answered the same, and done no second time."""
        async with self._lock:
            if (known := self._now.answers.get(update_id())) is None:
                person = await verified(act, action, self._now.queue)
                may(act)
                check_shown(act, self._start, self._now, self._book)
                if act.by == self._now.holder:
                    self._now.last_act_at = workflow.now()
                known = await deed(person)
                self._now.answered(update_id(), known)
                self._now.acts += 1
                self._stirred = True
        return Told(message=known)

    # -- validators: state only; an Update that was answered already passes, to be answered the same ------------------

    @pick_up.validator
    def _may_pick_up(self, act: Act) -> None:
        self._if_new(self._people.check_pick_up, act)

    @release.validator
    def _may_release(self, act: Release) -> None:
        self._if_new(self._people.check_held, act)

    @return_it.validator
    def _may_return(self, act: ReturnIt) -> None:
        self._if_new(self._people.check_return, act)

    @ask.validator
    def _may_ask(self, act: Ask) -> None:
        self._if_new(self._people.check_held, act)
        self._if_new(self._asking.check_until, act.expires_at)

    @answer.validator
    def _may_answer(self, act: Answer) -> None:
        self._if_new(self._people.check_answer, act)

    @reply.validator
    def _may_reply(self, act: Reply) -> None:
        self._if_new(self._people.check_open)
        self._if_new(self._asking.check_question, act)

    @come_back.validator
    def _may_come_back(self, act: ComeBack) -> None:
        self._if_new(self._people.check_held, act)
        self._if_new(self._asking.check_until, act.at)

    @take_up.validator
    def _may_take_up(self, act: Act) -> None:
        self._if_new(self._people.check_held, act)
        self._if_new(self._asking.check_aside)

    @transfer.validator
    def _may_transfer(self, act: Transfer) -> None:
        self._if_new(self._people.check_open)

    @assign.validator
    def _may_assign(self, act: Assign) -> None:
        self._if_new(self._people.check_open)

    @note.validator
    def _may_note(self, act: Note) -> None:
        self._if_new(self._people.check_open)

    @acknowledge.validator
    def _may_acknowledge(self, act: Act) -> None:
        self._if_new(self._people.check_open)

    @complete.validator
    def _may_complete(self, act: Resolve) -> None:
        self._if_new(self._people.check_complete, act)

    def _if_new(self, check: Callable[..., None], *about: Any) -> None:
        """Check an Update that was not answered yet; raises while nothing is offered that it could be about."""
        if not self._offered:
            raise wrong_state("This case is just being handed over: try again in a moment.")
        if update_id() not in self._now.answers:
            check(*about)
