"""The upkeep's process: the outbox relay without pause, and APScheduler's beats as one table (name, seconds, what)."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import psycopg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.client import Client

from activities.tell import SendNotice, Tell
from baton import begins, mailbox, ready, temporal_peer, wiring
from baton.drill.runner import Drills
from baton.seen import part, traces
from baton.seen.alarms import AlarmMetrics, Look
from baton.seen.deadman import Deadman
from baton.seen.engine import EngineMetrics
from baton.seen.health import Health as PartHealth
from baton.seen.pulse import Pulse
from baton.turn import Turn
from core import clock
from core import log as logging_
from core.settings import Settings, settings
from fallbacks.act_relay import ActRelay
from fallbacks.canaries import Canaries
from fallbacks.expiry import ExpiringCredentials
from fallbacks.failure_notices import FailureNotices
from fallbacks.fixes import Fixes
from fallbacks.gone_processes import GoneProcesses
from fallbacks.health import Health
from fallbacks.held_line import HeldLine
from fallbacks.leavers import Leavers
from fallbacks.outage_notices import OutageNotices
from fallbacks.outbound import Outbound
from fallbacks.playbooks import FollowPlaybooks, OutageMails
from fallbacks.probes import Probes
from fallbacks.promises import Promises
from fallbacks.relay import Relay, Rounds
from fallbacks.replies import Replies
from fallbacks.retention import EvidenceRetention, HealthRetention, WordsRetention
from fallbacks.routes_again import RoutesAgain
from fallbacks.routing import Routing
from fallbacks.telling_staff import StaffMail, TellingStaff
from fallbacks.temporal_acts import TemporalActs
from fallbacks.temporal_processes import TemporalProcesses
from fallbacks.temporal_starter import TemporalStarter
from fallbacks.upkeep import ExpiredSessions, LapsedLeases, OutboxAge
from fallbacks.webhook import Webhooks
from fallbacks.window_drills import WindowDrills
from records.database import Database
from systems.drill_ground import Grounds
from systems.environment import BadEnvironmentsError
from systems.seating import Seatings

log = structlog.get_logger(__name__)


class Periodic(Protocol):
    """One kind of upkeep."""

    async def run_once(self, now: datetime) -> int:
        """Do it once, as of `now`; how much there was."""


PROBES_WAIT = 1.0
"""So long a beat of probes waits for them: less than until the next one."""
LAST_BEATS = 0.6
"""Seconds that a beat on its way gets when the process is to end; it takes milliseconds when the database answers."""


@dataclass(frozen=True)
class Beat:
    """One line of the table: its name, its interval in seconds, and what it makes of a database."""

    name: str
    seconds: float
    make: Callable[[Database], Periodic]


BEATS = (
    Beat("outbox_age", 5, OutboxAge),
    Beat("lapsed_leases", 10, LapsedLeases),
    Beat("routing", 5, Routing),
    Beat("leavers", 30, Leavers),
    Beat("routes_again", 5, RoutesAgain),
    Beat("fixes", 5, lambda database: Fixes(database, settings().bulk_four_eyes_above)),
    Beat("failure_notices", 10, lambda database: FailureNotices(database, settings().failures_told_from)),
    Beat("outage_notices", 10, OutageNotices),
    Beat("expired_sessions", 600, ExpiredSessions),
    Beat("health_retention", 600, HealthRetention),
    Beat("expiring_credentials", 3600, lambda _: ExpiringCredentials(wiring.secrets(settings()).known)),
)


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
            beats = (*_beats(chosen), *_watching(chosen, client, health))
            await Ticks(database, relays, beats, pulse).run(stop, health.begun)
    finally:
        await database.close()


async def _health(chosen: Settings, database: Database, engine: EngineMetrics) -> tuple[PartHealth, Pulse]:
    """What the ticks are asked: beside their own health, all that alarms are made of."""
    asking, pulse = await temporal_peer.client(lazy=True), Pulse()
    health = part.of_other("ticks", database, asking, engine)
    health.needs["beats"] = pulse.silent
    numbers = AlarmMetrics(Look(chosen, database, asking).now)
    health.registry.register(pulse)
    health.registry.register(numbers)
    health.readings.append(numbers.read)
    return health, pulse


def _beats(chosen: Settings) -> tuple[Beat, ...]:
    return (
        *BEATS,
        _probes(chosen),
        *_held_line(chosen),
        *_retention(chosen),
        *([Beat("drills", 3, Drills)] if chosen.demo else []),  # where the demo systems are
        _telling(chosen),
        *_replies(chosen),
        *_playbooks(chosen),
    )


def _watching(chosen: Settings, client: Client, health: PartHealth) -> list[Beat]:
    """The beats that compare what is open with what Temporal carries, and that tell an address that all is well."""
    return [
        Beat("gone_processes", 15, lambda database: GoneProcesses(database, TemporalProcesses(client))),
        *([Beat("deadman", 60, lambda _: Deadman(url, health.readiness))] if (url := chosen.deadman_url) else []),
    ]


def _held_line(chosen: Settings) -> list[Beat]:
    """The beats that let held entries go on, give people what is due before its turn, and have every way exercised."""
    seatings, lead = Seatings(chosen.systems_file), timedelta(minutes=chosen.promise_lead_minutes)
    return [
        Beat("held_line", 3, lambda database: HeldLine(database, seatings)),
        Beat("promises", 15, lambda database: Promises(database, seatings, lead)),
        Beat("canaries", 30, lambda database: Canaries(database, Grounds(seatings))),
        Beat("window_drills", 5, lambda database: WindowDrills(database, Grounds(seatings))),
    ]


def _playbooks(chosen: Settings) -> list[Beat]:
    """The beats that do what playbooks say while a system is out; they need no Temporal."""

    def mails(database: Database) -> OutageMails:
        tell = Tell(database, chosen.smtp_url, chosen.mail_from, clock.now, chosen.reply_to)
        return OutageMails(database, lambda notice_id: tell.send_notice(SendNotice(notice_id=notice_id)))

    file, policies = chosen.playbooks_file, chosen.policies_file
    return [
        Beat("playbooks", 5, lambda database: FollowPlaybooks(database, file, policies)),
        Beat("outage_mails", 30, mails),
    ]


def _probes(chosen: Settings) -> Beat:
    """The beat that asks each way whether it is there; a systems file that cannot be used stops nothing else."""
    seatings = Seatings(chosen.systems_file)
    try:
        places = wiring.probed_places(chosen)
    except BadEnvironmentsError as wrong:
        log.warning("probes.no_places", why=" ".join(wrong.sentences))
        places = []
    return Beat("probes", 2, lambda database: Probes(Health(database), places, seatings, beat=PROBES_WAIT))


def _retention(chosen: Settings) -> list[Beat]:
    """The beats that remove what was kept long enough; the store is the one that the bots fill."""
    store = wiring.evidence(chosen)
    days = {"public": chosen.evidence_days, "personal": chosen.evidence_personal_days}
    return [
        Beat("evidence_retention", 600, lambda database: EvidenceRetention(database, store, days)),
        Beat("words_retention", 600, lambda database: WordsRetention(database, chosen.told_days, chosen.mail_days)),
    ]


def _telling(chosen: Settings) -> Beat:
    """The beat that tells people of the house what concerns them."""
    mail = StaffMail(chosen.smtp_url, chosen.mail_from, chosen.console_url)
    webhooks = Webhooks(Outbound(chosen.webhook_networks))
    return Beat("telling_staff", 2, lambda database: TellingStaff(database, mail, webhooks))


def _replies(chosen: Settings) -> list[Beat]:
    """The beat that reads the mailbox, where there is one."""
    found = mailbox.of(chosen)
    if found is None:
        return []
    store = wiring.evidence(chosen)
    return [Beat("mailbox", 10, lambda database: Replies(database, found, store, chosen.reopen_days))]


def main() -> None:
    """The verb `baton ticks`."""
    chosen = settings()
    logging_.configure("ticks", style=chosen.log_format, level=chosen.log_level)
    with traces.sent("ticks"):
        asyncio.run(serve(chosen, EngineMetrics.installed()))
