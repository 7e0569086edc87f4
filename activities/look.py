"""Looking at a screen without touching it: the resolver's look, the check of what was done by hand, plain reads."""

import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities.job_log import JobLog
from activities.seat import Seats
from bots.kit.contract import Job, Route, RouteKey
from bots.kit.leftovers import is_dead, kill_browser
from core import clock
from core.faults import BrowserInDoubt, Fault, RouteMissing
from core.outcome import Answer, Difference, Outcome, keepable
from records import attempts, items
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import ItemView
from records.work_item import Attempt
from systems.base import PRODUCTION
from systems.registry import SYSTEMS, operation_of


class LookAt(BaseModel):
    """Which item to look for. `prove_dead`: first prove that the browser of its last try is dead."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    purpose: str = "look"
    prove_dead: bool = True


class Looked(BaseModel):
    """What the screen shows. `just_killed`: the browser lived until now, so the settle window starts anew."""

    model_config = ConfigDict(frozen=True)

    answer: Answer
    record: dict[str, str] | None = None
    confirmation: str | None = None
    ours: bool = False
    differences: tuple[Difference, ...] = ()
    just_killed: bool = False


class ReadRecord(BaseModel):
    """Which whole record to read: `what` is for example "order"."""

    model_config = ConfigDict(frozen=True)

    system: str
    what: str
    key: str
    environment: str = PRODUCTION


class RecordRead(BaseModel):
    """The record's fields as the screen showed them."""

    model_config = ConfigDict(frozen=True)

    fields: dict[str, Any]


class Look:
    """Read-only activities on a system; they may be retried freely."""

    def __init__(
        self, database: Database, routes: dict[RouteKey, Route], store: EvidenceStore, seats: Seats, runner: Runner
    ) -> None:
        self._database = database
        self._routes = routes
        self._store = store
        self._seats = seats
        self._runner = runner

    @activity.defn(name="look")
    async def look(self, asked: LookAt) -> Looked:
        """Search the screen for the item's entry. Raises BrowserInDoubt when a dead browser cannot be proven."""
        async with self._database.session() as session:
            item = await items.view(session, asked.item_id)
            last = await attempts.last_entering(session, item.id)
        if asked.prove_dead and last is not None and await self._still_lived(last):
            return Looked(answer=Answer.CANNOT_TELL, just_killed=True)
        return await self._search(item, asked.purpose)

    async def _still_lived(self, last: Attempt) -> bool:
        """Whether the last try's browser lived until now; it is dead when this returns."""
        if last.browser_pid is None or last.browser_started is None:
            return False
        dead = is_dead(last.host, last.boot_id, last.browser_pid, last.browser_started)
        if dead is None:
            raise BrowserInDoubt
        if dead:
            return False
        await kill_browser(last.browser_pid, last.browser_started)
        return True

    async def _search(self, item: ItemView, purpose: str) -> Looked:
        operation = operation_of(item.system, item.operation)
        job = Job.of(operation, operation.entry.model_validate(item.content), item.reference)
        way, route = self._way(RouteKey(item.system, item.route, item.environment))
        async with self._seats.take(SYSTEMS[item.system], way, item.target_key) as seat:
            runner = self._runner.on(route.name, route.version)
            async with self._database.session() as session:
                attempt = await attempts.open_look(session, item.id, runner, purpose, clock.now())
            trail = JobLog(self._database, self._store, item, attempt, seat)
            try:
                async with route.open(seat.account, seat.at_step) as hands:
                    seat.at_step("find")
                    seen = await hands.find(job)
                    await trail.capture(hands, "looked")
            except Fault as fault:
                await trail.ended(fault.outcome, fault)
                raise
            await trail.ended(Outcome.DONE)
        record = dict(seen.records[0]) if len(seen.records) == 1 else None
        return Looked(
            answer=job.part.judge(seen, item.before),
            record=record,
            confirmation=seen.confirmation,
            ours=seen.ours[:1] == [True],
            differences=tuple(job.part.differences(record)) if record else (),
        )

    @activity.defn(name="read_record")
    async def read_record(self, asked: ReadRecord) -> RecordRead:
        """Read a whole record; RecordNotFound when the system does not know it."""
        system = SYSTEMS[asked.system]
        way, route = self._way(RouteKey(system.name, system.route, asked.environment))
        async with self._seats.take(system, way, None) as seat, route.open(seat.account, seat.at_step) as hands:
            seat.at_step("read")
            return RecordRead(fields=keepable(await hands.read(asked.what, asked.key)))

    def _way(self, wish: RouteKey) -> tuple[RouteKey, Route]:
        """The wished way, or another one to the same screens: looking is the same by all of them."""
        others = [RouteKey(wish.system, other, wish.environment) for other in SYSTEMS[wish.system].routes]
        for way in (wish, *others):
            if way in self._routes:
                return way, self._routes[way]
        raise RouteMissing(f"to {wish.system}, {wish.environment}")
