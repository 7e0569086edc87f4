"""Canaries: each way is exercised once a day, on what is declared harmless, or by the first real entry under watch."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from core.faults import Broken
from core.work_item import State
from fallbacks.canaries import Canaries
from fallbacks.health import Health, ways_of
from records import items
from records.canary import Canary
from records.items import ItemView, Move
from records.outbox import OutboxRow
from records.watches import Watch
from records.work_item import WorkItem
from systems.drill_ground import Grounds
from systems.seating import Seatings
from tests.activities.shop import Bots, Shop, intent, planned
from workflows.work_item import ItemStart

SIX = datetime.fromisoformat("2026-11-20T06:00:00Z")
DAY = timedelta(days=1)
TIMED = '[shop.production]\ncanary = "06:00"\n'
RECORD = """[[shop.production.harmless]]
operation = "note"
target = "7"
owner = "m.keller@example.org"
until = 2026-12-31
entry = { order_no = "7", what = "canary {canary}" }
"""


class Day:
    """The beat, with what the operator declares, and what it made."""

    def __init__(self, bots: Bots, file: Path, declared: str) -> None:
        self.file, self.bots = file, bots
        self.declare(declared)
        self.beat = Canaries(bots.database, Grounds(Seatings(file)))

    def declare(self, text: str) -> None:
        """What the operator's file says from now on."""
        self.file.write_text(text, encoding="utf-8")

    async def canaries(self) -> dict[tuple[str, int], Canary]:
        """By way and day of the month."""
        async with self.bots.database.session() as session:
            return {(one.route, one.day.day): one for one in await session.exec(select(Canary))}

    async def states(self) -> dict[tuple[str, int], str]:
        """How they stand."""
        return {key: one.state.value for key, one in (await self.canaries()).items()}

    async def started(self) -> list[ItemView]:
        """The entries that the relay is to start, as their workflows keep them at once."""
        async with self.bots.database.session() as session:
            rows = list(await session.exec(select(OutboxRow).order_by(col(OutboxRow.workflow_id))))
        wanted = [ItemStart.model_validate(row.argument).intent for row in rows]
        assert [row.workflow_id for row in rows] == [f"item/{one.id}" for one in wanted]
        return [await planned(self.bots.database, one) for one in wanted]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The systems file."""
    return tmp_path / "systems.toml"


async def test_a_declared_record_is_written_once_a_day_and_way(bots: Bots, shop: Shop, file: Path) -> None:
    """G8: two beats at once and two more ask for one entry a way, which counts once it is read back; tomorrow again."""
    day, other = Day(bots, file, TIMED + RECORD), Day(bots, file, TIMED + RECORD)

    early = await day.beat.run_once(SIX - timedelta(seconds=1))
    both = await asyncio.gather(day.beat.run_once(SIX), other.beat.run_once(SIX))
    found = [sum(both), *[await day.beat.run_once(SIX + timedelta(minutes=n)) for n in (1, 2)]]
    started = await day.started()
    by_bot = next(item for item in started if item.route == "bot")
    done = (await bots.enters(by_bot)).item
    await day.beat.run_once(SIX + timedelta(hours=1))
    after = await day.states()
    await day.beat.run_once(SIX + DAY)

    assert (early, found) == (0, [2, 0, 0])
    assert [(item.route, item.target_key, item.occurrence) for item in sorted(started, key=lambda i: i.route)] == [
        ("api", "7", "canary/api/2026-11-20"),
        ("bot", "7", "canary/bot/2026-11-20"),
    ]
    assert (done.state, shop.rows) == ("done", [("note", "7", by_bot.reference, "canary 2026-11-20 bot")])
    assert after == {("bot", 20): "verified", ("api", 20): "waiting"}
    assert len(await day.started()) == 4


async def test_without_a_record_the_first_real_entry_is_the_canary_under_watch(
    bots: Bots, shop: Shop, file: Path
) -> None:
    """G8: it stops filled until somebody approves it, and counts once it is in; a way nobody took is said next day."""
    day = Day(bots, file, TIMED)
    await day.beat.run_once(SIX)
    nothing = await day.started()
    first, second = [await planned(bots.database, intent("note", key, what="real")) for key in ("1", "2")]

    stopped, passed = (await bots.enters(first)).item, (await bots.enters(second)).item
    await day.beat.run_once(SIX + timedelta(minutes=1))
    waiting = (await day.canaries())["bot", 20]
    approve = Move(
        item_id=first.id,
        fence=stopped.fence,
        to=State.READY,
        event="item.approved",
        values={"approved": stopped.filled, "code": ""},
    )
    async with bots.database.session() as session:
        assert await items.move(session, approve, SIX)
    await bots.enters(first)
    await day.beat.run_once(SIX + timedelta(minutes=2))
    today = await day.states()
    for late in range(2):
        await day.beat.run_once(SIX + DAY + timedelta(minutes=late))

    assert (nothing, stopped.code, passed.state) == ([], "under_watch", "done")
    assert (waiting.item_id, waiting.state.value) == (first.id, "waiting")
    assert today == {("bot", 20): "verified", ("api", 20): "waiting"}
    assert (await day.states())["api", 20] == "missed"
    async with bots.database.session() as session:
        watches = [(one.route, one.taken, one.over) for one in await session.exec(select(Watch))]
    assert sorted(watches) == [("api", 0, False), ("api", 0, True), ("bot", 0, False), ("bot", 1, True)]


async def test_a_canary_that_fails_is_a_failure_like_any_other(bots: Bots, shop: Shop, file: Path) -> None:
    """It says why and its way stays up; once somebody has had it entered after all it is verified."""

    async def odd() -> None:
        raise Broken("the form is another one")

    day = Day(bots, file, TIMED + RECORD)
    await day.beat.run_once(SIX)
    by_bot = next(item for item in await day.started() if item.route == "bot")
    shop.mishaps["find"] = odd
    failed = (await bots.enters(by_bot, last=True)).item
    await day.beat.run_once(SIX + timedelta(minutes=1))
    said = (await day.canaries())["bot", 20]
    shop.mishaps.clear()
    async with bots.database.session() as session:
        values = {"state": State.READY, "fence": failed.fence + 1, "code": ""}
        await session.exec(update(WorkItem).where(col(WorkItem.id) == failed.id).values(**values))
    await bots.enters(by_bot)
    await day.beat.run_once(SIX + timedelta(minutes=2))

    assert (said.state.value, said.code, said.ended_at) == ("failed", failed.code, None)
    assert failed.code
    assert (await day.states())["bot", 20] == "verified"


async def test_what_a_person_keyed_does_not_prove_the_way(bots: Bots, shop: Shop, file: Path) -> None:
    """The canary's entry is in, and no bot saved it by this way: nothing was shown of it."""
    day = Day(bots, file, TIMED + RECORD)
    await day.beat.run_once(SIX)
    for item in await day.started():
        async with bots.database.session() as session:
            (await session.get_one(WorkItem, item.id)).state = State.DONE
    await day.beat.run_once(SIX + timedelta(minutes=1))

    assert await day.states() == {("bot", 20): "missed", ("api", 20): "missed"}


async def test_nothing_is_placed_on_a_way_that_is_out_nor_where_the_file_is_wrong(
    bots: Bots, shop: Shop, file: Path
) -> None:
    """A way that is out has its canary once it is back; of a file that cannot be used nothing is taken."""
    health = Health(bots.database)
    day = Day(bots, file, TIMED + RECORD.replace("m.keller@example.org", ""))
    refused = await day.beat.run_once(SIX)
    day.declare(TIMED + RECORD)
    await health.isolate(ways_of("shop", route="bot"), by="it@example.org", why="a release", now=SIX)

    await day.beat.run_once(SIX + timedelta(minutes=1))
    meanwhile = await day.states()
    await health.resume(ways_of("shop", route="bot"), by="it@example.org", why="it is in", now=SIX)
    await day.beat.run_once(SIX + timedelta(minutes=2))

    assert (refused, meanwhile) == (0, {("api", 20): "waiting"})
    assert ("bot", 20) not in await day.states()  # one that was held goes first; then the canary's turn comes
