"""What the ticks do and how often: each line of the table makes one kind of upkeep of a database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from temporalio.client import Client

from activities.tell import SendNotice, Tell
from baton import mailbox, wiring
from baton.drill.runner import Drills
from baton.seen.deadman import Deadman
from baton.seen.health import Health as PartHealth
from core import clock
from core.settings import Settings, settings
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
from fallbacks.replies import Replies
from fallbacks.retention import EvidenceRetention, HealthRetention, WordsRetention
from fallbacks.routes_again import RoutesAgain
from fallbacks.routing import Routing
from fallbacks.telling_staff import StaffMail, TellingStaff
from fallbacks.temporal_processes import TemporalProcesses
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


def of(chosen: Settings) -> tuple[Beat, ...]:
    """Every beat that these settings ask for and that needs no Temporal."""
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


def watching(chosen: Settings, client: Client, health: PartHealth) -> list[Beat]:
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
