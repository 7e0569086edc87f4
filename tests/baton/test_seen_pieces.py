"""What parts are asked, piece by piece: time limits, beats that fall silent, what the SDK counts, what status says."""

import asyncio
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from temporalio.runtime import BUFFERED_METRIC_KIND_COUNTER, BUFFERED_METRIC_KIND_GAUGE

from baton.beats import Beat
from baton.seen import checks, engine, health
from baton.seen.alarms import AlarmMetrics, Found
from baton.seen.asked import Said, sentences
from baton.seen.engine import EngineMetrics
from baton.seen.health import Health
from baton.seen.own import LOOKED_EACH, LoopLag
from baton.seen.pulse import Pulse
from baton.ticks import Ticks
from core.clock import now
from records.database import Database
from tests.baton.test_ticks import Counted
from tests.house import tree

NOWHERE = "postgresql://baton@127.0.0.1:1/nothing"


class Hand:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


@dataclass
class Name:
    """What an update of the SDK is of."""

    name: str
    kind: int
    description: str = ""
    unit: str = ""


@dataclass
class Update:
    """One update, as the SDK hands it over."""

    metric: Name
    value: float
    attributes: Mapping[str, str] = field(default_factory=dict)


def failed(kind: str) -> Any:
    """A workflow task that failed; the SDK's own updates cannot be made by hand, hence Any."""
    return Update(Name(engine.FAILED_TASK, BUFFERED_METRIC_KIND_COUNTER), 1, {"workflow_type": kind})


def polls(**attributes: str) -> Any:
    """A number of pollers."""
    return Update(Name("temporal_num_pollers", BUFFERED_METRIC_KIND_GAUGE), 5, attributes)


def shown(collector: EngineMetrics | Pulse | AlarmMetrics) -> str:
    """As Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


async def test_a_part_without_its_records_says_why() -> None:
    """A database that is away makes it unready with a sentence that names no address and no user."""
    database = Database(NOWHERE)
    part = Health("ticks", {"records": checks.records(database)})
    part.begun()

    ready, said = await part.readiness()

    await database.close()
    assert (ready, said["needs"]["work"]) == (False, "ok")
    assert said["needs"]["records"] == "PostgreSQL does not answer (OperationalError)."


@pytest.mark.failure_mode("F55")
async def test_a_clock_that_jumps_is_named(database_url: str) -> None:
    """F55: an hour ahead or behind is told, with how much; one that is right, and an answer that took long, are not."""
    database = Database(database_url)

    async def said(*off: float) -> str:
        times = iter(now() + timedelta(seconds=by) for by in off)
        return await checks.true_time(database, lambda: next(times))()

    ahead, behind, nearly, right, slow = [
        await said(*off) for off in ((3600, 3600), (-3600, -3600), (4, 4), (0, 0), (-60, 60))
    ]
    await database.close()

    assert re.fullmatch(r"This machine's clock is 3[56]\d\d seconds ahead of the database's\.", ahead)
    assert re.fullmatch(r"This machine's clock is 3[56]\d\d seconds behind the database's\.", behind)
    assert (nearly, right, slow) == ("", "", "")


async def test_what_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question without an answer ends with its time, and what is only used stops nothing."""
    monkeypatch.setattr(health, "ASKED_FOR", 0.01)

    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    part = Health("console", {}, {"temporal": never})
    part.begun()

    ready, said = await part.readiness()

    assert (ready, said["uses"]["temporal"]) == (True, "No answer within 0.01 seconds.")


async def test_a_beat_that_is_not_called_any_more_is_named() -> None:
    """Three intervals and a minute without a call are silence; a beat that was called is not."""
    clock = Hand()
    pulse = Pulse(clock)
    pulse.expect("probes", 2)
    pulse.expect("routing", 5)

    clock.now += 70
    pulse.called("routing")

    assert await pulse.silent() == "Silent: probes for 70 seconds"


@pytest.mark.failure_mode("F56")
async def test_of_two_processes_one_shows_a_beat_done(database_url: str) -> None:
    """Whose turn it is not, shows the beat as called and not as done: the least silence of all is the truth."""
    database, clocks = Database(database_url), (Hand(), Hand())
    pulses = [Pulse(clock) for clock in clocks]
    both = [Ticks(database, [], (), pulse) for pulse in pulses]
    for pulse, clock in zip(pulses, clocks, strict=True):
        pulse.expect("counted", 5)
        clock.now += 100

    for one in both:
        await one.beat("counted", Counted(database))

    for one in both:
        await one._turn.close()
    await database.close()
    assert [await pulse.silent() for pulse in pulses] == ["", ""]
    assert 'baton_beat_silent_seconds{beat="counted"} 0.0' in shown(pulses[0])
    assert 'baton_beat_silent_seconds{beat="counted"} 100.0' in shown(pulses[1])


