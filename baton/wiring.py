"""The only place that picks collaborators: what is real here is handed to rooms that know only the seam."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.accounts import Accounts
from activities.booking import Bookings
from activities.bulk import BulkRows, BulkSend
from activities.correlation import Correlated
from activities.decide import Decide
from activities.edge import FaultEdge
from activities.entry_rows import EntryRows
from activities.handoffs import Handoffs
from activities.items import Items
from activities.keep import Keep
from activities.known import LastValues
from activities.look_ups import LookUps
from activities.loops import Loops
from activities.marks import Marks
from activities.openings import Openings
from activities.people import People
from activities.recovery import Recovery
from activities.retries import RetriesNoted
from activities.routes import Routes
from activities.sign_in import SignIn, Tried
from activities.strays import StrayNotes, Strays
from activities.stuck import StuckEntries
from activities.tell import Tell
from baton import codec, extensions, payload_keys, temporal_peer
from baton.passed_through import PASSED_THROUGH
from baton.seen import traces
from baton.versioning import deployment_config
from bots.kit.contract import RouteKey
from bots.kit.secrets.environment import EnvironmentSecrets
from bots.kit.secrets.file import FileSecrets
from bots.kit.secrets.seam import Secrets
from bots.kit.secrets.vault import VaultAt, VaultSecrets
from core import clock
from core.faults import CredentialMissing
from core.settings import Settings
from fallbacks.probes import Place
from records import evidence_store
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from systems.environment import BadEnvironmentsError, Environments
from systems.registry import SYSTEMS
from systems.seating import Seatings
from workflows.account_trial import AccountTrialWorkflow
from workflows.acts import QUEUE
from workflows.booking_dispatch import BookingDispatchWorkflow
from workflows.bot_to_agent import BotToAgentWorkflow
from workflows.bulk_action import BulkActionWorkflow
from workflows.failed_delivery import FailedDeliveryWorkflow
from workflows.handoff import HandoffWorkflow
from workflows.legacy_entry import LegacyEntryWorkflow
from workflows.look_up import LookUpWorkflow
from workflows.policies import HEARTBEAT_THROTTLE, SHUTDOWN_GRACE
from workflows.work_item import WorkItemWorkflow

WORKFLOWS = (
    AccountTrialWorkflow,
    BookingDispatchWorkflow,
    BotToAgentWorkflow,
    BulkActionWorkflow,
    FailedDeliveryWorkflow,
    HandoffWorkflow,
    LegacyEntryWorkflow,
    LookUpWorkflow,
    WorkItemWorkflow,
)

ACTIVITIES_AT_ONCE = 32
"""Twice the connections of the pool. With the SDK's 100, hundreds of writes at once waited for a connection until they
timed out and were done again, and again: 400 handoffs offered together took 80 s until the last was kept, not 10 s."""

STICKY_WAIT = timedelta(seconds=5)
"""How long a task waits for the worker that knows its workflow, before any other may have it.

After a kill each first act on a workflow waits so long: the SDK's 10 s were felt by everybody. At 2 s a worker that is
only busy loses tasks that it could do at once, and they are replayed from their beginning.
"""

Evidence = EvidenceStore


async def temporal_client(settings: Settings, *, lazy: bool = True) -> Client:
    """A client of the Temporal that the environment names (TEMPORAL_ADDRESS and so on), with our codec.

    `lazy`: connects at its first call, so that console and ticks start while Temporal is away; a worker cannot.
    """
    converter = codec.data_converter(await payload_keys.checked(settings))
    return await temporal_peer.client(converter, lazy=lazy, interceptors=[Marks(), *traces.of_clients()])


def database(settings: Settings) -> Database:
    """The records' database; SystemExit with a sentence when no address is set."""
    if not settings.database_url:
        raise SystemExit("BATON_DATABASE_URL is not set: name a PostgreSQL, or start everything with `baton up`.")
    return Database(settings.database_url)


def secrets(settings: Settings) -> Secrets:
    """Where credentials are kept: the environment, one encrypted file, or Vault."""
    if settings.secrets == "vault":
        return VaultSecrets(
            VaultAt(
                url=settings.vault_url,
                mount=settings.vault_mount,
                path=settings.vault_path,
                namespace=settings.vault_namespace,
                token_file=settings.vault_token_file,
                role_id=settings.vault_role_id,
                secret_id_file=settings.vault_secret_id_file,
                ca_file=settings.vault_ca_file,
            )
        )
    if settings.secrets == "file":
        return secrets_file(settings)
    return EnvironmentSecrets(os.environ)


def secrets_file(settings: Settings) -> FileSecrets:
    """The encrypted file, which is the one place that `baton secrets` writes to."""
    folder = Path(settings.data_dir).resolve()
    file = settings.secrets_file or folder / "secrets" / "secrets.json"
    return FileSecrets(file, settings.secrets_key_file or folder / "keys" / "secrets.key")


