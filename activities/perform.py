"""One try at a work item: find, enter, submit, confirm, on one live page; the centre of Baton.

Nothing here is retried. Whatever goes wrong before the guard is surely not entered; whatever goes wrong after it is
*unknown* until somebody has looked.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities.job_log import JobLog
from activities.seat import Entering, Seat, Seats
from bots.kit.contract import Hands, Job, Route, RouteKey
from core import clock
from core.crash_points import reach
from core.faults import (
    Ambiguous,
    CannotTell,
    Conflict,
    Fault,
    LeaseLost,
    NotYet,
    ReadBackDiffers,
    RecordNotFound,
    Refused,
    RouteMissing,
    Stopping,
    Unknown,
)
from core.outcome import Answer, Difference, Outcome, Sighting
from core.work_item import Kind, Priority, State
from records import attempts, items
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import ItemView
from records.work_item import Attempt
from systems.registry import SYSTEMS, operation_of

PAUSE_LIMIT_SECONDS = 4.0
"""A job that has not run for longer than this was paused and must not click."""


class PerformItem(BaseModel):
    """Which item to try, and the fence at which its workflow knows it.

    `last`: when this try breaks before the click, the item waits for a person; else it stays ready to go again.
    """

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    last: bool = True
    outside_window: bool = False


class Performed(BaseModel):
    """How the try ended, and the item as it stands now; `until` says when to come back, where that is known."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    code: str = ""
    item: ItemView
    until: datetime | None = None


@dataclass
class Try:
    """What one try carries along."""

    item: ItemView
    attempt: Attempt
    job: Job
    seat: Seat
    log: JobLog
    last: bool
    submitted: bool = False


