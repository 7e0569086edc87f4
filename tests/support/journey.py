"""A whole Baton in the test's own process: relay, worker and bots, on real servers and the real demo systems."""

import asyncio
import base64
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import col, select
from temporalio.client import Client, WorkflowHandle

from activities.marks import Marks
from baton import bots_worker, wiring
from baton.codec import data_converter
from baton.data_folder import demo_sign_ins
from bots.kit.contract import Route, RouteKey
from bots.registry import routes
from console.reports import work_of
from core import clock
from core.settings import Settings
from fallbacks.relay import Relay
from fallbacks.temporal_starter import TemporalStarter
from handoff.failed_delivery import JOURNEY, FailedDeliveryReport
from handoff.states import OPEN
from records.access import NewUser, create_user
from records.case import Case
from records.database import Database
from records.events import CHANNEL
from records.evidence_store import EvidenceStore
from records.handoff import Handoff
from records.intake import HandedIn, Receipt, hand_in
from records.people import Role, User
from records.trail import Event
from records.work_item import WorkItem
from tests.support.floor import Floor
from tests.support.patience import PATIENCE
from tests.support.pressing import pressed
from tests.support.servers import Temporal

KEY = os.urandom(32)


@dataclass
class Journey:
    """What a test needs to hand work in, act as a person, and see what became of it."""

    database: Database
    client: Client
    settings: Settings
    floor: Floor

    async def hand_in(self, order_no: str, **fields: Any) -> Receipt:
        """A failed delivery of that order, as the form hands it in."""
        report = report_of(order_no, **fields)
        async with self.database.session() as session:
            return await hand_in(session, handed(report), clock.now())

    def case_handle(self, receipt: Receipt) -> WorkflowHandle[Any, Any]:
        """The case's workflow."""
        return self.client.get_workflow_handle(f"{JOURNEY}/{receipt.case_number}")

    async def person(self, role: Role, name: str = "") -> uuid.UUID:
        """Somebody of that role; the same one each time, another one for each `name`."""
        email = f"{name or role.value}@example.org"
        async with self.database.session() as session:
            known = (await session.exec(select(User.id).where(User.email == email))).one_or_none()
            if known is None:
                await create_user(
                    session,
                    NewUser(email=email, name=role.value.title(), role=role, password="a-long-password"),
                    clock.now(),
                )
                known = (await session.exec(select(User.id).where(User.email == email))).one()
        return known

    async def act(self, receipt: Receipt, name: str, argument: Any) -> str:
        """An Update on the case; the sentence it answers."""
        return await pressed(self.case_handle(receipt), name, argument)

    async def act_at_desk(self, receipt: Receipt, name: str, argument: Any, **options: Any) -> str:
        """An Update on the case's newest handoff; the sentence it answers."""
        return await pressed(await self.handoff_handle(receipt), name, argument, **options)

    async def handoff_handle(self, receipt: Receipt) -> WorkflowHandle[Any, Any]:
        """The workflow of the case's newest handoff."""
        newest = (await self.handoffs(receipt))[-1]
        return self.client.get_workflow_handle(f"handoff/{newest.id}")

    async def act_on_item(self, item: WorkItem, name: str, argument: Any) -> str:
        """An Update on an item."""
        return await pressed(self.client.get_workflow_handle(f"item/{item.id}"), name, argument)

    async def case(self, receipt: Receipt) -> Case:
        """The case as it is kept."""
        async with self.database.session() as session:
            return await session.get_one(Case, receipt.case_id)

    async def items(self, receipt: Receipt) -> list[WorkItem]:
        """The case's work items, oldest first."""
        async with self.database.session() as session:
            found = select(WorkItem).where(WorkItem.case_id == receipt.case_id).order_by(col(WorkItem.created_at))
            return list(await session.exec(found))

    async def handoffs(self, receipt: Receipt, kind: str = "service") -> list[Handoff]:
        """The case's handoffs of that kind, oldest first; an entry that a bot could not finish is of kind "bot"."""
        async with self.database.session() as session:
            of_case = select(Handoff).where(Handoff.case_id == receipt.case_id, Handoff.kind == kind)
            return list(await session.exec(of_case.order_by(col(Handoff.offered_at), col(Handoff.number))))

    async def events(self, receipt: Receipt) -> list[str]:
        """The names of the case's events, in order."""
        async with self.database.session() as session:
            found = select(Event.name).where(Event.case_id == receipt.case_id).order_by(col(Event.id))
            return list(await session.exec(found))

    async def until(self, receipt: Receipt, what: Callable[[], Awaitable[bool]]) -> None:
        """Wait until `what` holds, asked anew at each NOTIFY of the case."""
        await asyncio.wait_for(self._until(receipt, what), PATIENCE)

    async def _until(self, receipt: Receipt, what: Callable[[], Awaitable[bool]]) -> None:
        async with listening(self.database.url) as notified:
            while not await what():
                await notified()

    async def until_offered(self, receipt: Receipt, number: int) -> Handoff:
        """Wait until the case's handoff of that number lies in its queue."""

        async def there() -> bool:
            found = await self.handoffs(receipt)
            return len(found) >= number and found[-1].state == "offered"

        await self.until(receipt, there)
        return (await self.handoffs(receipt))[-1]

    async def until_stage(self, receipt: Receipt, stage: str) -> Case:
        """Wait until the case has reached that stage; with service it is once a handoff is open."""

        async def there() -> bool:
            if (await self.case(receipt)).stage != stage:
                return False
            return stage != "with_service" or any(one.state in OPEN for one in await self.handoffs(receipt))

        await self.until(receipt, there)
        return await self.case(receipt)

    async def until_item(self, receipt: Receipt, operation: str, state: str) -> WorkItem:
        """Wait until the newest item of that operation is in that state."""
        found: list[WorkItem] = []

        async def there() -> bool:
            found[:] = [item for item in await self.items(receipt) if item.operation == operation]
            return bool(found) and found[-1].state == state

        await self.until(receipt, there)
        return found[-1]


