"""The upkeep's process: the table of beats, one turn among several processes, and an end that loses nothing."""

import asyncio
import base64
import os
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlmodel import select

from baton.beats import BEATS, Beat
from baton.ticks import Ticks
from baton.turn import Turn
from core import clock
from core.work_item import Kind, State
from fallbacks.relay import Relay, Start
from fallbacks.upkeep import ExpiredSessions, LapsedLeases, OutboxAge
from records import items
from records.attempts import Runner, claim
from records.database import Database
from records.intake import HandedIn, hand_in
from records.people import Role, Session, User
from tests.support.patience import PATIENCE


class Engine:
    """A starter that takes everything and says when it did."""

    def __init__(self) -> None:
        self.started = asyncio.Event()

    async def start(self, wanted: Start) -> None:
        """Take it."""
        self.started.set()


class Counted:
    """Upkeep that counts its beats."""

    def __init__(self, _database: Database) -> None:
        self.beats = 0
        self.beaten = asyncio.Event()

    async def run_once(self, _now: datetime) -> int:
        """One more."""
        self.beats += 1
        self.beaten.set()
        return 0


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own database."""
    made = Database(database_url)
    yield made
    await made.close()


async def _hand_in(database: Database, at: datetime) -> None:
    work = HandedIn(
        journey="failed-delivery",
        prefix="FD",
        workflow_type="FailedDeliveryWorkflow",
        task_queue="baton",
        business_key="4700123/P-88112388/1",
        subject_key="4700123/P-88112388",
        content={},
        source="form",
        submitted_by="ops@example.org",
    )
    async with database.session() as session:
        await hand_in(session, work, at)


async def test_beats_and_relay_run_until_they_are_stopped(database: Database) -> None:
    """The process starts what intake kept and beats, and ends at once when it is told to."""
    engine, counted, stop = Engine(), Counted(database), asyncio.Event()
    relays = [Relay(database, engine, clock.now)]
    running = asyncio.create_task(Ticks(database, relays, (Beat("counted", 60, lambda _: counted),)).run(stop))
    await _hand_in(database, clock.now())

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(engine.started.wait(), counted.beaten.wait())
        stop.set()
        await running

    assert counted.beats == 1


class Slow:
    """Upkeep that the database does not answer."""

    def __init__(self, _database: Database) -> None:
        self.began = asyncio.Event()
        self.under_way: list[asyncio.Task[object]] = []

    async def run_once(self, _now: datetime) -> int:
        """Never ends."""
        self.under_way += [task for task in [asyncio.current_task()] if task is not None]
        self.began.set()
        await asyncio.Event().wait()
        return 0


async def test_a_beat_that_takes_too_long_is_dropped_quietly(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that is to end does not wait for a beat that is stuck, and has nothing to complain of."""
    slow, stop = Slow(database), asyncio.Event()
    running = asyncio.create_task(Ticks(database, [], (Beat("slow", 60, lambda _: slow),)).run(stop))

    async with asyncio.timeout(PATIENCE):
        await slow.began.wait()
        stop.set()
        await running
        await asyncio.gather(*slow.under_way, return_exceptions=True)

    assert [record.message for record in caplog.records if record.exc_info] == []


async def test_each_beat_acts_once_with_two_processes(database: Database) -> None:
    """Of two schedulers one does the upkeep; the other takes over when the first has ended."""
    first, second = Ticks(database, []), Ticks(database, [])
    counted = Counted(database)

    for _ in range(3):
        await asyncio.gather(first.beat("counted", counted), second.beat("counted", counted))
    with_two = counted.beats
    await first._turn.close()
    async with asyncio.timeout(PATIENCE):  # PostgreSQL gives the turn on once it has seen that its holder is gone
        while counted.beats == with_two:
            await second.beat("counted", counted)

    await second._turn.close()
    assert (with_two, counted.beats) == (3, 4)


async def test_a_turn_is_lost_with_its_connection_and_asked_for_again(database: Database) -> None:
    """A holder that PostgreSQL cut off says so, and may have the next turn if nobody took it."""
    turn = Turn(database.url)
    assert await turn.mine()
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_locks WHERE locktype = 'advisory'", (int(PATIENCE * 1000),)
        )

    with pytest.raises(psycopg.OperationalError):
        await turn.mine()

    assert await turn.mine()
    await turn.close()


async def test_a_database_that_is_away_stops_no_beat() -> None:
    """A beat without a database ends quietly and comes again."""
    nowhere = Database("postgresql://baton@127.0.0.1:1/nothing")
    beats = Ticks(nowhere, [])
    counted = Counted(nowhere)

    await beats.beat("counted", counted)
    await beats.beat("counted", counted)

    assert counted.beats == 0


async def test_an_outbox_that_stands_still_is_counted(database: Database) -> None:
    """The outbox beat sees the rows that wait for Temporal."""
    now = clock.now()
    await _hand_in(database, now - timedelta(minutes=5))

    waiting = await OutboxAge(database).run_once(now)

    assert waiting == 1


async def test_expired_sessions_are_forgotten(database: Database) -> None:
    """A session that is over goes, one that is not stays."""
    now = clock.now()
    user = User(email="ops@example.org", name="Ops", role=Role.OPS, password_hash="x", created_at=now)
    async with database.session() as session:
        session.add(user)
        await session.flush()
        for name, hours in (("over", -1), ("open", 1)):
            session.add(Session(id=name, user_id=user.id, created_at=now, expires_at=now + timedelta(hours=hours)))

    gone = await ExpiredSessions(database).run_once(now)

    async with database.session() as session:
        left = (await session.exec(select(Session.id))).all()
    assert (gone, list(left)) == (1, ["open"])


async def test_a_lapsed_lease_is_reported_and_left_alone(database: Database) -> None:
    """An item whose bot went silent is seen, and its row stays as it was."""
    now = clock.now()
    intent = items.Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="reschedule",
        kind=Kind.CHANGE,
        target_key="4700123",
        occurrence="FD-1/reschedule",
        content={"order_no": "4700123"},
    )
    runner = Runner(host="here", boot_id="1", worker_pid=1, bot_version="1")
    async with database.session() as session:
        item = await items.create(session, intent, now)
        await claim(session, item.id, item.fence, runner, 0, now)

    seen = await LapsedLeases(database).run_once(now)

    async with database.session() as session:
        after = await items.view(session, item.id)
    assert (seen, after.state) == (1, State.RUNNING)


def test_each_beat_is_explained() -> None:
    """Each line of the table stands in docs/commands.md, with its interval."""
    commands = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")

    missing = [beat.name for beat in BEATS if f"| `{beat.name}` | {beat.seconds:g} s |" not in commands]

    assert missing == []


async def test_the_process_starts_without_temporal_and_ends_in_order(database_url: str, tmp_path: Path) -> None:
    """`baton ticks` does its upkeep while Temporal is away, and ends by itself when it is asked to."""
    key = tmp_path / "codec.key"
    key.write_bytes(base64.b64encode(bytes(32)))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "baton",
        "ticks",
        env={
            **os.environ,
            "BATON_DATABASE_URL": database_url,
            "BATON_CODEC_KEY_FILE": str(key),
            "BATON_READY_FILE": str(tmp_path / "ready"),
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None

    async with asyncio.timeout(PATIENCE):
        while b"upkeep.turn_taken" not in await process.stderr.readline():
            assert not process.stderr.at_eof()
        process.terminate()
        rest = await process.stderr.read()
        status = await process.wait()

    assert (status, (tmp_path / "ready").exists()) == (0, True)
    assert b"Traceback" not in rest
