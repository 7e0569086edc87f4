"""The two that are compared at many open handoffs: Baton's workflow, and a bare one that keeps a row for each act."""

import asyncio
import os
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel
from sqlmodel import func, select
from temporalio.client import Client, RPCTimeoutOrCancelledError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from baton.codec import data_converter
from baton.payload_keys import KEY_BYTES
from benchmarks.bare_handoff import QUEUE as BARE_QUEUE
from benchmarks.bare_handoff import BareHandoff, BareNote
from benchmarks.servers import Child, Servers, new_database, started
from core import clock
from core.case import Stage, WaitsFor
from handoff.packet import Customer, Packet
from records.access import NewUser, create_user, find_user
from records.case import Case
from records.database import Database
from records.handoff import Handoff
from records.people import Role
from workflows.acts import QUEUE, Act, Told
from workflows.handoff import HandoffWorkflow
from workflows.handoff_acts import HandoffStart, Note

AT_ONCE = 32
"""Acts and openings on their way together: so many people press at the same moment."""
UNANSWERED = (RPCError, RPCTimeoutOrCancelledError)
"""What a client meets while no worker is there for long: the server has not answered, or sends it away."""
PATIENCE = 600.0
"""Seconds after which an act that nobody answers is a lost one."""


class Figures(BaseModel):
    """What one side did with all handoffs open; milliseconds are of one act alone."""

    acts_per_second: float
    act_ms: float
    act_p90_ms: float
    opened: float


@dataclass(frozen=True)
class One:
    """An open handoff: its workflow's id and its case."""

    workflow_id: str
    case_id: uuid.UUID


class Side(Protocol):
    """One of the compared."""

    opened_per_second: float
    every: list[One]

    async def first(self, one: One) -> None:
        """The act whose time is taken alone: Baton's pick-up."""

    async def note(self, one: One, key: str) -> None:
        """A note; the same key twice is one note."""


