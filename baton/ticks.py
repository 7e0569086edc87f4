"""The upkeep's process: the outbox relay without pause, and APScheduler's beats as one table (name, seconds, what)."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import psycopg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton import mailbox, ready, wiring
from baton.turn import Turn
from core import clock
from core import log as logging_
from core.settings import Settings, settings
from fallbacks.expiry import ExpiringCredentials
from fallbacks.failure_notices import FailureNotices
from fallbacks.fixes import Fixes
from fallbacks.held_line import HeldLine
from fallbacks.leavers import Leavers
from fallbacks.outbound import Outbound
from fallbacks.relay import Relay, Starter
from fallbacks.replies import Replies
from fallbacks.retention import EvidenceRetention, WordsRetention
from fallbacks.routing import Routing
from fallbacks.telling_staff import StaffMail, TellingStaff
from fallbacks.temporal_starter import TemporalStarter
from fallbacks.upkeep import ExpiredSessions, LapsedLeases, OutboxAge
from fallbacks.webhook import Webhooks
from records.database import Database
from systems.seating import Seatings

log = structlog.get_logger(__name__)


class Periodic(Protocol):
    """One kind of upkeep."""

    async def run_once(self, now: datetime) -> int:
        """Do it once, as of `now`; how much there was."""


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
    Beat("fixes", 5, lambda database: Fixes(database, settings().bulk_four_eyes_above)),
    Beat("failure_notices", 10, lambda database: FailureNotices(database, settings().failures_told_from)),
    Beat("expired_sessions", 600, ExpiredSessions),
    Beat("expiring_credentials", 3600, lambda _: ExpiringCredentials(wiring.secrets(settings()).known)),
)


class Ticks:
    """The relay and the beats of one process. Of several processes all relay, and one does the beats."""

    def __init__(self, database: Database, starter: Starter, beats: tuple[Beat, ...] = BEATS) -> None:
        self._database = database
        self._relay = Relay(database, starter, clock.now)
        self._turn = Turn(database.url)
        self._beats = beats
        self._failing: set[str] = set()
        self._on_their_way: set[asyncio.Task[object]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is on its way is then dropped, which loses nothing, and the turn given on."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        for beat in self._beats:
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
            relaying = tasks.create_task(self._relay.run_forever())
            scheduler.start()
            ready.tell()
            await stop.wait()
            relaying.cancel()
            scheduler.remove_all_jobs()
            if self._on_their_way:
                await asyncio.wait(self._on_their_way, timeout=LAST_BEATS)
            scheduler.shutdown()
        await self._turn.close()

    async def beat(self, name: str, what: Periodic) -> None:
        """One beat, when it is this process's turn; a database that is away is told once, not at every beat."""
        task = asyncio.current_task()
        assert task is not None
        self._on_their_way.add(task)
        try:
            if await self._turn.mine():
                await what.run_once(clock.now())
        except (DBAPIError, PoolTimeout, psycopg.OperationalError, OSError) as error:
            if name not in self._failing:
                log.warning("beat.records_away", beat=name, kind=type(error).__name__)
            self._failing.add(name)
        else:
            self._failing.discard(name)
        finally:
            self._on_their_way.discard(task)


async def serve(chosen: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
    database = wiring.database(chosen)
    starter = TemporalStarter(await wiring.temporal_client(chosen), chosen.console_url)
    try:
        await Ticks(database, starter, _beats(chosen)).run(stop)
    finally:
        await database.close()


def _beats(chosen: Settings) -> tuple[Beat, ...]:
    return (*BEATS, _held_line(chosen), *_retention(chosen), _telling(chosen), *_replies(chosen))


def _held_line(chosen: Settings) -> Beat:
    """The beat that lets entries go on whose operation is held no more."""
    seatings = Seatings(chosen.systems_file)
    return Beat("held_line", 3, lambda database: HeldLine(database, seatings))


def _retention(chosen: Settings) -> list[Beat]:
    """The beats that remove what was kept long enough; the store is the one that the bots fill."""
    store = wiring.evidence(chosen)
    days = {"public": chosen.evidence_days, "personal": chosen.evidence_personal_days}
    told, mails = chosen.told_days, chosen.mail_days
    return [
        Beat("evidence_retention", 600, lambda database: EvidenceRetention(database, store, days)),
        Beat("words_retention", 600, lambda database: WordsRetention(database, told, mails)),
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
    asyncio.run(serve(chosen))
