"""One person's word about many things: approved where that is needed, one first, then the rest in order, at a rate.

Which things, and what came of each, stands in the records; here is what comes next, and when it stops.
"""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.bulk import BulkRows, BulkSend, BulkStage, BulkState, Fed, Feed, Send, Stood
from workflows import policies
from workflows.acts import Act, Told
from workflows.book import durably
from workflows.bulk_acts import BulkEnd, BulkStart, CancelBulk, DeclineBulk, ReleaseAnyway
from workflows.bulk_people import BulkPeople


@workflow.defn(name="BulkActionWorkflow")
class BulkActionWorkflow:
    """Carries one bulk action to its end; the single writer of its row from its start on."""

    @workflow.init
    def __init__(self, start: BulkStart) -> None:
        self._start = start
        self._people = BulkPeople(start)
        self._proven = start.proven or not start.canary
        self._not_before: datetime | None = None
        self._idle = self._rounds = 0

    @workflow.run
    async def run(self, start: BulkStart) -> BulkEnd:
        """Wait for approval, then send and look until nothing is left or on its way."""
        people = self._people
        if not start.begun:
            await workflow.wait_condition(lambda: people.approved or people.cancelled)
            if not people.cancelled:
                await people.begin()
        while True:
            news = people.news
            fed = await self._feed()
            if not fed.outstanding and (people.cancelled or not fed.left):
                break
            busy = await self._act_on(fed)
            await self._until_news(fed, news, busy=busy)
            self._rounds += 1
            if self._rounds >= policies.BULK_ROUNDS or workflow.info().is_continue_as_new_suggested():
                await self._go_on()
        return await self._end()

    async def _feed(self) -> Fed:
        fed: Fed = await durably(
            BulkRows.feed,
            Feed(bulk_id=self._start.bulk_id, at=workflow.now(), room=self._room(), in_flight=self._in_flight()),
        )
        return fed

    def _in_flight(self) -> int:
        return self._start.in_flight if self._proven else 1

    def _room(self) -> int:
        """How many may be sent now: none while it rests, one as long as nothing is proven, else as the rate says."""
        if self._people.resting or (self._not_before is not None and workflow.now() < self._not_before):
            return 0
        if not self._proven:
            return 1
        if not self._start.rate_per_minute:
            return policies.BULK_BATCH
        a_beat = self._start.rate_per_minute * policies.BULK_BEAT / timedelta(minutes=1)
        return min(max(int(a_beat), 1), policies.BULK_BATCH)

    async def _act_on(self, fed: Fed) -> bool:
        """Halt, go over to the rest, or send what comes next; whether anything moved."""
        if self._people.resting:
            return bool(fed.settled)
        if not self._proven and fed.proven:
            await self._people.stage(BulkStage.REST)
            self._proven = True
            return True
        if not self._proven and fed.failed_in_a_row:
            await self._people.halt(f"The first one failed, so nothing else was sent. {fed.last_said}".strip())
            return True
        if self._start.stop_after and fed.failed_in_a_row >= self._start.stop_after:
            count = f"{fed.failed_in_a_row} failed in a row, so it stopped."
            await self._people.halt(f"{count} {fed.last_said}".strip())
            return True
        if not fed.next or self._people.resting:
            return bool(fed.settled)
        await self._send(fed.next)
        return True

    async def _send(self, ordinals: tuple[int, ...]) -> None:
        began = workflow.now()
        stood: Stood = await workflow.execute_activity_method(
            BulkSend.send,
            Send(bulk_id=self._start.bulk_id, ordinals=ordinals, at=began, proof=self._start.proof),
            start_to_close_timeout=policies.BULK_SEND_TIMEOUT,
            heartbeat_timeout=policies.BULK_SEND_HEARTBEAT,
            retry_policy=policies.DURABLE_RETRY,
        )
        if self._proven and self._start.rate_per_minute:
            self._not_before = began + timedelta(minutes=1) / self._start.rate_per_minute * stood.sent

    async def _until_news(self, fed: Fed, news: int, *, busy: bool) -> None:
        """Until somebody acts, or it is time to look again; at rest with nothing on its way only people matter."""
        self._idle = 0 if busy else self._idle + 1
        people = self._people
        if people.resting and not fed.outstanding:
            await workflow.wait_condition(lambda: people.news != news)
            return
        pause = policies.BULK_POLL * 2 ** min(self._idle, 4)
        if self._not_before is not None and self._not_before > workflow.now():
            pause = max(self._not_before - workflow.now(), policies.BULK_POLL)
        elif busy and not fed.outstanding and not self._start.rate_per_minute:
            return
        try:
            await workflow.wait_condition(lambda: people.news != news, timeout=min(pause, policies.BULK_POLL_LONGEST))
        except TimeoutError:
            return

    async def _go_on(self) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        carried = {"begun": True, "proven": self._proven, **self._people.carried}
        workflow.continue_as_new(self._start.model_copy(update=carried))

    async def _end(self) -> BulkEnd:
        await workflow.wait_condition(workflow.all_handlers_finished)
        state = BulkState.CANCELLED if self._people.cancelled else BulkState.DONE
        await self._people.end(state)
        return BulkEnd(state=state.value)

    # -- people -------------------------------------------------------------------------------------------------

    @workflow.update
    async def approve(self, act: Act) -> Told:
        """Agree to what somebody else asked for."""
        return await self._people.approve(act)

    @workflow.update
    async def decline(self, act: DeclineBulk) -> Told:
        """Say no; nothing is sent."""
        return await self._people.decline(act)

    @workflow.update
    async def release_anyway(self, act: ReleaseAnyway) -> Told:
        """Begin in an emergency, without approval."""
        return await self._people.release_anyway(act)

    @workflow.update
    async def pause(self, act: Act) -> Told:
        """Send nothing more for now."""
        return await self._people.pause(act)

    @workflow.update
    async def go_on(self, act: Act) -> Told:
        """Go on after a pause or a halt."""
        return await self._people.go_on(act)

    @workflow.update
    async def cancel(self, act: CancelBulk) -> Told:
        """Send nothing more, ever."""
        return await self._people.cancel(act)

    @approve.validator
    def _may_approve(self, act: Act) -> None:
        self._people.check_asked()

    @decline.validator
    def _may_decline(self, act: DeclineBulk) -> None:
        self._people.check_asked()

    @release_anyway.validator
    def _may_release(self, act: ReleaseAnyway) -> None:
        self._people.check_asked()

    @pause.validator
    def _may_pause(self, act: Act) -> None:
        self._people.check_runs()

    @go_on.validator
    def _may_go_on(self, act: Act) -> None:
        self._people.check_rests()

    @cancel.validator
    def _may_cancel(self, act: CancelBulk) -> None:
        self._people.check_open()
