"""Looking at a screen without touching it: the resolver's look, the check of what was done by hand, plain reads."""

import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from activities.job_log import JobLog, Keeping
from activities.long_doubt import DoubtPatience, LongDoubt
from activities.proof import Proof
from activities.seat import Seats
from activities.snapshots import Snapshots
from activities.way_notes import WayNotes
from bots.kit.contract import Job, Route, RouteKey
from core import clock
from core.faults import Fault, RouteMissing
from core.outcome import Answer, Difference, Outcome, Sighting, keepable
from fallbacks.breaker import Source
from fallbacks.health import Health
from records import attempts, items, last_known
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import ItemView
from records.last_known import Record
from systems.base import PRODUCTION
from systems.registry import SYSTEMS, operation_of
from systems.way import Way


class LookAt(BaseModel):
    """Which item to look for.

    `prove_dead`: only when nothing acts for it any more, and `settle_seconds` have passed since then.
    """

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    purpose: str = "look"
    prove_dead: bool = True
    settle_seconds: float = 0.0


class Looked(BaseModel):
    """What the screen shows of the part that the item stands at.

    `in_doubt`: something may still act for it, so nobody looked. `again_in`: it was too early to look, by so many
    seconds. `confirmed`: the word by which the system had confirmed the click. `wanted` is what we would have there.
    """

    model_config = ConfigDict(frozen=True)

    answer: Answer
    record: dict[str, str] | None = None
    confirmation: str | None = None
    ours: bool = False
    differences: tuple[Difference, ...] = ()
    wanted: dict[str, str] = {}
    confirmed: str | None = None
    in_doubt: bool = False
    again_in: float | None = None


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
        self,
        database: Database,
        routes: dict[RouteKey, Route],
        store: EvidenceStore,
        seats: Seats,
        runner: Runner,
        patience: DoubtPatience | None = None,
    ) -> None:
        self._database = database
        self._routes = routes
        self._keeping = Keeping(database, store, Snapshots(database))
        self._seats = seats
        self._runner = runner
        self._proof = Proof(database, runner)
        self._notes = WayNotes(Health(database))
        self._long_doubt = LongDoubt(database, patience or DoubtPatience())

    @activity.defn(name="look")
    async def look(self, asked: LookAt) -> Looked:
        """Search the screen for the part that the item stands at, unless it is too early for that."""
        async with self._database.session() as session:
            item = await items.view(session, asked.item_id)
        dead = await self._proof.nothing_acts(item.id)
        if asked.prove_dead and not dead:
            return Looked(answer=Answer.CANNOT_TELL, in_doubt=True)
        async with self._database.session() as session:
            left = await attempts.settles_in(session, item.id, asked.settle_seconds)
            confirmed = await attempts.confirmed(session, item)
        if left:
            return Looked(answer=Answer.CANNOT_TELL, again_in=left)
        try:
            looked = await self.search(item, asked.purpose)
        except Fault as fault:
            await self._long_doubt.check(item, fault)
            raise
        return looked.model_copy(update={"confirmed": confirmed})

    async def search(self, item: ItemView, purpose: str, *, held_too: bool = False) -> Looked:
        """Search the screen for the part that the item stands at; `held_too`: also by a way that is out of use."""
        operation = operation_of(item.system, item.operation)
        entry = operation.entry.model_validate(item.content)
        last = len(operation.parts_of(entry)) - 1
        job = Job.of(operation, entry, item.reference, done=min(item.parts_done, last))
        way, route = await self._way(RouteKey(item.system, item.route, item.environment), held_too=held_too)
        async with self._seats.take(SYSTEMS[item.system], way, item.target_key) as seat:
            runner = self._runner.on(route.name, route.version)
            async with self._database.session() as session:
                attempt = await attempts.open_look(session, item.id, runner, purpose, clock.now())
            trail = JobLog(self._keeping, item, attempt, seat)
            try:
                async with route.open(seat.account, seat.at_step) as hands:
                    seat.at_step("find")
                    seen = await hands.find(job)
                    await trail.capture(hands, "looked")
            except Fault as fault:
                await trail.ended(fault.outcome, fault)
                await self._notes.heard(_named(way), Source.LOOK, fault, seat.began)
                raise
            await trail.ended(Outcome.DONE)
            await self._notes.heard(_named(way), Source.LOOK, None, seat.began)
        return _looked(job, seen, item.before)

    @activity.defn(name="read_record")
    async def read_record(self, asked: ReadRecord) -> RecordRead:
        """Read a whole record, and keep it as what was last known; RecordNotFound when the system does not know it."""
        system = SYSTEMS[asked.system]
        way, route = await self._way(RouteKey(system.name, system.route, asked.environment))
        async with self._seats.take(system, way, None) as seat:
            try:
                async with route.open(seat.account, seat.at_step) as hands:
                    seat.at_step("read")
                    fields = keepable(await hands.read(asked.what, asked.key))
            except Fault as fault:
                await self._notes.heard(_named(way), Source.READ, fault, seat.began)
                raise
            await self._notes.heard(_named(way), Source.READ, None, seat.began)
        async with self._database.session() as session:
            await last_known.keep(session, Record(**asked.model_dump()), fields, clock.now())
        return RecordRead(fields=fields)

    async def _way(self, wish: RouteKey, *, held_too: bool = False) -> tuple[RouteKey, Route]:
        """The wished way, or another one to the same screens: looking is the same by all of them.

        One that is held is not knocked on, unless `held_too`; SystemHeld when all of them are.
        """
        others = [RouteKey(wish.system, other, wish.environment) for other in SYSTEMS[wish.system].routes]
        here = [way for way in dict.fromkeys((wish, *others)) if way in self._routes]
        if not here:
            raise RouteMissing(f"to {wish.system}, {wish.environment}")
        names = {_named(way): way for way in here}
        way = here[0] if held_too else names[await self._notes.first_open(list(names))]
        return way, self._routes[way]


def _named(way: RouteKey) -> Way:
    return Way(way.system, way.environment, way.route)


def _looked(job: Job, seen: Sighting, before: dict[str, str] | None) -> Looked:
    records = job.part.matching(seen)
    record = dict(records[0]) if len(records) == 1 else None
    return Looked(
        answer=job.part.judge(seen, before),
        record=record,
        confirmation=seen.confirmation,
        ours=any(seen.ours),
        differences=tuple(job.part.differences(record)) if record else (),
        wanted=dict(job.part.image),
    )
