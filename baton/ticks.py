"""The upkeep's process: the outbox relay without pause, and APScheduler's beats as one table (name, seconds, what)."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from datetime import UTC

import psycopg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton import beats, begins, ready, temporal_peer, wiring
from baton.beats import BEATS, Beat, Periodic
from baton.seen import checks, part, traces
from baton.seen.alarms import AlarmMetrics, Look
from baton.seen.engine import EngineMetrics
from baton.seen.health import Health as PartHealth
from baton.seen.pulse import Pulse
from baton.turn import Turn
from core import clock
from core import log as logging_
from core.settings import Settings, settings
from fallbacks.act_relay import ActRelay
from fallbacks.relay import Relay, Rounds
from fallbacks.temporal_acts import TemporalActs
from fallbacks.temporal_starter import TemporalStarter
from records.database import Database

log = structlog.get_logger(__name__)


LAST_BEATS = 0.6
"""Seconds that a beat on its way gets when the process is to end; it takes milliseconds when the database answers."""


class Ticks:
    """The relays and the beats of one process. Of several processes all relay, and one does the beats."""

    def __init__(
        self,
        database: Database,
        relays: Sequence[Rounds],
        beats: tuple[Beat, ...] = BEATS,
        pulse: Pulse | None = None,
    ) -> None:
        self._database = database
        self._pulse = pulse or Pulse()
        self._relays = relays
        self._turn = Turn(database.url)
        self._beats = beats
        self._failing: set[str] = set()
        self._on_their_way: set[asyncio.Task[object]] = set()
        self._ending = False

    async def run(self, stop: asyncio.Event, told: Callable[[], None] = ready.tell) -> None:
        """Work until `stop` is set; what is on its way is then dropped, which loses nothing, and the turn given on."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        for beat in self._beats:
            self._pulse.expect(beat.name, beat.seconds)
            scheduler.add_job(
                self.beat,
                "interval",
                args=(beat.name, beat.make(self._database)),
                seconds=beat.seconds,
                id=beat.name,
                next_run_time=clock.now(),
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        async with asyncio.TaskGroup() as tasks:
            relaying = [tasks.create_task(relay.run_forever()) for relay in self._relays]
            scheduler.start()
            told()
            await stop.wait()
            for one in relaying:
                one.cancel()
            scheduler.remove_all_jobs()
            await self._end_beats()
            scheduler.shutdown()
        await self._turn.close()

    async def _end_beats(self) -> None:
        """Give beats on their way a moment, and drop the others."""
        self._ending = True
        if self._on_their_way:
            await asyncio.wait(self._on_their_way, timeout=LAST_BEATS)
        if dropped := list(self._on_their_way):
            for beat in dropped:
                beat.cancel()
            await asyncio.wait(dropped, timeout=LAST_BEATS)

    async def beat(self, name: str, what: Periodic) -> None:
        """One beat, when it is this process's turn; a database that is away is told once, not at every beat."""
        task = asyncio.current_task()
        assert task is not None
        self._on_their_way.add(task)
        try:
            if await self._turn.mine():
                await what.run_once(clock.now())
                self._pulse.done(name)
        except (DBAPIError, PoolTimeout, psycopg.OperationalError, OSError) as error:
            if name not in self._failing:
                log.warning("beat.records_away", beat=name, kind=type(error).__name__)
            self._failing.add(name)
        except asyncio.CancelledError:
            if not self._ending:
                raise
        else:
            self._failing.discard(name)
        finally:
            self._on_their_way.discard(task)
            self._pulse.called(name)


async def serve(chosen: Settings, engine: EngineMetrics) -> None:
    """Run until SIGTERM or SIGINT."""
    database = wiring.database(chosen)
    health, pulse = await _health(chosen, database, engine)
    try:
        async with part.watched(health, engine, chosen):
            await begins.with_fitting(database)
            stop = asyncio.Event()
            for wanted in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
            client = await wiring.temporal_client(chosen)
            starter, acts = TemporalStarter(client, chosen.console_url), TemporalActs(client)
            relays = (Relay(database, starter, clock.now), ActRelay(database, acts, clock.now))
            todo = (*beats.of(chosen), *beats.watching(chosen, client, health))
            await Ticks(database, relays, todo, pulse).run(stop, health.begun)
    finally:
        await database.close()


async def _health(chosen: Settings, database: Database, engine: EngineMetrics) -> tuple[PartHealth, Pulse]:
    """What the ticks are asked: beside their own health, all that alarms are made of."""
    asking, pulse = await temporal_peer.client(lazy=True), Pulse()
    health = part.of_other("ticks", database, asking, engine)
    health.needs["beats"] = pulse.silent
    health.uses["evidence"] = checks.evidence(wiring.evidence(chosen), database)
    numbers = AlarmMetrics(Look(chosen, database, asking).now)
    health.registry.register(pulse)
    health.registry.register(numbers)
    health.readings.append(numbers.read)
    return health, pulse


def main() -> None:
    """The verb `baton ticks`."""
    chosen = settings()
    logging_.configure("ticks", style=chosen.log_format, level=chosen.log_level)
    with traces.sent("ticks"):
        asyncio.run(serve(chosen, EngineMetrics.installed()))
