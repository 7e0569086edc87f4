"""An outbox with rows in it, and a starter that runs without Temporal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from core import clock
from fallbacks.relay import EngineAway, Start, StartRefused
from records.database import Database
from records.intake import HandedIn, Receipt, hand_in
from records.outbox import OutboxRow
from tests.support.patience import PATIENCE

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HandIn = Callable[..., Awaitable[Receipt]]


class Engine:
    """A starter in memory: ids start once, an engine that is away takes nothing, some types are refused."""

    def __init__(self) -> None:
        self.away = False
        self.started: list[str] = []
        self.asked = 0
        self.at_once = 0
        self._open = 0
        self._progress = asyncio.Event()

    async def until(self, count: int) -> None:
        """Wait until so many workflows were started."""
        async with asyncio.timeout(PATIENCE):
            while len(self.started) < count:
                self._progress.clear()
                await self._progress.wait()

    async def start(self, wanted: Start) -> None:
        """Take the start after everybody else had a turn, so that starts overlap."""
        self.asked += 1
        self._open += 1
        self.at_once = max(self.at_once, self._open)
        await asyncio.sleep(0)
        self._open -= 1
        if self.away:
            raise EngineAway
        if wanted.workflow_type == "Nonsense":
            raise StartRefused
        self.started.append(wanted.workflow_id)
        self._progress.set()


@pytest.fixture
def engine() -> Engine:
    """An engine that answers."""
    return Engine()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own database."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def hand_one_in(database: Database) -> HandIn:
    """Hands a piece of work in, as intake does; the number makes its business key."""

    async def hand(number: int, *, workflow_type: str = "FailedDeliveryWorkflow", at: datetime = NOW) -> Receipt:
        work = HandedIn(
            journey="failed-delivery",
            prefix="FD",
            workflow_type=workflow_type,
            task_queue="baton",
            business_key=f"4700{number:03d}/P-88112388/1",
            subject_key=f"4700{number:03d}/P-88112388",
            content={"order_no": f"4700{number:03d}"},
            source="form",
            submitted_by="ops@example.org",
        )
        async with database.session() as session:
            return await hand_in(session, work, at)

    return hand


async def rows(database: Database) -> Sequence[OutboxRow]:
    """The outbox, oldest first."""
    async with database.session() as session:
        return (await session.exec(select(OutboxRow).order_by(col(OutboxRow.created_at)))).all()


def now() -> datetime:
    """The wall clock, for relays that run by themselves."""
    return clock.now()
