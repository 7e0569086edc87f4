"""What people say to a bulk action, and what it says of itself: each kept before it counts, one after the other."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.bulk import BulkRows, BulkStage, BulkState, Noted, Others
from activities.people import Action, People, Verified, VerifyActor
from workflows.acts import Act, Told
from workflows.book import durably, locally
from workflows.bulk_acts import BulkStart, CancelBulk, DeclineBulk, ReleaseAnyway

OVERSEES = "supervisor"


class BulkPeople:
    """Whether it may send: approved, paused, halted, cancelled; `news` counts what was said."""

    def __init__(self, start: BulkStart) -> None:
        self._start = start
        self._lock = asyncio.Lock()
        self._asked_at: datetime = workflow.now()
        self.approved = not start.needs_approval or start.begun
        self.paused = start.paused
        self.cancelled = start.cancelled
        self.ended = False
        self.news = 0

    @property
    def resting(self) -> bool:
        """Nothing is to be sent now."""
        return self.paused or self.cancelled or not self.approved

    @property
    def carried(self) -> dict[str, Any]:
        """What the next run goes on with."""
        return {"paused": self.paused, "cancelled": self.cancelled}

    # -- what it says of itself ---------------------------------------------------------------------------------

    async def begin(self) -> None:
        """It runs from now on."""
        async with self._lock:
            if not self.resting:
                await self._note(state=BulkState.RUNNING)

    async def stage(self, stage: BulkStage) -> None:
        """It goes over to that stage."""
        async with self._lock:
            await self._note(stage=stage)

    async def halt(self, why: str) -> None:
        """Stop by itself; a person lets it go on, or cancels it."""
        async with self._lock:
            if not self.resting:
                await self._note(state=BulkState.HALTED, why=why)
                self.paused = True

    async def end(self, state: BulkState) -> None:
        """Nothing is left or on its way."""
        async with self._lock:
            self.ended = True
            await self._note(state=state)

    # -- what people say ----------------------------------------------------------------------------------------

    async def approve(self, act: Act) -> Told:
        """Somebody else agrees."""
        async with self._lock:
            person = await self._other(act)
            await self._note(state=BulkState.RUNNING, by=person.email, approved=True)
            self._let_go()
        return Told(message="Approved: it begins now.")

    async def decline(self, act: DeclineBulk) -> Told:
        """Somebody else says no."""
        async with self._lock:
            person = await self._other(act)
            await self._note(state=BulkState.CANCELLED, by=person.email, why=f"Declined: {act.reason}")
            self.cancelled = True
            self.news += 1
        return Told(message="Declined: nothing is sent.")

    async def release_anyway(self, act: ReleaseAnyway) -> Told:
        """Nobody is there to agree, or nobody answered in time."""
        async with self._lock:
            person = await self._person(act, self.check_asked, Action.APPROVE_BULK)
            others: Others = await locally(BulkRows.others, Others(asked_by=self._start.asked_by, at=workflow.now()))
            late = workflow.now() - self._asked_at > timedelta(minutes=self._start.answer_minutes)
            if others.names and not late:
                message = f"{' and '.join(others.names[:3])} can approve it; nothing was changed."
                raise ApplicationError(message, type="somebody_is_there")
            await self._note(state=BulkState.RUNNING, by=person.email, why=act.reason, approved=True, emergency=True)
            self._let_go()
        return Told(message="Released without approval; the lead is told of it.")

    async def pause(self, act: Act) -> Told:
        """Send nothing more for now."""
        async with self._lock:
            person = await self._mine(act, self.check_runs)
            await self._note(state=BulkState.PAUSED, by=person.email)
            self.paused = True
            self.news += 1
        return Told(message="Paused. What is on its way goes on to its end.")

    async def go_on(self, act: Act) -> Told:
        """Go on; failures are counted anew from now."""
        async with self._lock:
            person = await self._mine(act, self.check_rests)
            await self._note(state=BulkState.RUNNING, by=person.email, go_on=True)
            self.paused = False
            self.news += 1
        return Told(message="It goes on with the next one.")

    async def cancel(self, act: CancelBulk) -> Told:
        """Send nothing more, ever."""
        async with self._lock:
            person = await self._mine(act, self.check_open)
            await self._note(state=BulkState.CANCELLED, by=person.email, why=act.reason)
            self.cancelled = True
            self.news += 1
        return Told(message="Cancelled. What was not sent stays as it was; what is on its way goes on to its end.")

    # -- what is allowed ----------------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise unless something may still be said to it."""
        if self.ended or self.cancelled:
            raise _wrong_state("It is over: nothing is left to be sent.")

    def check_asked(self) -> None:
        """Raise unless it waits for approval."""
        self.check_open()
        if self.approved:
            raise _wrong_state("It does not wait for approval any more.")

    def check_runs(self) -> None:
        """Raise unless it runs."""
        self.check_open()
        if self.resting:
            raise _wrong_state("It does not run at this moment.")

    def check_rests(self) -> None:
        """Raise unless it was paused, or stopped by itself."""
        self.check_open()
        if not self.paused or not self.approved:
            raise _wrong_state("It is not paused.")

    def _let_go(self) -> None:
        self.approved = True
        self.news += 1

    async def _note(self, **what: Any) -> None:
        await durably(BulkRows.note, Noted(bulk_id=self._start.bulk_id, at=workflow.now(), **what))

    async def _mine(self, act: Act, check: Callable[[], None]) -> Verified:
        """Whoever asked for it, or somebody who oversees the work."""
        person = await self._person(act, check, Action.ACT_IN_BULK)
        if person.email != self._start.asked_by and person.role != OVERSEES:
            raise _not_allowed("Only who asked for this, or a supervisor, may do that.")
        return person

    async def _other(self, act: Act) -> Verified:
        """Somebody with the right who did not ask for it."""
        person = await self._person(act, self.check_asked, Action.APPROVE_BULK)
        if person.email == self._start.asked_by:
            raise _not_allowed("You asked for this yourself: somebody else must answer.")
        return person

    async def _person(self, act: Act, check: Callable[[], None], action: Action) -> Verified:
        try:
            person: Verified = await locally(People.verify, VerifyActor(by=act.by, action=action))
        except ApplicationError:
            raise _not_allowed("You do not have the right to do this.") from None
        check()
        return person


def _wrong_state(message: str) -> ApplicationError:
    return ApplicationError(message, type="wrong_state", non_retryable=True)


def _not_allowed(message: str) -> ApplicationError:
    return ApplicationError(message, type="not_allowed", non_retryable=True)