async def measure(side: Side, acts: int) -> Figures:
    """One act after the other, then many at once."""
    alone = []
    for one in side.every[: max(acts // 8, 1)]:
        begun = time.perf_counter()
        await side.first(one)
        alone.append((time.perf_counter() - begun) * 1000)
    begun = time.perf_counter()
    await _at_once([side.note(side.every[count % len(side.every)], f"timed-{count}") for count in range(acts)])
    taken = time.perf_counter() - begun
    return Figures(
        acts_per_second=acts / taken,
        act_ms=statistics.median(alone),
        act_p90_ms=sorted(alone)[int(len(alone) * 0.9)],
        opened=side.opened_per_second,
    )


async def _at_once(work: Sequence[Any]) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(what: Any) -> None:
        async with room:
            await what

    await asyncio.gather(*(one(what) for what in work))


class BareSide:
    """The peer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.every: list[One] = []
        self.opened_per_second = 0.0

    @classmethod
    @asynccontextmanager
    async def opened(cls, servers: Servers, count: int) -> AsyncIterator["BareSide"]:
        """So many open ones, with a worker process of their own."""
        database_url = new_database(servers.postgres, "bare_handoffs")
        async with AsyncExitStack() as stack:
            await started(stack, servers, Child("bare_handoffs", "worker", database_url))
            client = await Client.connect(servers.temporal.address, data_converter=pydantic_data_converter)
            side = cls(client)
            side.every = await _cases(database_url, count, "bare")
            begun = time.perf_counter()
            await _at_once([side._begin(one) for one in side.every])
            side.opened_per_second = count / (time.perf_counter() - begun)
            yield side

    async def _begin(self, one: One) -> None:
        await self._client.start_workflow(BareHandoff.run, one.case_id, id=one.workflow_id, task_queue=BARE_QUEUE)
        await self._client.get_workflow_handle(one.workflow_id).query("__stack_trace")

    async def first(self, one: One) -> None:
        """A note: the peer has no pick-up."""
        await self.note(one, "first")

    async def note(self, one: One, key: str) -> None:
        """One row."""
        handle = self._client.get_workflow_handle(one.workflow_id)
        await handle.execute_update("note", BareNote(case_id=one.case_id, text=key), id=key)


class BatonSide:
    """Baton's handoffs."""

    def __init__(
        self, client: Client, database: Database, stack: AsyncExitStack, servers: Servers, child: Child
    ) -> None:
        self.client = client
        self.database = database
        self._stack = stack
        self._servers = servers
        self._child = child
        self._agent = uuid.UUID(int=0)
        self._worker: asyncio.subprocess.Process
        self.every: list[One] = []
        self.opened_per_second = 0.0

    @classmethod
    @asynccontextmanager
    async def opened(cls, servers: Servers, count: int) -> AsyncIterator["BatonSide"]:
        """So many open ones, with a worker process as `baton worker` is."""
        key, url = os.urandom(KEY_BYTES), new_database(servers.postgres, "baton_handoffs")
        async with AsyncExitStack() as stack:
            client = await Client.connect(servers.temporal.address, data_converter=data_converter(key))
            database = Database(url)
            stack.push_async_callback(database.close)
            side = cls(client, database, stack, servers, Child("baton", "worker", url, key))
            await side.new_worker()
            side._agent = await _agent(database)
            side.every = await _cases(url, count, "handoff")
            begun = time.perf_counter()
            await _at_once([side._begin(one) for one in side.every])
            await side._kept()
            side.opened_per_second = count / (time.perf_counter() - begun)
            yield side

    async def _kept(self) -> None:
        """Wait until the first write of each is done: before it an act is refused."""
        every = select(func.count()).select_from(Handoff)
        while True:
            async with self.database.session() as session:
                if (await session.exec(every)).one() == len(self.every):
                    return
            await asyncio.sleep(0.1)

    async def _begin(self, one: One) -> None:
        start = HandoffStart(
            id=uuid.UUID(one.workflow_id.removeprefix("handoff/")),
            case_id=one.case_id,
            case_number=f"BENCH-{one.case_id.hex[:8]}",
            packet=Packet(case_number="", happened="Nobody home.", customer=Customer(tier="B"), allowed=("close",)),
        )
        await self.client.start_workflow(HandoffWorkflow.run, start, id=one.workflow_id, task_queue=QUEUE)

    async def new_worker(self) -> None:
        """A worker process, in place of one that was killed."""
        self._worker = await started(self._stack, self._servers, self._child)

    async def kill(self) -> None:
        """`kill -9` of the worker."""
        self._worker.kill()
        await self._worker.wait()

    async def first(self, one: One) -> None:
        """Pick it up."""
        await self._pressed(one, "pick_up", Act(by=self._agent), "first")

    async def note(self, one: One, key: str) -> None:
        """A note."""
        await self._pressed(one, "note", Note(by=self._agent, text=key), key)

    @retry(retry=retry_if_exception_type(UNANSWERED), wait=wait_fixed(1), stop=stop_after_delay(PATIENCE))
    async def _pressed(self, one: One, name: str, act: Act, key: str) -> None:
        """An act, pressed again with the same key when there was no answer, as a form is: it counts once."""
        handle = self.client.get_workflow_handle(one.workflow_id)
        await handle.execute_update(name, act, id=key, result_type=Told)


async def _agent(database: Database) -> uuid.UUID:
    async with database.session() as session:
        new = NewUser(email="agent@example.org", role=Role.AGENT, password="a-long-password")  # noqa: S106
        await create_user(session, new, clock.now())
    async with database.session() as session:
        return (await find_user(session, "agent@example.org")).id


async def _cases(database_url: str, count: int, prefix: str) -> list[One]:
    """Bare cases that the handoffs are about."""
    now, database = clock.now(), Database(database_url)
    every = [One(f"{prefix}/{uuid.uuid4()}", uuid.uuid4()) for _ in range(count)]
    async with database.session() as session:
        for one in every:
            number = f"BENCH-{one.case_id.hex[:8]}"
            session.add(
                Case(
                    id=one.case_id,
                    number=number,
                    journey="benchmark",
                    business_key=number,
                    subject_key=number,
                    stage=Stage.WITH_SERVICE,
                    opened_at=now,
                    updated_at=now,
                    wait_kind=WaitsFor.NOTHING,
                    wait_since=now,
                )
            )
    await database.close()
    return every
