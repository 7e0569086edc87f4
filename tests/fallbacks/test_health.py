"""The health of ways as it is kept: one truth for all, an outage that holds a way, and people who take one out."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlmodel import select

from core.faults import SystemDown, TooSlow
from fallbacks.breaker import Patience, Source
from fallbacks.health import Health, IsolationRefused, ways_of
from records import health as kept
from records.database import Database
from records.health import CHANNEL, HealthSpan, Outage
from records.holding_back import hold_back
from records.operation_holds import OperationHold
from systems.way import OutageStage, Way, WayState
from tests.fallbacks.conftest import HandIn
from tests.support.failing import Entries
from tests.support.patience import PATIENCE

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DESK = Way("orderdesk")


@pytest.fixture
def health(database: Database) -> Health:
    """Health with the usual patience."""
    return Health(database, Patience())


async def falls(health: Health, way: Way = DESK, at: datetime = NOON) -> None:
    """Three faults in a row."""
    for second in range(3):
        await health.note(way, ok=False, code=SystemDown.code, source=Source.ENTRY, now=at + timedelta(seconds=second))


async def state(health: Health, way: Way = DESK) -> WayState:
    """How the way stands."""
    return {row.way: row.state for row in await health.standing(NOON)}[way]


async def outages(database: Database) -> list[Outage]:
    """Every outage there was, in their order."""
    async with database.session() as session:
        return list(await session.exec(select(Outage).order_by(Outage.began_at)))  # type: ignore[arg-type]


async def holds(database: Database) -> list[OperationHold]:
    """Every hold there was."""
    async with database.session() as session:
        return list(await session.exec(select(OperationHold)))


@pytest.mark.failure_mode("F23")
async def test_a_way_that_goes_down_holds_every_operation_by_it_and_no_other_way(
    database: Database, health: Health, hand_one_in: HandIn
) -> None:
    """F23: its entries stand in line, untried and without a failure; the same system by another environment goes on."""
    entries = Entries(database, await hand_one_in(123))
    item = await entries.new("4700001")
    await falls(health)

    async with database.session() as session:
        back = await hold_back(session, await entries.view(item.id), NOON)
    (outage,), (hold,), after = await outages(database), await holds(database), await entries.view(item.id)

    assert (back, after.held_behind, after.attempts, after.signature) == (True, hold.id, 0, "")
    assert (hold.operation, hold.outage_id, hold.group_id) == ("", outage.id, None)
    assert (outage.began_at, outage.detected_at, outage.stage) == (NOON, NOON + timedelta(seconds=2), "standing")
    assert await health.shut(DESK._replace(environment="test")) is None


async def test_an_outage_ends_with_its_hold_once_work_is_done_again(database: Database, health: Health) -> None:
    """A good probe, then a good entry: the outage has ended, its line may go, and each state has its span."""
    await falls(health)
    later = NOON + timedelta(minutes=2)

    await health.note(DESK, ok=True, source=Source.PROBE, now=later)
    tried = (await outages(database))[0].stage
    await health.note(DESK, ok=True, source=Source.ENTRY, now=later + timedelta(seconds=1))

    (outage,), (hold,) = await outages(database), await holds(database)
    async with database.session() as session:
        spans = list(await session.exec(select(HealthSpan).order_by(HealthSpan.began)))  # type: ignore[arg-type]
    assert (tried, outage.stage) == (OutageStage.CANARY, OutageStage.DRAINING)
    assert (outage.ended_at, hold.ended_at) == (later + timedelta(seconds=1),) * 2
    assert [span.state for span in spans] == [WayState.UP, WayState.DOWN, WayState.TRYING, WayState.UP]
    assert [span.ended is None for span in spans] == [False, False, False, True]


async def test_two_workers_that_meet_the_same_outage_open_it_once(database: Database, health: Health) -> None:
    """Many faults at the same moment, from several processes: one outage and one hold."""
    other = Health(database, Patience())
    told = [each.note(DESK, ok=False, code=TooSlow.code, source=Source.ENTRY) for each in (health, other) * 4]

    await asyncio.gather(*told)

    assert (len(await outages(database)), len(await holds(database))) == (1, 1)


async def test_a_change_is_announced_with_its_commit(database: Database, health: Health) -> None:
    """Whoever listens hears which way changed; nothing is said while nothing changes."""
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as listening:
        await listening.execute(f"LISTEN {CHANNEL}")
        await falls(health)
        heard = [note.payload async for note in listening.notifies(timeout=PATIENCE, stop_after=1)]

    assert heard == ["orderdesk/production/bot"]


async def test_a_system_is_taken_out_of_use_and_used_again_by_a_person(database: Database, health: Health) -> None:
    """Its ways are held at once, with who and why; used again, each is probed first; the outage stands until then."""
    ways = ways_of("servicedesk")

    await health.isolate(ways, by="sam@example.org", why="a new release", until=None, now=NOON)
    out = [row.state for row in await health.standing(NOON)]
    back = await health.resume(ways, by="sam@example.org", why="it is in", now=NOON)

    found = await outages(database)
    assert out == [WayState.ISOLATED] * len(ways)
    assert (sorted(back), await health.due(ways, NOON)) == (sorted(ways), ways)
    assert {(one.isolated, one.by, one.why, one.ended_at) for one in found} == {
        (True, "sam@example.org", "a new release", None)
    }


async def test_time_out_of_use_ends_by_itself_and_only_then(health: Health) -> None:
    """An hour is an hour: the beat before it changes nothing, the one after it has the way probed."""
    until = NOON + timedelta(hours=1)
    await health.isolate([DESK], by="sam@example.org", why="a new release", until=until, now=NOON)

    before = await health.expire(until - timedelta(seconds=1))
    after = await health.expire(until)

    assert (before, after, await state(health)) == (0, 1, WayState.DOWN)


@pytest.mark.parametrize(
    ("why", "until", "sentence"),
    [(" ", None, "Say why"), ("a release", NOON, "still to come")],
    ids=["no reason", "a time that is over"],
)
async def test_no_way_is_taken_out_without_a_reason_or_until_a_time_that_is_over(
    health: Health, why: str, until: datetime | None, sentence: str
) -> None:
    """One clear sentence, and nothing has changed."""
    with pytest.raises(IsolationRefused, match=sentence):
        await health.isolate([DESK], by="sam@example.org", why=why, until=until, now=NOON)

    assert await health.standing(NOON) == []


@pytest.mark.parametrize(("system", "route"), [("warehouse", None), ("orderdesk", "api")])
def test_what_is_not_known_is_refused_by_name(system: str, route: str | None) -> None:
    """A system or a way that there is not: the sentence says which there are."""
    with pytest.raises(IsolationRefused, match=r"there (are|is) .*(orderdesk|bot)"):
        ways_of(system, route=route)


async def test_what_was_heard_is_kept_with_its_source(database: Database, health: Health) -> None:
    """Good or not, each thing that was heard is a sample."""
    await health.note(DESK, ok=True, source=Source.READ, ms=12, now=NOON)

    async with database.session() as session:
        (sample,) = list(await session.exec(select(kept.HealthSample)))
    assert (sample.ok, sample.source, sample.ms, sample.at) == (True, "read", 12, NOON)


async def looked(database: Database, at: datetime) -> None:
    """A bot process has looked whether anybody can sign in."""
    async with database.session() as session:
        session.add(kept.SignInLook(**DESK._asdict(), account="bot09", at=at))


@pytest.mark.failure_mode("F23")
async def test_a_way_that_is_down_is_tried_once_it_answers_and_somebody_can_sign_in(
    database: Database, health: Health
) -> None:
    """F23: where looks are made, a probe that was answered waits for one; its end says in plain words what it was."""
    await looked(database, NOON - timedelta(minutes=5))
    await falls(health)
    minute = NOON + timedelta(minutes=1)

    probed = await health.note(DESK, ok=True, source=Source.PROBE, now=minute)
    failed = await health.note(
        DESK, ok=False, code="too_slow", source=Source.SIGN_IN, now=minute + timedelta(seconds=5)
    )
    again = await health.note(DESK, ok=True, source=Source.PROBE, now=minute + timedelta(minutes=2))
    good = await health.note(DESK, ok=True, source=Source.SIGN_IN, now=minute + timedelta(minutes=2, seconds=5))

    assert [probed, failed, again, good] == [WayState.DOWN, WayState.DOWN, WayState.DOWN, WayState.TRYING]
    async with database.session() as session:
        spans = list(await session.exec(select(HealthSpan).order_by(HealthSpan.began)))  # type: ignore[arg-type]
    assert spans[-1].why == "A bot can sign in again; one entry goes first."


@pytest.mark.parametrize("before", [timedelta(minutes=5), timedelta(days=2)], ids=["no bot process", "none declared"])
async def test_probes_decide_alone_where_nobody_looks(database: Database, health: Health, before: timedelta) -> None:
    """Two minutes of answers without a look, or no look for a day before it went down: nothing blocks for ever."""
    await looked(database, NOON - before)
    await falls(health)

    states = [
        await health.note(DESK, ok=True, source=Source.PROBE, now=NOON + timedelta(minutes=minutes))
        for minutes in (1, 3)
    ]

    assert WayState.TRYING in states
    assert (states[0] is WayState.TRYING) == (before > timedelta(days=1))


async def test_a_sign_in_look_ends_no_hold_of_an_operation(
    database: Database, health: Health, hand_one_in: HandIn
) -> None:
    """The sign-in screen says nothing of the screen that broke three times."""
    entries = Entries(database, await hand_one_in(123))
    for number in range(3):
        await entries.failed(f"470000{number}")

    await health.note(DESK, ok=True, source=Source.SIGN_IN, now=NOON)

    (hold,) = await holds(database)
    assert (hold.operation, hold.ended_at) == ("mark_failed_delivery", None)


@pytest.mark.failure_mode("F23")
async def test_a_way_that_no_probe_reaches_is_tried_by_one_entry_after_its_pause(
    database: Database, health: Health
) -> None:
    """F23: nothing knocks on it for a minute, then one entry may go; while that fails each pause is twice as long."""
    await falls(health)
    down, seconds = NOON + timedelta(seconds=2), timedelta(seconds=1)
    found = []
    for pause in (60, 120, 240):
        early = await health.try_unprobed((), now=down + (pause - 1) * seconds)
        in_time = await health.try_unprobed((), now=down + pause * seconds)
        found.append((early, in_time, await state(health)))
        down += (pause + 1) * seconds
        await health.note(DESK, ok=False, code=SystemDown.code, source=Source.ENTRY, now=down)
    probed = await health.try_unprobed([DESK], now=down + timedelta(hours=1))

    again = await health.try_unprobed((), now=down + timedelta(hours=1))
    back = await health.note(DESK, ok=True, source=Source.ENTRY, now=down + timedelta(hours=1))

    assert found == [(0, 1, WayState.TRYING)] * 3
    assert (probed, again, back, (await outages(database))[0].stage) == (0, 1, WayState.UP, OutageStage.DRAINING)


async def test_where_bots_sign_in_to_look_that_look_has_the_first_word(database: Database, health: Health) -> None:
    """A way that no probe reaches is not tried by an entry before its look had the time to come."""
    async with database.session() as session:
        session.add(kept.SignInLook(**DESK._asdict(), account="look1", at=NOON))
    await falls(health)
    due = NOON + timedelta(seconds=62)

    waited = await health.try_unprobed((), now=due)

    assert (waited, await health.try_unprobed((), now=due + timedelta(minutes=2))) == (0, 1)
