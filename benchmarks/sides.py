"""The three that are compared: Baton, a bare workflow with the same bookkeeping, a bare workflow with none.

Each has a database of its own on the same PostgreSQL, task queues of its own on the same Temporal dev server and
stand-in systems of its own. Each has one process for workflows and records and one for the systems, as Baton ships;
intake, Baton's relay and the clients live in the benchmark's own process.
"""

import asyncio
import os
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import text
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from baton.codec import data_converter
from baton.payload_keys import KEY_BYTES
from baton.seen import traces
from benchmarks.bare import QUEUE as BARE_QUEUE
from benchmarks.bare import BareDelivery, BareStart
from benchmarks.servers import Child, Servers, new_database, started
from core import clock
from core.case import Stage, WaitsFor
from fallbacks.relay import Relay, Start, Starter
from fallbacks.temporal_starter import TemporalStarter
from handoff.failed_delivery import CASE_PREFIX, JOURNEY, FailedDeliveryReport
from records import intake
from records.case import Case
from records.database import Database
from records.submission import Submission, Verdict
from records.trail import Event
from systems.base import content_hash
from workflows.acts import QUEUE

NEXT_NUMBER = text("SELECT nextval('case_numbers')")


@dataclass(frozen=True)
class Handed:
    """Work that was accepted: its workflow, and when its hand-in was committed (Unix seconds)."""

    workflow_id: str
    at: float


class Side(Protocol):
    """One of the compared."""

    name: str
    title: str
    client: Client
    database_url: str | None

    async def hand_in(self, order_no: str) -> Handed:
        """Accept the failed delivery of an order."""
        ...

    async def closed(self, handed: Handed) -> None:
        """Wait until its workflow has ended."""
        ...


class NotingStarter:
    """Starts through another and notes what has started: a client that asks for an unknown workflow gets an error."""

    def __init__(self, inner: Starter) -> None:
        self._inner = inner
        self._noted: dict[str, asyncio.Event] = {}

    def has_started(self, workflow_id: str) -> asyncio.Event:
        """Set once the workflow has started."""
        return self._noted.setdefault(workflow_id, asyncio.Event())

    async def start(self, wanted: Start) -> None:
        """Start it and note it."""
        await self._inner.start(wanted)
        self.has_started(wanted.workflow_id).set()


class BatonSide:
    """Intake, outbox, relay, FailedDeliveryWorkflow and the protocol of every entry, all as shipped."""

    name = "baton"
    title = "Baton"

    def __init__(self, client: Client, database: Database, starter: NotingStarter) -> None:
        self.client = client
        self.database_url: str | None = database.url
        self._database = database
        self._starter = starter

    @classmethod
    async def open(cls, stack: AsyncExitStack, servers: Servers) -> "BatonSide":
        """Its worker, bots and relay, at work until the stack closes."""
        url = new_database(servers.postgres, cls.name)
        key = os.urandom(KEY_BYTES)
        for part in ("worker", "systems"):
            await started(stack, servers, Child(cls.name, part, url, key))
        return await cls.at(stack, servers, url, key)

    @classmethod
    async def at(cls, stack: AsyncExitStack, servers: Servers, url: str, key: bytes) -> "BatonSide":
        """Intake and relay on a database whose processes are somebody else's."""
        database = opened(stack, url)
        sending = traces.of_clients()
        client = await Client.connect(
            servers.temporal.address, data_converter=data_converter(key), interceptors=sending
        )
        starter = NotingStarter(TemporalStarter(client, "http://127.0.0.1:8400"))
        relaying = asyncio.create_task(Relay(database, starter, clock.now).run_forever())
        stack.push_async_callback(ended, relaying)
        return cls(client, database, starter)

    async def hand_in(self, order_no: str) -> Handed:
        """As the console's form does it."""
        report = report_of(order_no)
        work = intake.HandedIn(
            journey=JOURNEY,
            prefix=CASE_PREFIX,
            workflow_type="FailedDeliveryWorkflow",
            task_queue=QUEUE,
            business_key=report.business_key,
            subject_key=report.subject_key,
            order_no=report.order_no,
            parcel_no=report.parcel_no,
            content=report.model_dump(mode="json"),
            source="form",
            submitted_by="ops@example.org",
        )
        async with self._database.session() as session:
            receipt = await intake.hand_in(session, work, clock.now())
        return Handed(f"{JOURNEY}/{receipt.case_number}", time.time())

    async def closed(self, handed: Handed) -> None:
        """Wait until the relay has started it, then for its end."""
        await self._starter.has_started(handed.workflow_id).wait()
        await self.client.get_workflow_handle(handed.workflow_id).result()