class Perform:
    """The activity, with its collaborators: records, the routes to the systems, evidence, seats."""

    def __init__(
        self, database: Database, routes: dict[RouteKey, Route], store: EvidenceStore, seats: Seats, runner: Runner
    ) -> None:
        self._database = database
        self._routes = routes
        self._store = store
        self._seats = seats
        self._runner = runner

    @activity.defn(name="perform")
    async def perform(self, asked: PerformItem) -> Performed:
        """Try the item once; how it stands afterwards."""
        reach("before_intent")
        async with self._database.session() as session:
            item = await items.view(session, asked.item_id)
        if item.state is not State.READY or item.fence != asked.fence:
            return _as_it_stands(item)
        way = RouteKey(item.system, item.route, item.environment)
        route = self._routes.get(way)
        if route is None:
            raise RouteMissing(f"{way.route} to {way.system}, {way.environment}")
        try:
            entering = Entering(urgent=item.priority is Priority.URGENT, outside_window=asked.outside_window)
            async with self._seats.take(SYSTEMS[item.system], way, item.target_key, entering) as seat:
                return await self._work(item, route, await self._claim(item, route, seat), seat, last=asked.last)
        except NotYet as fault:
            return Performed(outcome=Outcome.NOT_YET, code=fault.code, item=item, until=fault.until)

    async def _claim(self, item: ItemView, route: Route, seat: Seat) -> Attempt:
        seconds, runner = self._seats.lease_seconds, self._runner.on(route.name, route.version)
        async with self._database.session() as session:
            attempt = await attempts.claim(session, item.id, item.fence, runner, seconds, clock.now())
        if attempt is None:
            raise LeaseLost

        async def renew() -> bool:
            async with self._database.session() as session:
                return await attempts.renew(session, attempt, seconds)

        seat.renew_item = renew
        return attempt

    async def _work(self, item: ItemView, route: Route, attempt: Attempt, seat: Seat, *, last: bool) -> Performed:
        operation = operation_of(item.system, item.operation)
        job = Job.of(operation, operation.entry.model_validate(item.content), item.reference)
        trial = Try(item, attempt, job, seat, JobLog(self._database, self._store, item, attempt, seat), last)
        try:
            async with route.open(seat.account, seat.at_step) as hands:
                await trial.log.opened(hands)
                try:
                    await self._steps(trial, hands)
                except Fault:
                    await trial.log.capture(hands, "trouble")
                    raise
        except Fault as fault:
            return await self._failed(trial, route, fault)
        except BaseException:
            await route.kill(seat.account)  # nobody knows what the browser still does; `settle` says what it means
            raise
        reach("before_report")
        return await self._report(trial, Outcome.DONE)

    async def _steps(self, trial: Try, hands: Hands) -> None:
        trial.seat.at_step("find")
        seen = await hands.find(trial.job)
        reach("after_find")
        if await self._adopted(trial, seen):
            return
        trial.seat.at_step("enter")
        await hands.enter(trial.job)
        await trial.log.capture(hands, "before_submit")
        reach("before_guard")
        await self._guard(trial)
        reach("after_guard")
        trial.seat.at_step("submit")
        confirmation = await self._click(trial, hands)
        reach("after_submit")
        await trial.log.capture(hands, "after_submit")
        trial.seat.at_step("read back")
        kept = await hands.read_back(trial.job)
        reach("after_confirm")
        await self._confirm(trial, confirmation, kept)

    async def _adopted(self, trial: Try, seen: Sighting) -> bool:
        """Whether the entry is there already; raises what stands against entering it."""
        part = trial.job.part
        answer = part.judge(seen, trial.item.before)
        if answer in (Answer.EQUAL, Answer.AFTER):
            found = dict(seen.records[0])
            await self._finish(
                trial, State.DONE, "item.adopted", confirmation=seen.confirmation, result=found, adopted=True, code=""
            )
            return True
        if answer is (Answer.ABSENT if part.kind in (Kind.CREATE, Kind.AMOUNT) else Answer.BEFORE):
            return False
        raise _objection(answer, part.differences(seen.records[0] if seen.records else {}))

    async def _guard(self, trial: Try) -> None:
        if activity.is_worker_shutdown():
            raise Stopping
        asked = time.monotonic()
        trial.seat.check_alive(PAUSE_LIMIT_SECONDS)
        async with self._database.session() as session:
            passed = await attempts.guard(session, trial.attempt, clock.now())
        if not passed:
            raise LeaseLost
        trial.submitted = True
        trial.seat.check_alive(PAUSE_LIMIT_SECONDS, since=asked)

    async def _click(self, trial: Try, hands: Hands) -> str:
        try:
            return await hands.submit(trial.job)
        except Refused:
            trial.submitted = False  # the answer to the click, and nothing that comes later, can say: not entered
            raise

    async def _confirm(self, trial: Try, confirmation: str, kept: Sighting) -> None:
        if not kept.readable or len(kept.records) != 1:
            raise Unknown("the record could not be read back")
        differences = [found.model_dump() for found in trial.job.part.differences(kept.records[0])]
        if differences:
            await self._finish(
                trial,
                State.WITH_PERSON,
                "item.differs",
                confirmation=confirmation,
                result=dict(kept.records[0]),
                differences=differences,
                code=ReadBackDiffers.code,
            )
        else:
            await self._finish(
                trial, State.DONE, "item.done", confirmation=confirmation, result=dict(kept.records[0]), code=""
            )

    async def _failed(self, trial: Try, route: Route, fault: Fault) -> Performed:
        if trial.submitted:
            await route.kill(trial.seat.account)
            await self._finish(trial, State.UNKNOWN, "item.unknown", code=fault.code)
            return await self._report(trial, Outcome.UNKNOWN, fault)
        if fault.outcome is Outcome.NOT_YET:
            await self._finish(trial, State.READY, "item.not_yet", code=fault.code, attempts=trial.item.attempts)
        elif fault.outcome is Outcome.REFUSED:
            differences = [found.model_dump() for found in fault.differences]
            await self._finish(trial, State.REFUSED, "item.refused", code=fault.code, differences=differences)
        else:
            await route.kill(trial.seat.account)
            to = State.BROKEN if trial.last else State.READY
            await self._finish(trial, to, "item.broken", code=fault.code)
        return await self._report(trial, fault.outcome, fault)

    async def _finish(self, trial: Try, to: State, event: str, **values: Any) -> None:
        wanted = items.Move(
            item_id=trial.item.id,
            fence=trial.attempt.fence,
            to=to,
            event=event,
            bump=False,
            values=values,
            data={"code": values.get("code", ""), "confirmation": values.get("confirmation") or ""},
        )
        async with self._database.session() as session:
            if not await items.move(session, wanted, clock.now()):
                raise LeaseLost  # somebody settled this try; what it did is found by the resolver

    async def _report(self, trial: Try, outcome: Outcome, fault: Fault | None = None) -> Performed:
        await trial.log.ended(outcome, fault)
        async with self._database.session() as session:
            item = await items.view(session, trial.item.id)
        return Performed(outcome=outcome, code=fault.code if fault else "", item=item)


def _as_it_stands(item: ItemView) -> Performed:
    by_state = {
        State.DONE: Outcome.DONE,
        State.UNKNOWN: Outcome.UNKNOWN,
        State.REFUSED: Outcome.REFUSED,
        State.BROKEN: Outcome.BROKEN,
    }
    return Performed(outcome=by_state.get(item.state, Outcome.NOT_YET), code=item.code, item=item)


def _objection(answer: Answer, differences: list[Difference]) -> Refused:
    """Why an entry may not be made, for each answer that is neither *there* nor *as it was*."""
    kinds: dict[Answer, type[Refused]] = {
        Answer.ABSENT: RecordNotFound,
        Answer.DIFFERENT: Conflict,
        Answer.OTHER: Conflict,
        Answer.SEVERAL: Ambiguous,
    }
    fault = kinds.get(answer, CannotTell)()
    fault.differences = differences
    return fault
