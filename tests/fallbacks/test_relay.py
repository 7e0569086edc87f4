"""The relay's own rules, against a real outbox and an engine in memory: once each, in rest while it is away."""

import asyncio
import contextlib
from datetime import timedelta

import psycopg
import pytest
import structlog
from structlog.testing import CapturingLogger

from fallbacks import relay as relay_module
from fallbacks.relay import AT_ONCE, AWAY, REFUSED, Relay, backoff
from records.database import Database
from tests.fallbacks.conftest import NOW, Engine, HandIn, now, rows


@pytest.fixture
def relay(database: Database, engine: Engine) -> Relay:
    """A relay between this test's outbox and its engine."""
    return Relay(database, engine, now)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What the relay writes to its log."""
    captured = CapturingLogger()
    monkeypatch.setattr(relay_module, "log", structlog.wrap_logger(captured, processors=[]))
    return captured


async def test_a_due_row_is_started_once(relay: Relay, database: Database, engine: Engine, hand_one_in: HandIn) -> None:
    """A round starts what is due and marks it; the next round finds nothing."""
    receipt = await hand_one_in(1)

    counts = [await relay.run_once(NOW), await relay.run_once(NOW)]

    (row,) = await rows(database)
    assert counts == [1, 0]
    assert engine.started == [f"failed-delivery/{receipt.case_number}"]
    assert (row.sent_at, row.tries, row.last_error) == (NOW, 1, "")


async def test_starts_go_together(relay: Relay, engine: Engine, hand_one_in: HandIn) -> None:
    """One round has up to twenty starts on their way at the same time, and the rest waits for the next round."""
    for number in range(AT_ONCE + 3):
        await hand_one_in(number)

    counts = [await relay.run_once(NOW), await relay.run_once(NOW)]

    assert counts == [AT_ONCE, 3]
    assert engine.at_once == AT_ONCE


@pytest.mark.failure_mode("F37")
async def test_two_relays_at_once_start_each_row_once(database: Database, engine: Engine, hand_one_in: HandIn) -> None:
    """F37: two relays over the same outbox share the rows, and no workflow is started twice."""
    for number in range(AT_ONCE * 2):
        await hand_one_in(number)
    relays = [Relay(database, engine, now) for _ in range(4)]

    counts = await asyncio.gather(*(relay.run_once(NOW) for relay in relays))
    counts += await asyncio.gather(*(relay.run_once(NOW) for relay in relays))

    assert sum(counts) == AT_ONCE * 2
    assert len(engine.started) == len(set(engine.started)) == AT_ONCE * 2


async def test_a_row_rests_while_the_engine_is_away(
    relay: Relay, database: Database, engine: Engine, hand_one_in: HandIn
) -> None:
    """A start in vain keeps the row, with its tries, a fixed sentence and the time of the next try."""
    engine.away = True
    await hand_one_in(1)

    sent = await relay.run_once(NOW)

    (row,) = await rows(database)
    assert sent == 0
    assert (row.sent_at, row.tries, row.last_error) == (None, 1, AWAY)
    assert row.next_try_at == NOW + timedelta(seconds=0.5)


async def test_an_outage_costs_one_probe_a_round(relay: Relay, engine: Engine, hand_one_in: HandIn) -> None:
    """While the engine is away each round asks it once, however many rows wait."""
    for number in range(5):
        await hand_one_in(number)
    engine.away = True
    await relay.run_once(NOW)
    before = engine.asked

    await relay.run_once(NOW + timedelta(seconds=30))

    assert engine.asked - before == 1


async def test_what_waited_goes_at_once_when_the_engine_is_back(
    relay: Relay, engine: Engine, hand_one_in: HandIn
) -> None:
    """After the first success no row rests any longer for an outage that is over."""
    for number in range(5):
        await hand_one_in(number)
    engine.away = True
    for second in range(4):
        await relay.run_once(NOW + timedelta(seconds=second))
    engine.away = False

    counts = [await relay.run_once(NOW + timedelta(seconds=5)) for _ in range(3)]

    assert counts == [1, 4, 0]
    assert len(set(engine.started)) == 5


async def test_an_outage_is_told_twice_not_each_second(
    relay: Relay, engine: Engine, hand_one_in: HandIn, said: CapturingLogger
) -> None:
    """The log has one line when the engine went away and one when it came back."""
    await hand_one_in(1)
    engine.away = True
    for second in range(0, 60, 10):
        await relay.run_once(NOW + timedelta(seconds=second))
    engine.away = False

    await relay.run_once(NOW + timedelta(seconds=90))

    told = [call.kwargs["event"] for call in said.calls if call.kwargs["event"] != "outbox.told"]
    assert told == ["outbox.temporal_away", "outbox.temporal_back"]


async def test_a_refused_start_holds_nobody_up(
    relay: Relay, database: Database, engine: Engine, hand_one_in: HandIn
) -> None:
    """A row that the engine refuses stays, with its reason, and the rows beside it start."""
    await hand_one_in(1, workflow_type="Nonsense")
    await hand_one_in(2, at=NOW + timedelta(seconds=1))

    sent = await relay.run_once(NOW + timedelta(seconds=1))

    refused, started = await rows(database)
    assert sent == 1
    assert (refused.last_error, started.sent_at is not None) == (REFUSED, True)


def test_the_rest_between_tries_never_exceeds_ten_seconds() -> None:
    """The rest doubles from half a second and stops at ten, however long an outage lasts."""
    rests = [backoff(tries).total_seconds() for tries in (1, 2, 3, 4, 5, 6, 1000)]

    assert rests == [0.5, 1, 2, 4, 8, 10, 10]


async def test_a_notify_wakes_the_relay_also_on_a_new_connection(
    relay: Relay, engine: Engine, hand_one_in: HandIn, database: Database
) -> None:
    """The running relay starts what intake commits, also after its LISTEN connection was cut."""
    running = asyncio.create_task(relay.run_forever())
    await hand_one_in(1, at=now())
    await engine.until(1)
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        cut = await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )

    await hand_one_in(2, at=now())
    await engine.until(2)

    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert await cut.fetchone() == (True,)