def report_of(order_no: str, **fields: Any) -> FailedDeliveryReport:
    """A plain report of an order; `fields` change it."""
    plain = {
        "order_no": order_no,
        "parcel_no": "P-88112345",
        "attempt": 1,
        "failed_on": date(2026, 11, 20),
        "reason_text": "nobody home",
        "reported_by": "Depot North",
    }
    return FailedDeliveryReport.model_validate({**plain, **fields})


def handed(report: FailedDeliveryReport, by: str = "ops@example.org") -> HandedIn:
    """The report as the form hands it in."""
    return work_of(report, "form", by)


@asynccontextmanager
async def listening(url: str, patience: float = 2) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A LISTEN connection on the cases' channel: the function waits for the next notification, or so many seconds."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")

        async def notified() -> None:
            async for _ in connection.notifies(timeout=patience, stop_after=1):
                return

        yield notified


@asynccontextmanager
async def baton_without_bots(
    client: Client, database_url: str, floor: Floor, data_dir: Path, *, worker: bool = True
) -> AsyncIterator[Journey]:
    """A running Baton on that Temporal and database, whose relay and (unless not wanted) worker live here."""
    (data_dir / "codec.key").write_bytes(base64.b64encode(KEY))
    settings = settings_of(database_url, floor, data_dir)
    async with AsyncExitStack() as stack:
        database = Database(database_url)
        stack.push_async_callback(database.close)
        if worker:
            await stack.enter_async_context(wiring.temporal_worker(client, wiring.Steps(database, settings)))
        await _relaying(stack, database, client)
        yield Journey(database, client, settings, floor)


@asynccontextmanager
async def bots_of(journey: Journey, hands: dict[RouteKey, Route]) -> AsyncIterator[None]:
    """Bots for a running Baton, in this process."""
    store = EvidenceStore.local(journey.settings.data_dir / "evidence")
    async with AsyncExitStack() as stack:
        for worker in bots_worker.bot_workers(journey.client, journey.database, journey.settings, hands, store):
            await stack.enter_async_context(worker)
        yield


@pytest.fixture
def secrets_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign-ins of the demo systems."""
    for name, value in demo_sign_ins().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
async def shared_hands(
    shared_floor: Floor, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[RouteKey, Route]]:
    """The bots' hands for the whole run: warm browsers, signed in, as in a bot process that has been up for a while."""
    data_dir = tmp_path_factory.mktemp("hands")
    opened = routes(settings_of("", shared_floor, data_dir), data_dir)
    yield opened
    for route in opened.values():
        await route.close()


@pytest.fixture
async def client(temporal: Temporal) -> Client:
    """A client with the codec, on this test's namespace."""
    return await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=data_converter(KEY), interceptors=[Marks()]
    )


@pytest.fixture
async def desk_journey(
    database_url: str, client: Client, floor: Floor, tmp_path: Path, secrets_known: None
) -> AsyncIterator[Journey]:
    """A running Baton whose relay and worker live in this process, without any bot."""
    async with baton_without_bots(client, database_url, floor, tmp_path) as running:
        yield running


@pytest.fixture
async def journey(desk_journey: Journey, shared_hands: dict[RouteKey, Route]) -> AsyncIterator[Journey]:
    """A running Baton whose relay, worker and bots live in this process."""
    async with bots_of(desk_journey, shared_hands):
        yield desk_journey


def settings_of(database_url: str, floor: Floor, data_dir: Path) -> Settings:
    """Settings of a test: everything short; what it writes into `systems_file` counts at once."""
    systems_file = data_dir / "systems.toml"
    systems_file.touch()
    return Settings(
        database_url=database_url,
        data_dir=data_dir,
        orderdesk_url=floor.orderdesk,
        servicedesk_url=floor.servicedesk,
        fieldboard_url=floor.fieldboard,
        smtp_url=floor.smtp,
        seats=2,
        lease_seconds=20,
        settle_seconds=1,
        page_seconds=30,
        heartbeat_seconds=10,
        codec_key_file=data_dir / "codec.key",
        systems_file=systems_file,
        policies_file=data_dir / "policies.toml",
    )


async def _relaying(stack: AsyncExitStack, database: Database, client: Client) -> None:
    relay = Relay(database, TemporalStarter(client, "http://127.0.0.1:8400"), clock.now)
    running = asyncio.create_task(relay.run_forever())

    async def stop() -> None:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    stack.push_async_callback(stop)
