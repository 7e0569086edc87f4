"""The outbox relay: what intake kept while it never called Temporal is started here, once, whenever Temporal answers.

A row is locked (SKIP LOCKED) from claim to mark, so two relays share the work; a relay that dies in between leaves the
row as it was, and the next one finds the same workflow by its id.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import psycopg
import structlog
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from core import crash_points, tracing
from records import hearing
from records.database import Database
from records.outbox import CHANNEL, OutboxRow

log = structlog.get_logger(__name__)

AT_ONCE = 20
"""Rows of one round: so many starts are on their way together."""

POLL = timedelta(seconds=1)
"""How long the relay waits for a wake-up before it looks by itself."""

LONGEST_BACKOFF = timedelta(seconds=10)

AWAY = "Temporal does not answer."
REFUSED = "Temporal refused the start; an operator must look."
STILL_CLOSING = "The run before has not closed yet."
GONE = "What it was for has ended meanwhile; the records keep what it said."

_OUTCOMES = {"": "told", AWAY: "away", REFUSED: "refused", GONE: "gone"}
_DATABASE_AWAY = (DBAPIError, PoolTimeout, psycopg.OperationalError, OSError)


class EngineAway(Exception):
    """Temporal does not answer; whether it took the start may be open, and its id makes a second try harmless."""


class StartRefused(Exception):
    """Temporal will not start this as it is (a missing search attribute, an argument over its limit)."""


class WorkflowGone(Exception):
    """A signal came too late: nothing of that id runs any more. What it said stays in the records."""


class StillCloses(Exception):
    """The run before has written its end and still runs: this one begins once it has closed."""


class Start(BaseModel):
    """A workflow to start by its type's name, or with a `signal` one to tell something that runs already.

    `run` is more than 1 for an id that ran before: as often as it says.
    """

    model_config = ConfigDict(frozen=True)

    workflow_type: str
    workflow_id: str
    task_queue: str
    argument: dict[str, Any]
    run: int = 1
    of_case: bool = True
    signal: str = ""


class Starter(Protocol):
    """Who starts workflows: Temporal, or a stand-in."""

    async def start(self, wanted: Start) -> None:
        """Return when it runs or has run, also when somebody else started it; with a signal, when it is delivered.

        Raises EngineAway, StartRefused, StillCloses or, for a signal alone, WorkflowGone.
        """


class Rounds(ABC):
    """Round after round over one kind of outbox rows; what is claimed, carried and marked is said by its heirs."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._away = False
        self._records_away = False

    async def run_once(self, now: datetime) -> int:
        """One round over the rows that are due at `now`; the number of rows that need no further start.

        While Temporal is away one row is tried as a probe, so that an outage costs one call a round. Raises
        SQLAlchemy's errors when the records are away; no row is lost by that.
        """
        async with self._database.session() as session:
            rows = await self._due(session, now, 1 if self._away else AT_ONCE)
            results = await asyncio.gather(*(self._traced(row) for row in rows))
            if any(not fault for fault in results):
                crash_points.reach("relay_after_start")
            for row, fault in zip(rows, results, strict=True):
                _mark(row, fault, now)
                await self._marked(session, row, fault, now)
        sent = sum(1 for fault in results if fault in ("", GONE))
        await self._note_engine(AWAY in results, any(fault != AWAY for fault in results), now)
        return sent

    async def run_forever(self) -> None:
        """Rounds until cancelled: at a NOTIFY at once, otherwise each second. An outage is logged when it begins and
        when it ends."""
        while True:
            try:
                async with self._wake_ups() as wait:
                    self._note_records(away=False)
                    while True:
                        if not await self.run_once(self._clock()):
                            await wait()
            except _DATABASE_AWAY as error:
                self._note_records(away=True, kind=type(error).__name__)
                await asyncio.sleep(POLL.total_seconds())

    @abstractmethod
    async def _due(self, session: AsyncSession, now: datetime, limit: int) -> Sequence[OutboxRow]:
        """Rows to carry now, locked."""

    async def _traced(self, row: OutboxRow) -> str:
        """Carry it, under a span that hangs on the one it was written under: the gap is how long it waited."""
        named = f"outbox {row.update or row.signal or row.workflow_type}"
        with (
            structlog.contextvars.bound_contextvars(correlation=row.workflow_id),
            tracing.span(named, parent=row.traceparent, kind=SpanKind.PRODUCER, attempt=row.tries + 1),
        ):
            fault = await self._carry(row)
            tracing.note(outcome=_OUTCOMES.get(fault, "not_yet"))
            return fault

    @abstractmethod
    async def _carry(self, row: OutboxRow) -> str:
        """Carry one row over; "" when that is done, else the fixed sentence of what went wrong."""

    @abstractmethod
    async def _marked(self, session: AsyncSession, row: OutboxRow, fault: str, now: datetime) -> None:
        """What else is written with what came of a row."""

    @contextlib.asynccontextmanager
    async def _wake_ups(self) -> AsyncIterator[Callable[[], Any]]:
        """A LISTEN connection of its own, as a function that waits for a NOTIFY or one second."""
        connection = await psycopg.AsyncConnection.connect(self._database.url, autocommit=True, connect_timeout=5)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())

            async def wait() -> None:
                async for _ in connection.notifies(timeout=POLL.total_seconds(), stop_after=1):
                    pass

            yield wait

    async def _note_engine(self, away: bool, answered: bool, now: datetime) -> None:
        """Whatever else it says, a Temporal that answers is back: one row that waits must not be all that is tried."""
        if away and not self._away:
            log.warning("outbox.temporal_away")
        if answered and self._away:
            log.info("outbox.temporal_back")
            async with self._database.session() as session:
                await _hurry(session, now)
        self._away = away or (self._away and not answered)

    def _note_records(self, *, away: bool, kind: str = "") -> None:
        if away and not self._records_away:
            log.warning("outbox.records_away", kind=kind)
        if not away and self._records_away:
            log.info("outbox.records_back")
        self._records_away = away