def environments(settings: Settings) -> Environments:
    """Every environment of every system. BadEnvironmentsError says what is wrong, on this machine too."""
    from bots.kit import trust
    from bots.registry import places

    found = places(settings)
    browsed = [one for one in found if one.ca_file and set(SYSTEMS[one.system].routes) != {"api"}]
    if browsed and not trust.can_trust():
        raise BadEnvironmentsError(
            f"[{one.system}.{one.name}]: ca_file: browsers learn of it through {trust.TOOL}: {trust.MEND}."
            for one in browsed
        )
    return found


def known_places(settings: Settings) -> Environments:
    """Where the systems stand and who works there. Raises BadEnvironmentsError."""
    from bots.registry import places  # at the call: it brings a browser's driver along

    return places(settings)


def probed_places(settings: Settings) -> list[Place]:
    """Where a probe may ask, and how it gets there. Raises BadEnvironmentsError."""
    from bots.kit.surroundings import Surroundings

    found = [one for one in known_places(settings) if one.address]
    return [Place(one.system, one.name, one.address, Surroundings.of(one).for_client()) for one in found]


async def credential_users(settings: Settings) -> dict[str, list[str]]:
    """Which accounts use which credential. Raises BadEnvironmentsError."""
    return known_places(settings).users(SYSTEMS)


async def try_sign_in(settings: Settings, credential: str, by: str) -> tuple[str, Tried]:
    """One sign-in with a credential, from this process; who it was, and what came of it."""
    from bots.registry import places, routes

    environments = places(settings)
    found = environments.user_of(credential, SYSTEMS)
    if found is None:
        raise CredentialMissing(f"no account of any environment uses {credential}: see `baton secrets list`")
    place, way, account = found
    accounts = Accounts(database(settings), environments)
    runner = Runner(host=socket.gethostname(), boot_id="", worker_pid=os.getpid())
    opened = routes(settings, settings.data_dir.absolute() / "trial", secrets(settings))
    try:
        key = RouteKey(place.system, way, place.name)
        return f"{place.system}/{place.name}/{account}", await SignIn(accounts, opened, runner).try_once(
            key, account, by
        )
    finally:
        for route in opened.values():
            await route.close()
        await accounts.database.close()


def evidence(settings: Settings) -> EvidenceStore:
    """Where evidence lies: in the data folder of this machine, or in the store that the settings name."""
    folder = Path(settings.data_dir).resolve()
    keys = settings.evidence_key_file or folder / evidence_store.KEYS
    if settings.evidence_url:
        return EvidenceStore.at(settings.evidence_url, keys)
    return EvidenceStore.local(folder / "evidence", keys)


@dataclass(frozen=True)
class Steps:
    """What the Temporal worker's activities are made of."""

    database: Database
    settings: Settings

    def activities(self) -> list[Callable[..., Any]]:
        """Every activity that needs no browser."""
        return [*self._of_cases(), *self._of_entries()]

    def _of_cases(self) -> list[Callable[..., Any]]:
        bookings = Bookings(self.database, self.settings.console_url)
        handoffs = Handoffs(self.database, self.settings.console_url, self.settings.policies_file)
        keep, chosen = Keep(self.database), self.settings
        tell = Tell(self.database, chosen.smtp_url, chosen.mail_from, clock.now, chosen.reply_to)
        return [
            keep.keep,
            keep.read_submission,
            keep.claim_key,
            keep.find_notice,
            LastValues(self.database).find,
            LookUps(self.database).keep,
            handoffs.keep,
            handoffs.choose_policy,
            Loops(self.database, self.settings.loop_days).earlier,
            handoffs.seen,
            handoffs.colleague,
            handoffs.abandon,
            handoffs.stands,
            Recovery(self.database).look_back,
            StrayNotes(self.database).note_stray,
            Decide().root_cause,
            Decide().slot,
            bookings.link,
            bookings.take_back,
            People(self.database).verify,
            tell.send_notice,
        ]

    def _of_entries(self) -> list[Callable[..., Any]]:
        rows, bulk = EntryRows(self.database), BulkRows(self.database)
        items = Items(self.database, self.settings)
        return [
            items.create,
            items.settle,
            items.move,
            items.wait,
            Routes(self.database).choose,
            StuckEntries(self.database).read,
            rows.feed,
            rows.note,
            Openings(Seatings(self.settings.systems_file)).next_opening,
            bulk.feed,
            bulk.note,
            bulk.others,
            BulkSend(self.database).send,
        ]


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox, with our pure rooms passed through once, so that loading a workflow takes milliseconds."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def temporal_worker(client: Client, steps: Steps, *, task_queue: str = QUEUE, **options: Any) -> Worker:
    """The worker for workflows, records, rules and mail; `options` go to the SDK's Worker."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[*WORKFLOWS, *extensions.workflows()],
        activities=[*steps.activities(), *extensions.activities()],
        workflow_runner=workflow_runner(),
        interceptors=[Correlated(), Strays(), *traces.of_workers(), RetriesNoted(steps.database), FaultEdge()],
        identity=temporal_peer.identity("worker"),
        graceful_shutdown_timeout=SHUTDOWN_GRACE,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        max_concurrent_activities=ACTIVITIES_AT_ONCE,
        sticky_queue_schedule_to_start_timeout=STICKY_WAIT,
        **{"deployment_config": deployment_config(steps.settings.build), **options},
    )
