"""One try at a work item: the activity around its steps, and what the item's row says of it when it ends.

Nothing here is retried. Whatever goes wrong before the guard is surely not entered; whatever goes wrong after it is
*unknown* until somebody has looked.
"""

import asyncio
import uuid
from datetime import datetime
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio import activity

from activities.job_log import JobLog, Keeping
from activities.proof import AT_WORK, Proof
from activities.seat import Entering, Seat, Seats
from activities.snapshots import Snapshots
from activities.steps import Ending, Steps, Try, refused
from activities.way_notes import WayNotes
from bots.kit.contract import Job, Route, RouteKey
from core import clock
from core.crash_points import reach
from core.faults import (
    BrowserInDoubt,
    Fault,
    HeldBehind,
    LeaseLost,
    NotYet,
    RecordLocked,
    RouteMissing,
    Stopping,
    SystemHeld,
    away,
)
from core.outcome import Outcome
from core.work_item import Priority, State
from fallbacks.breaker import Source
from fallbacks.health import Health
from records import attempts, items, operation_holds, watches
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.holding_back import hold_back, overtakes
from records.items import ItemView
from records.work_item import Attempt
from systems.registry import SYSTEMS, operation_of
from systems.way import Way

log = structlog.get_logger(__name__)


class PerformItem(BaseModel):
    """Which item to try, and the fence at which its workflow knows it.

    `last`: when this try breaks before the click, the item waits for a person; else it stays ready to go again.
    `insisted`: a person who knows what stands there said that it goes again. `settle_seconds`: for how long after a
    click the system may still commit.
    """

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    last: bool = True
    insisted: bool = False
    settle_seconds: float = 0.0
    outside_window: bool = False


class Performed(BaseModel):
    """How the try ended, and the item as it stands now; `until` says when to come back, where that is known.

    `ways` are those that the bots have here, told of an entry whose own way is held.
    """

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    code: str = ""
    item: ItemView
    until: datetime | None = None
    ways: tuple[str, ...] | None = None