class BareSide:
    """A client that starts one plain workflow; with bookkeeping it first keeps the submission and the case itself."""

    def __init__(self, client: Client, database: Database | None) -> None:
        self.name = "bookkeeping" if database else "bare"
        self.title = "bare workflow, same bookkeeping" if database else "bare workflow, no bookkeeping"
        self.client = client
        self.database_url = database.url if database else None
        self._database = database

    @classmethod
    async def open_both(cls, stack: AsyncExitStack, servers: Servers) -> tuple["BareSide", "BareSide"]:
        """With bookkeeping and without, on the same two processes, at work until the stack closes."""
        url = new_database(servers.postgres, "bare")
        for part in ("worker", "systems"):
            await started(stack, servers, Child("bare", part, url))
        client = await Client.connect(servers.temporal.address, data_converter=pydantic_data_converter)
        return cls(client, opened(stack, url)), cls(client, None)

    async def hand_in(self, order_no: str) -> Handed:
        """Keep it, then start the workflow: two writes that nothing holds together, as one does without an outbox."""
        report = report_of(order_no)
        case_id, number = await self._kept(report) if self._database else (uuid.uuid4(), f"N-{order_no}")
        committed = time.time()
        start = BareStart(case_id=case_id, case_number=number, report=report, kept=self._database is not None)
        await self.client.start_workflow(BareDelivery.run, start, id=f"bare/{number}", task_queue=BARE_QUEUE)
        return Handed(f"bare/{number}", committed)

    async def closed(self, handed: Handed) -> None:
        """Wait for its end."""
        await self.client.get_workflow_handle(handed.workflow_id).result()

    async def _kept(self, report: FailedDeliveryReport) -> tuple[uuid.UUID, str]:
        assert self._database is not None
        now = clock.now()
        async with self._database.session() as session:
            connection = await session.connection()
            number = f"B-{(await connection.execute(NEXT_NUMBER)).scalar_one():06d}"
            case = Case(
                number=number,
                journey=JOURNEY,
                business_key=report.business_key,
                subject_key=report.subject_key,
                stage=Stage.RECEIVED,
                order_no=report.order_no,
                parcel_no=report.parcel_no,
                submitted_by="ops@example.org",
                opened_at=now,
                updated_at=now,
                wait_kind=WaitsFor.NOTHING,
                wait_since=now,
            )
            session.add(case)
            await session.flush()
            session.add(_submission(case, report.model_dump(mode="json")))
            session.add(Event(name="case.received", case_id=case.id, actor=case.submitted_by, at=now, data={}))
        return case.id, number


def report_of(order_no: str) -> FailedDeliveryReport:
    """The same report on every side, but for its order."""
    return FailedDeliveryReport(
        order_no=order_no,
        parcel_no="P-88112345",
        failed_on=date(2026, 11, 20),
        reason_text="nobody home",
        reported_by="Depot North",
    )


def opened(stack: AsyncExitStack, url: str) -> Database:
    """A connection pool of this process."""
    database = Database(url)
    stack.push_async_callback(database.close)
    return database


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancel it and see it end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _submission(case: Case, content: dict[str, Any]) -> Submission:
    return Submission(
        case_id=case.id,
        journey=case.journey,
        content=content,
        content_hash=content_hash(content),
        source="form",
        verdict=Verdict.STARTED,
        submitted_by=case.submitted_by,
        received_at=case.opened_at,
    )