class Relay(Rounds):
    """Carries starts and signals over to Temporal, oldest first."""

    def __init__(self, database: Database, starter: Starter, clock: Callable[[], datetime]) -> None:
        super().__init__(database, clock)
        self._starter = starter

    async def _due(self, session: AsyncSession, now: datetime, limit: int) -> Sequence[OutboxRow]:
        wanted = (
            select(OutboxRow)
            .where(col(OutboxRow.sent_at).is_(None), col(OutboxRow.next_try_at) <= now, OutboxRow.update == "")
            .order_by(col(OutboxRow.next_try_at), col(OutboxRow.created_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await session.exec(wanted)).all()

    async def _carry(self, row: OutboxRow) -> str:
        wanted = Start(
            workflow_type=row.workflow_type,
            workflow_id=row.workflow_id,
            task_queue=row.task_queue,
            argument=row.argument,
            run=row.run,
            of_case=row.case_id is not None,
            signal=row.signal,
        )
        try:
            await self._starter.start(wanted)
            log.info("outbox.told", correlation=row.workflow_id, signal=row.signal or None)
        except EngineAway:
            return AWAY
        except WorkflowGone:
            return GONE
        except StillCloses:
            return STILL_CLOSING
        except StartRefused:
            if not row.last_error:
                log.warning("outbox.refused", correlation=row.workflow_id)
            return REFUSED
        return ""

    async def _marked(self, session: AsyncSession, row: OutboxRow, fault: str, now: datetime) -> None:
        if fault == GONE and row.signal == hearing.SIGNAL:  # or a customer's answer would reach nobody
            await hearing.nobody_heard(session, row, now)


def _mark(row: OutboxRow, fault: str, now: datetime) -> None:
    row.tries += 1
    row.last_error = fault
    if fault and fault != GONE:
        row.next_try_at = now + backoff(row.tries)
    else:
        row.sent_at = now


def backoff(tries: int) -> timedelta:
    """How long a row rests after so many tries in vain: half a second, doubled each time, ten seconds at most."""
    return min(timedelta(seconds=0.5 * 2 ** min(tries - 1, 10)), LONGEST_BACKOFF)


async def _hurry(session: AsyncSession, now: datetime) -> None:
    """Temporal is back: what only waited for it is due now; rows that another relay holds are left to that one."""
    resting = (
        select(OutboxRow.id)
        .where(col(OutboxRow.sent_at).is_(None), OutboxRow.last_error == AWAY, col(OutboxRow.next_try_at) > now)
        .with_for_update(skip_locked=True)
    )
    connection = await session.connection()
    await connection.execute(
        update(OutboxRow).where(col(OutboxRow.id).in_(resting.scalar_subquery())).values(next_try_at=now)
    )
