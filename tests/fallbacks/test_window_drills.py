"""Drills on real systems: a window, a second person, a way out of use for a while, and what the records tell of it."""

import uuid
from collections.abc import Awaitable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from baton.drill import real
from core import clock
from core.work_item import Kind
from fallbacks.health import Health
from fallbacks.window_drills import WindowDrills, WindowRefused
from records import items, route_choice, window_drill
from records.database import Database
from records.items import Intent
from records.operation_holds import OperationHold
from records.route_choice import RouteChoice
from records.window_drill import Measured, WindowDrill, WindowState
from records.work_item import Attempt
from systems.drill_ground import Grounds
from systems.seating import Seatings
from systems.way import Way, WayState

WAY = Way("servicedesk", route="api")
HOUR = timedelta(hours=1)
ANNA, BEN = "anna@example.org", "ben@example.org"


@pytest.fixture
def now() -> datetime:
    """This moment: the database's clock counts for what expires."""
    return clock.now()


@pytest.fixture
def drills(database: Database) -> WindowDrills:
    """With nothing declared."""
    return WindowDrills(database, Grounds(Seatings()))


async def refused(deed: Awaitable[object]) -> str:
    """Why it cannot be done."""
    with pytest.raises(WindowRefused) as told:
        await deed
    return str(told.value)


async def kept(database: Database, drill: WindowDrill) -> WindowDrill:
    """It as it stands now."""
    async with database.session() as session:
        return await session.get_one(WindowDrill, drill.id)


async def test_it_needs_a_window_and_a_second_person(database: Database, drills: WindowDrills, now: datetime) -> None:
    """G8: not by whoever asked for it, not before, not after, not twice; each refusal is a sentence, nothing is out."""
    drill = await drills.ask(WAY, now + HOUR, HOUR, "before the release", ANNA, now)
    sentences = [
        await refused(drills.start(drill.id, BEN, now)),
        await refused(drills.start_now("servicedesk", "production", "", BEN, now)),
        await refused(drills.approve(drill.id, "Anna@example.org", now)),
    ]
    await drills.approve(drill.id, BEN, now)
    sentences += [
        await refused(drills.approve(drill.id, BEN, now)),
        await refused(drills.start(drill.id, BEN, now)),
        await refused(drills.start(drill.id, BEN, now + 2 * HOUR)),
        await refused(drills.start_now("servicedesk", "production", "bot", BEN, now + HOUR)),
        await refused(drills.ask(WAY._replace(route="fax"), now, HOUR, "why not", ANNA, now)),
        await refused(drills.ask(WAY, now, 9 * HOUR, "why not", ANNA, now)),
        await refused(drills.ask(WAY, now, HOUR, " ", ANNA, now)),
    ]

    assert [sentence for sentence in sentences if not sentence.startswith("Nothing was changed")] == []
    assert "a second person" in sentences[2]
    assert await Health(database).standing(now) == []


async def test_its_way_is_out_until_the_window_ends(database: Database, drills: WindowDrills, now: datetime) -> None:
    """Started in its window the way is out of use till then at the latest, for its reason; stopped, it is back."""
    drill = await drills.ask(WAY, now, HOUR, "before the release", ANNA, now)
    await drills.approve(drill.id, BEN, now)
    await drills.start_now("servicedesk", "production", "", BEN, now)
    (out,) = await Health(database).standing(now)
    again = await refused(drills.start(drill.id, BEN, now))
    ended = [await drills.run_once(now + timedelta(minutes=minutes)) for minutes in (0, 30)]
    await drills.stop(drill.id, ANNA, now + timedelta(minutes=31))
    (back,) = await Health(database).standing(now)

    assert (out.way, out.state, out.isolated_until) == (WAY, WayState.ISOLATED, now + HOUR)
    assert out.isolated_why == "Drill: before the release"
    assert "does not stand so any more" in again
    assert (ended, back.state, back.isolated_until) == ([0, 0], WayState.DOWN, None)  # asked at once, by a probe
    assert ((await kept(database, drill)).state, (await kept(database, drill)).ended_by) == (WindowState.ENDED, ANNA)