class Perform:
    """The activity, with its collaborators: records, the routes to the systems, evidence, seats."""

    def __init__(
        self, database: Database, routes: dict[RouteKey, Route], store: EvidenceStore, seats: Seats, runner: Runner
    ) -> None:
        self._database = database
        self._routes = routes
        self._keeping = Keeping(database, store, Snapshots(database))
        self._seats = seats
        self._runner = runner
        self._steps = Steps(database)
        self._proof = Proof(database, runner)
        self._notes = WayNotes(Health(database))

    @activity.defn(name="perform")
    async def perform(self, asked: PerformItem) -> Performed:
        """Try the item once; how it stands afterwards."""
        reach("before_intent", asked.item_id)
        item, held = await self._asked_for(asked.item_id, asked.fence)
        if held:
            return Performed(outcome=Outcome.NOT_YET, code=held, item=item, ways=self._ways(item))
        if item.state is not State.READY or item.fence != asked.fence:
            return _as_it_stands(item)
        way = RouteKey(item.system, item.route, item.environment)
        if (route := self._routes.get(way)) is None:
            raise RouteMissing(f"{way.route} to {way.system}, {way.environment}")
        entering = Entering(urgent=item.priority is Priority.URGENT, outside_window=asked.outside_window)
        try:
            async with self._seats.take(SYSTEMS[item.system], way, item.target_key, entering) as seat:
                claimed = await self._claim(item, route, seat, asked.settle_seconds)
                if claimed is None:  # corrected, rerouted or settled a moment ago
                    return _as_it_stands(await self._viewed(item.id))
                return await self._work(self._trial(asked, *claimed, seat), route)
        except NotYet as fault:
            return Performed(outcome=Outcome.NOT_YET, code=fault.code, item=item, until=fault.until)

    async def _asked_for(self, item_id: uuid.UUID, fence: int) -> tuple[ItemView, str]:
        """The item, and by which code it is held: its way by an outage, or its operation; it asks no seat then."""
        async with self._database.session() as session:
            item = await items.view(session, item_id)
            ready = item.state is State.READY and item.fence == fence
            if not ready or not await hold_back(session, item, clock.now()):
                return item, ""
            item = await items.view(session, item.id)
            whole_way = await operation_holds.behind_outage(session, item.held_behind)
            return item, SystemHeld.code if whole_way else HeldBehind.code

    def _ways(self, item: ItemView) -> tuple[str, ...]:
        here = (item.system, item.environment)
        return tuple(way.route for way in self._routes if (way.system, way.environment) == here)

    async def _viewed(self, item_id: uuid.UUID) -> ItemView:
        async with self._database.session() as session:
            return await items.view(session, item_id)

    async def _claim(
        self, item: ItemView, route: Route, seat: Seat, settle_seconds: float
    ) -> tuple[ItemView, Attempt] | None:
        """The item, watched or not from now on, and the try at it; None when somebody was quicker.

        Raises RecordLocked while an earlier click, of this item or at this record, may still be carried out, or an
        earlier entry of it stands in line. What a person decided stands: a try that may live holds nothing up.
        """
        seconds, runner = self._seats.lease_seconds, self._runner.on(route.name, route.version)
        if item.attempts:
            await self._proof.nothing_acts(item.id)
        async with self._database.session() as session:
            settling = item.attempts and await attempts.settles_in(session, item.id, settle_seconds)
            if settling or await attempts.another_in_doubt(session, item) or await overtakes(session, item):
                raise RecordLocked
            attempt = await attempts.claim(session, item.id, item.fence, runner, seconds, clock.now())
            if attempt is None:
                return None
            new_version = SYSTEMS[item.system].watch_new_version
            watched = await watches.take(session, item, attempt, new_version, clock.now())

        async def renew() -> bool:
            async with self._database.session() as session:
                return await attempts.renew(session, attempt, seconds)

        seat.renew_item = renew
        return item.model_copy(update={"watched": watched}), attempt

    def _trial(self, asked: PerformItem, item: ItemView, attempt: Attempt, seat: Seat) -> Try:
        operation = operation_of(item.system, item.operation)
        entry = operation.entry.model_validate(item.content)
        return Try(
            item=item,
            attempt=attempt,
            job=Job.of(operation, entry, item.reference, done=item.parts_done),
            parts=len(operation.parts_of(entry)),
            seat=seat,
            log=JobLog(self._keeping, item, attempt, seat),
            last=asked.last,
            insisted=asked.insisted,
            done=item.parts_done,
        )

    async def _work(self, trial: Try, route: Route) -> Performed:
        AT_WORK.add(trial.attempt.id)
        try:
            await self._at_the_screen(trial, route)
        except Fault as fault:
            return await self._failed(trial, route, fault)
        except asyncio.CancelledError:
            if not activity.is_worker_shutdown():
                await self._given_up(trial, route)
                raise
            return await self._failed(trial, route, Stopping())
        except BaseException:
            await self._given_up(trial, route)
            raise
        finally:
            AT_WORK.discard(trial.attempt.id)
        trial.reach("before_report")
        return await self._report(trial, trial.ended or Outcome.DONE)

    async def _at_the_screen(self, trial: Try, route: Route) -> None:
        """All steps; a job whose lease is lost ends at once, whatever it waits for."""
        try:
            async with (
                asyncio.timeout(None) as trial.seat.bound,
                route.open(trial.seat.account, trial.seat.at_step) as hands,
            ):
                await trial.log.opened(hands)
                try:
                    await self._steps.enter_all(trial, hands)
                except Fault as fault:
                    await trial.log.trouble(hands, fault)
                    raise
        except TimeoutError:
            if not trial.seat.lost:
                raise
            raise LeaseLost from None

    async def _given_up(self, trial: Try, route: Route) -> None:
        """Nobody knows what the browser still does: it ends, and `settle` says what that means for the item."""
        dead = await self._killed(trial, route)
        await trial.log.given_up()
        if dead:
            try:
                async with self._database.session() as session:
                    await attempts.over(session, trial.attempt.id)
            except (DBAPIError, PoolTimeout) as error:
                log.warning("try.end_not_noted", kind=type(error).__name__)

    async def _killed(self, trial: Try, route: Route) -> bool:
        """End the account's browser; whether it is dead beyond doubt."""
        try:
            await route.kill(trial.seat.account)
        except BrowserInDoubt:
            return False
        return True

    async def _failed(self, trial: Try, route: Route, fault: Fault) -> Performed:
        """Say what the trouble means at the point it happened; what the try ended with before it, stands."""
        if trial.ended is not None:
            await self._killed(trial, route)
            return await self._report(trial, trial.ended, fault)
        fault = trial.refused or fault  # whatever followed the system's own no, an account that is held among it
        code: dict[str, Any] = {"code": fault.code}
        if trial.submitted:
            dead = await self._killed(trial, route)
            await self._steps.finish(trial, Ending(State.UNKNOWN, "item.unknown", Outcome.UNKNOWN, code, dead, fault))
        elif fault.outcome is Outcome.NOT_YET:
            code["attempts"] = trial.item.attempts
            await self._steps.finish(trial, Ending(State.READY, "item.not_yet", Outcome.NOT_YET, code))
        elif fault.outcome is Outcome.REFUSED:
            await self._steps.finish(trial, refused(trial, fault))
        else:
            await self._killed(trial, route)
            if away(fault) and await self._heard(trial, Outcome.BROKEN, fault):
                return await self._back_in_line(trial, fault)
            changed = bool(fault.drift)  # the screen is as it is: the next try would see the same
            to = State.BROKEN if trial.last or changed else State.READY
            await self._steps.finish(trial, Ending(to, "item.broken", Outcome.BROKEN, code, fault=fault))
        trial.reach("before_report")
        return await self._report(trial, trial.ended or fault.outcome, fault)

    async def _back_in_line(self, trial: Try, fault: Fault) -> Performed:
        """Its way is held by now: the try was none, and it stands in line again, also one that was let go."""
        kept = {"attempts": trial.item.attempts, "through_hold": False}
        await self._steps.finish(trial, Ending(State.READY, "item.not_yet", Outcome.NOT_YET, kept))
        trial.reach("before_report")
        await self._report(trial, Outcome.NOT_YET, fault)
        item, held = await self._asked_for(trial.item.id, trial.attempt.fence)
        return Performed(outcome=Outcome.NOT_YET, code=held or fault.code, item=item, ways=self._ways(item))

    async def _heard(self, trial: Try, outcome: Outcome, fault: Fault | None) -> bool:
        """What this try says of its way, once; whether the way is shut now."""
        if trial.heard:
            return False
        trial.heard = True
        item, met = trial.item, None if outcome is Outcome.DONE else fault
        source = Source.LOOK if outcome is Outcome.NOT_YET else Source.ENTRY
        return await self._notes.heard(Way(item.system, item.environment, item.route), source, met, trial.seat.began)

    async def _report(self, trial: Try, outcome: Outcome, fault: Fault | None = None) -> Performed:
        item = await trial.log.ended(outcome, fault)
        await self._heard(trial, outcome, fault)
        return Performed(outcome=outcome, code=fault.code if fault else "", item=item)


def _as_it_stands(item: ItemView) -> Performed:
    by_state = {
        State.DONE: Outcome.DONE,
        State.UNKNOWN: Outcome.UNKNOWN,
        State.REFUSED: Outcome.REFUSED,
        State.BROKEN: Outcome.BROKEN,
    }
    return Performed(outcome=by_state.get(item.state, Outcome.NOT_YET), code=item.code, item=item)