async def test_a_beat_that_fails_is_silent_though_it_is_called() -> None:
    """Without the records the scheduler goes on, and the beat's own work is seen not to be done."""
    database, clock = Database(NOWHERE), Hand()
    pulse = Pulse(clock)
    pulse.expect("counted", 5)
    clock.now += 100

    await Ticks(database, [], (Beat("counted", 5, Counted),), pulse).beat("counted", Counted(database))

    await database.close()
    assert (await pulse.silent(), 'silent_seconds{beat="counted"} 100.0' in shown(pulse)) == ("", True)


def test_what_the_sdk_counts_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown labels are left out, and made-up workflow types make no more series than the limit."""
    monkeypatch.setattr(engine, "MOST_SERIES", 3)
    metrics = EngineMetrics()

    metrics.take([failed(f"type {number}") for number in range(10)])
    metrics.take([polls(workflow_id="jana")])
    metrics.take([failed("type 0")])

    text = shown(metrics)
    assert text.count("_failed_total{") == 3
    assert '{workflow_type="type 0"} 2.0' in text
    assert "jana" not in text


async def test_a_failed_workflow_task_is_told_until_it_is_over() -> None:
    """A failure is told for a quarter of an hour: Temporal tries again at least each ten minutes."""
    clock = Hand()
    metrics = EngineMetrics(clock)
    metrics.take([failed("Broken"), failed("Broken")])
    said = await metrics.failing_tasks()

    clock.now += engine.STILL_TOLD_SECONDS + 1

    assert said == "2 workflow tasks failed in the last 15 minutes."
    assert await metrics.failing_tasks() == ""


async def test_scrapes_cannot_wear_the_records_out() -> None:
    """Many scrapes at once are one look; the next comes when its time is over; what is not known is no number."""
    clock, looks = Hand(), []

    async def look() -> Found:
        looks.append(clock.now)
        return Found()

    metrics = AlarmMetrics(look, clock)
    await asyncio.gather(*(metrics.read() for _ in range(20)))
    clock.now += 6
    await metrics.read()

    assert looks == [1000.0, 1006.0]
    assert 'baton_alarms_read{source="records"} 0.0' in shown(metrics)
    assert "baton_outbox" not in shown(metrics)


def test_the_longest_delay_of_a_minute_is_told() -> None:
    """A loop that stood still shows for a minute, and not longer."""
    clock = Hand()
    lag = LoopLag(clock)
    lag.note(7.5)
    clock.now += 30
    lag.note(0.1)
    during = lag.longest()

    clock.now += 40
    lag.note(0.2)

    assert (during, lag.longest()) == (7.5, 0.2)


@pytest.mark.failure_mode("F46")
async def test_a_call_that_blocks_the_loop_is_measured_and_rings() -> None:
    """F46: one block is enough: the rule does not wait longer than the number stands, so that a scrape finds it."""
    lag = LoopLag()
    watching = asyncio.create_task(lag.watch_forever())
    await asyncio.to_thread(str)  # it has begun to wait
    threading.Event().wait(3 * LOOKED_EACH)
    while not lag.longest():
        await asyncio.to_thread(str)
    watching.cancel()

    (rule,) = (one for one in rules() if one["alert"] == "BatonLoopBlocked")

    assert lag.longest() >= LOOKED_EACH
    assert "for" not in rule


def rules() -> list[dict[str, str]]:
    """The alarms as Prometheus takes them."""
    found = yaml.safe_load((tree.ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_status_says_one_reason_once() -> None:
    """What stops some parts and not others is one sentence; a part that says nothing is named."""
    away = {"temporal": "Temporal does not answer (UNAVAILABLE)."}
    said = [
        Said(part="console", answered=True, ready=True, missing=away),
        Said(part="worker", answered=True, ready=False, missing=away),
        Said(part="bots", answered=True, ready=True),
        Said(part="ticks"),
    ]

    assert sentences(said) == [
        "The part ticks does not say how it is: it is gone, or stands still",
        "Temporal does not answer (UNAVAILABLE). Cannot work: worker. Go on: console.",
    ]