async def test_what_ends_it_by_itself(database: Database, drills: WindowDrills, now: datetime) -> None:
    """Its window is over, or somebody uses the way again: it is over, and what others isolated since stays out."""
    drill = await drills.ask(WAY, now, HOUR, "before the release", ANNA, now)
    await drills.approve(drill.id, BEN, now)
    await drills.start(drill.id, BEN, now)
    await Health(database).isolate([WAY], by=ANNA, why="it is broken", now=now)
    await drills.stop(drill.id, BEN, now + timedelta(minutes=1))
    other = await drills.ask(WAY._replace(route="bot"), now, HOUR, "the screens", ANNA, now)
    await drills.approve(other.id, BEN, now)
    await drills.start(other.id, BEN, now)

    ended = [await drills.run_once(now + HOUR * hours) for hours in (0, 1, 2)]

    states = {row.way.route: row.state for row in await Health(database).standing(now)}
    assert states["api"] is WayState.ISOLATED
    assert ended == [0, 1, 0]


async def test_a_test_environment_needs_nobody_else(database: Database, now: datetime, tmp_path: Path) -> None:
    """What is declared as one for drills is approved by that, and may begin at once."""
    file = tmp_path / "systems.toml"
    file.write_text('[servicedesk.test]\ndrills = "test"\n', encoding="utf-8")
    drills = WindowDrills(database, Grounds(Seatings(file)))
    test = Way("servicedesk", "test", "api")

    await drills.ask(test, now, HOUR, "the new way", ANNA, now)
    begun = await drills.start_now("servicedesk", "test", "api", ANNA, now)

    assert begun.way == test
    assert [row.way for row in await Health(database).standing(now)] == [test]


async def test_the_records_tell_what_it_showed(database: Database, drills: WindowDrills, now: datetime) -> None:
    """Held, by another way, saved twice, sent to what was out: each is counted; no entry at all shows nothing."""
    drill = await drills.ask(WAY, now, HOUR, "before the release", ANNA, now)
    await drills.approve(drill.id, BEN, now)
    drill = await drills.start(drill.id, BEN, now)
    async with database.session() as session:
        nothing = await window_drill.measured(session, drill, now)
        hold = (await session.exec(select(OperationHold))).one()
        for number, way in enumerate(("deferred", "bot", "person")):
            item = await items.create(session, _intent(number), now)
            later = {"at": now + timedelta(minutes=1), "asked_at": now + timedelta(minutes=1)}
            chosen = {"from_route": "api", "to_route": way, "rule": "next_way", "version": "1", "inputs": {}}
            kept = {"id": uuid.uuid4(), "item_id": item.id, "hold_id": hold.id, **later, **chosen}
            await route_choice.keep(session, RouteChoice.model_validate(kept))
            for fence, route in enumerate(("bot", "api") if way == "bot" else (), start=1):
                tried = {"started_at": later["at"], "submitted_at": later["at"], "outcome": "done", "route": route}
                which = {"id": uuid.uuid4(), "item_id": item.id, "number": fence, "fence": fence}
                session.add(Attempt.model_validate({**which, **tried}))
        await session.flush()
        found = await window_drill.measured(session, drill, now + timedelta(minutes=2))

    assert nothing == Measured()
    assert found == Measured(entries=3, held=1, other_ways=1, people=1, duplicated=1, entered_there=1)
    assert not found.well


def test_the_command_says_what_is_missing(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`baton drill servicedesk/production` without an approved window is refused with one sentence."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)

    status = real.start("servicedesk/production", tmp_path)

    assert status == 2
    assert "needs a window that one person asks for and another one approves" in capsys.readouterr().err


def _intent(number: int) -> Intent:
    return Intent(
        id=uuid.uuid4(),
        system="servicedesk",
        operation="update_ticket",
        kind=Kind.CREATE,
        target_key=f"T-{number}",
        occurrence=f"drill/{number}",
        content={"ticket_id": f"T-{number}", "state": "open", "note": "x"},
        route="api",
    )
