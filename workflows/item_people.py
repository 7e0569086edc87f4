"""What people do to a work item that waits for them, and what they may do to one that waits for a seat."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.handoffs import Colleague, ColleagueAsked, Handoffs
from activities.look import Looked
from activities.people import Action, People, Verified, VerifyActor
from core.case import WaitsFor
from core.faults import ByHand, NotSeenInTime, ReadBackDiffers, UnderWatch
from core.work_item import CORRECTABLE, NEEDS_PERSON, State
from failure.kinds import NO_FAILURE
from systems.registry import SYSTEMS
from workflows.acts import (
    Act,
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
from workflows.book import locally
from workflows.doubt import THERE
from workflows.giving_back import GivingBack, seen_now
from workflows.handoff_acts import EntryMoved
from workflows.item_book import ItemBook
from workflows.resolver import Resolver
from workflows.revision import corrected

TAKERS = frozenset({"agent", "supervisor", "dispatcher"})
"""Who can be handed an entry: whoever may take handoffs."""


class ItemPeople:
    """Carries out people's Updates on one item, one after the other; who acts is read again from the records."""

    def __init__(self, book: ItemBook, resolver: Resolver) -> None:
        self._book = book
        self._resolver = resolver
        self._giving_back = GivingBack(book, resolver)

    async def retry(self, act: RetryItem) -> Told:
        """Try a failed item again, or one that is held back now; it looks before it enters."""
        async with self._book.lock:
            person = await self._person(act, self.check_retriable)
            self._check_for_bots(act)
            self._check_seen()
            self._book.insisted = self._book.insisted or self._book.known.state in NEEDS_PERSON
            values = {"code": "", "wait_kind": WaitsFor.NOTHING, "next_look_at": None, "through_hold": act.through_hold}
            taken = await self._book.move(State.READY, "item.retried", actor=person.email, values=values)
            _check_taken(taken=taken)
        return Told(message="It goes again as soon as it is its turn.")

    async def correct(self, act: CorrectItem) -> Told:
        """A new revision, then try again."""
        async with self._book.lock:
            person = await self._person(act, self.check_correctable)
            self._check_seen()
            item = self._book.known
            content = corrected(item, act)
            values: dict[str, Any] = {"code": "", "differences": []}
            if item.code == ReadBackDiffers.code:  # what we entered stands there now: the person saw it
                values["before"] = {**(item.before or {}), **(item.result or {})}
            self._book.insisted = item.state in NEEDS_PERSON
            taken = await self._book.move(
                State.READY, "item.corrected", actor=person.email, values=values, content=content, why=act.why
            )
            _check_taken(taken=taken)
        return Told(message="The correction is kept and will be keyed as soon as it is its turn.")

    async def reroute(self, act: RerouteItem) -> Told:
        """Another way to the same system, or a person; the item stays the same one."""
        async with self._book.lock:
            person = await self._person(act, self.check_reroutable)
            passed = await self._passed_on(act, person)
            item = self._book.known
            why = {"actor": person.email, "why": act.reason, "data": {"route": act.route, "reason": act.reason}}
            if act.route == "person":
                code = item.code if item.code == NotSeenInTime.code else ByHand.code
                taken = await self._book.move(State.WITH_PERSON, "item.rerouted", values={"code": code}, **why)
            else:
                if act.route not in SYSTEMS[item.system].routes:
                    raise ApplicationError("There is no such way to this system.", type="no_such_route")
                self._check_seen()
                self._book.insisted = item.state in NEEDS_PERSON
                values = {"route": act.route, "code": ""}
                taken = await self._book.move(State.READY, "item.rerouted", values=values, **why)
            if not taken:
                self.check_reroutable()  # what a bot has come to meanwhile may bar every other way
            _check_taken(taken=taken)
            self._book.passed = passed
        if act.route == "person":
            return Told(message="A person makes this entry from now on.")
        return Told(message="It takes the other way from now on.")

    async def _passed_on(self, act: RerouteItem, person: Verified) -> EntryMoved | None:
        """What its handoff is to hear, where a queue or a person was chosen; an ApplicationError for a wrong choice."""
        if act.route != "person" or not (act.queue or act.to):
            return None
        if self._book.known.case_id is None:
            raise ApplicationError("It belongs to no case, so it lies in no queue.", type="wrong_state")
        asked = VerifyActor(by=act.by, action=Action.MOVE_WORK, to_queue=act.queue)
        try:
            known: Verified = await locally(People.verify, asked)
        except ApplicationError:
            raise ApplicationError("You do not have the right to do this.", type="not_allowed") from None
        if not known.queue_known:
            raise ApplicationError(f"There is no queue “{act.queue}”.", type="wrong_state")
        to = act.to
        if to:
            found: Colleague = await locally(Handoffs.colleague, ColleagueAsked(email=to))
            if found.role not in TAKERS:
                message = f"{found.name} cannot take it: their role does not allow it."
                raise ApplicationError(message, type="wrong_state")
            to = found.email
        return EntryMoved(email=person.email, how="item.rerouted", queue=act.queue, to=to, reason=act.reason)

    async def done_by_hand(self, act: DoneByHand) -> Told:
        """Believe only the screen, as far as it can be searched: what was keyed by hand is looked for, part by part."""
        async with self._book.lock:
            person = await self._person(act, self.check_waits)
            while self._book.known.state in NEEDS_PERSON:
                found: dict[str, Any] = {"confirmation": act.confirmation, "result": {}, "adopted": False}
                if self._book.searchable:
                    looked = await self._seen_by_hand()
                    number = looked.confirmation or act.confirmation  # the screen's is no typing error
                    found = {"confirmation": number, "result": looked.record or {}, "adopted": True}
                await self._book.part_in("item.done_by_hand", self._book.known.state, found, actor=person.email)
        return Told(message="Found on the screen; the item is done." if self._book.searchable else "The item is done.")

    async def take_over(self, act: TakeOver) -> Told:
        """A person has it, and no bot touches it; when their time is up it waits for anybody, never for the bot."""
        async with self._book.lock:
            person = await self._person(act, self.check_takeable)
            code = self._book.known.code if self._book.known.state in NEEDS_PERSON else ByHand.code
            taken = await self._book.move(
                State.WITH_PERSON, "item.taken_over", actor=person.email, values={"code": code}, held_by=act.by
            )
            _check_taken(taken=taken)
        return Told(message="It is yours: no bot enters it. Say that it is done by hand, or give it back to the bot.")

    async def give_back(self, act: GiveBack) -> Told:
        """Let a bot go on; the screen is read first."""
        async with self._book.lock:
            person = await self._person(act, self.check_waits)
            return await self._giving_back.give_back(act, person)

    async def approve(self, act: ApproveFilled) -> Told:
        """Let the filled form be submitted: with exactly the values that stand on the record, and were shown."""
        async with self._book.lock:
            person = await self._person(act, self.check_filled, Action.APPROVE_FILLED)
            filled = self._book.known.filled or {}
            if act.values != filled.get("values"):
                message = "The form was filled anew since you saw it. Look at it, then approve."
                raise ApplicationError(message, type="wrong_state")
            approved = {**filled, "by": person.email, "at": workflow.now().isoformat()}
            values = {"approved": approved, "code": "", "differences": []}
            await self._book.move(State.READY, "item.approved", actor=person.email, values=values)
        return Told(message="Approved: a bot fills it again and submits only if the form is filled just so.")

    async def discard(self, act: DiscardItem) -> Told:
        """Give the item up, with a reason."""
        async with self._book.lock:
            person = await self._person(act, self.check_waits)
            data = {"reason": act.reason}
            await self._book.move(State.DISCARDED, "item.discarded", actor=person.email, data=data, why=act.reason)
        return Told(message="Discarded; the case goes on without this entry.")

    async def run_now(self, act: RunNow) -> Told:
        """Enter it outside the system's working hours, with a reason."""
        async with self._book.lock:
            person = await self._person(act, self.check_deferred, Action.RUN_OUTSIDE_WINDOW)
            await self._book.move(State.READY, "item.run_now", actor=person.email, data={"reason": act.reason})
        return Told(message="It goes now, outside the working hours.")

    def check_waits(self) -> None:
        """Raise unless the item waits for a person; state only, for validators."""
        self._check(NEEDS_PERSON, "wrong_state", "This entry does not wait for a person: it is {state}.")

    def check_retriable(self) -> None:
        """Raise unless the item waits for a person, or for its next try."""
        self._check(CORRECTABLE, "wrong_state", "This entry does not wait for a person: it is {state}.")

    def check_correctable(self) -> None:
        """Raise unless a new revision may be made."""
        self._check(CORRECTABLE, "wrong_state", "This entry cannot be corrected now: it is {state}.")

    def check_reroutable(self) -> None:
        """Raise unless no other way can have entered it, or may be entering it now."""
        message = "This entry is {state}: whether it was made must be known before it takes another way."
        self._check(CORRECTABLE, "route_barred", message)

    def check_takeable(self) -> None:
        """Raise unless a person may take it: no bot may be entering it, or have entered it."""
        message = "This entry is {state}: whether a bot made it must be known before a person takes it over."
        self._check(CORRECTABLE | {State.DEFERRED}, "wrong_state", message)

    def check_filled(self) -> None:
        """Raise unless a filled form waits for approval."""
        if self._book.known.state is not State.WITH_PERSON or self._book.known.code != UnderWatch.code:
            message = "There is no filled form that waits for approval."
            raise ApplicationError(message, type="wrong_state", non_retryable=True)

    def check_deferred(self) -> None:
        """Raise unless the item waits for its system's working hours."""
        self._check(frozenset({State.DEFERRED}), "wrong_state", "This entry does not wait for working hours.")

    def _check_for_bots(self, act: Act) -> None:
        """Raise where a joint act meets an entry that somebody has put aside for a person since it was asked for."""
        item = self._book.known
        if act.in_bulk and item.state in NEEDS_PERSON and item.code in NO_FAILURE:
            message = "A person is to key or to approve it; a joint act does not send it to a bot."
            raise ApplicationError(message, type="wrong_state")

    def _check_seen(self) -> None:
        """Raise while nobody has looked whether it is in: no bot enters it again before somebody has."""
        item = self._book.known
        if item.state in NEEDS_PERSON and item.code == NotSeenInTime.code:
            message = "Nobody could look yet whether it was entered. Give it back to the bot: the screen is read first."
            raise ApplicationError(message, type="wrong_state")

    def _check(self, allowed: frozenset[State], code: str, message: str) -> None:
        state = self._book.known.state
        if state not in allowed:
            said = message.format(state=state.value.replace("_", " "))
            raise ApplicationError(said, type=code, non_retryable=True)

    async def _person(self, act: Act, check: Callable[[], None], action: Action = Action.ACT_ON_ITEM) -> Verified:
        try:
            asked = VerifyActor(by=act.by, action=action, item_id=self._book.known.id)
            person: Verified = await locally(People.verify, asked)
        except ApplicationError:
            raise ApplicationError("You do not have the right to do this.", type="not_allowed") from None
        holder = person.holder
        if holder is not None and holder.id != act.by and (act.in_bulk or person.role != "supervisor"):
            message = (
                f"{holder.name} has this entry until {holder.until:%H:%M} UTC; until then only a supervisor may act."
            )
            raise ApplicationError(message, type="held")
        check()
        return person

    async def _seen_by_hand(self) -> Looked:
        """What a person keyed, as the screen shows it; an ApplicationError when it does not."""
        looked = await seen_now(self._resolver)
        if looked.answer in THERE:
            return looked
        message = "The screen does not show this entry with these values; nothing was changed."
        if self._book.known.parts_done:
            parts = len(self._book.parts)
            message = f"The screen shows {self._book.known.parts_done} of {parts} parts; the next one is not there."
        raise ApplicationError(message, type="not_found_on_screen")


def _check_taken(*, taken: bool) -> None:
    if not taken:
        message = "A bot has just begun to enter it; nothing was changed. Try again when it is done."
        raise ApplicationError(message, type="wrong_state")
