"""What a drill enters and does, how it judges, and how one that was asked for on the page is run: without a stage."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from baton.drill import judge, modes
from baton.drill.entries import NotDrilled, Part, Planned, part_of
from baton.drill.judge import Shut
from baton.drill.runner import SILENT, Drills, command, surroundings
from baton.sweep import cast
from core import clock
from core.work_item import Kind, State
from records import drills
from records.database import Database
from records.drill import Drill, DrillState, Report
from records.work_item import Attempt, WorkItem
from systems.drills import OPERATIONS, Mode
from systems.registry import operation_of

NOW = clock.now()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def part() -> Part:
    """What is entered on the order desk."""
    return part_of(cast.read(), "orderdesk")


def item(reference: str, key: str = "5000000", seconds: int = 0, **more: Any) -> WorkItem:
    """An entry that was asked for so many seconds after the first one."""
    told = {"system": "orderdesk", "operation": "correct_address", "kind": Kind.CHANGE, "state": State.DONE, **more}
    at = NOW + timedelta(seconds=seconds)
    return WorkItem(
        target_key=key, occurrence=reference, reference=reference, wait_since=at, created_at=at, updated_at=at, **told
    )


def row(reference: str, seq: int) -> dict[str, Any]:
    """A change in the ledger."""
    return {"system": "orderdesk", "reference": reference, "seq": seq}


def test_each_entry_of_a_record_stands_on_the_one_before(part: Part) -> None:
    """Whoever is entered too early finds another address than it expects, and so cannot go unnoticed."""
    turns = list(part.turns(["5000000", "5000001"], 5))

    operation = operation_of("orderdesk", "correct_address")
    by_key: dict[str, list[Planned]] = {}
    for planned in turns:
        for one in planned:
            by_key.setdefault(one.intent.target_key, []).append(one)
    assert [len(planned) for planned in turns] == [2, 2, 1]
    for line in by_key.values():
        assert [one.intent.before for one in line[1:]] == [operation.image(one.entry) for one in line[:-1]]


def test_every_system_of_drills_has_its_part() -> None:
    """What drills enter stands in the cast; a system that has none is refused with those that have."""
    parts = [part_of(cast.read(), system) for system in OPERATIONS]

    assert {(one.target.system, one.target.operation) for one in parts} == set(OPERATIONS.items())
    with pytest.raises(NotDrilled, match=r"No drill is played on fieldboard, but on orderdesk, servicedesk\."):
        part_of(cast.read(), "fieldboard")
    with pytest.raises(NotDrilled, match="There is no system called nothing"):
        part_of(cast.read(), "nothing")


def test_the_lies_take_turns() -> None:
    """F30: each lie has its part of the time; the settle window of a slow system is longer than its slowest page."""
    steps = modes.steps(Mode.LIE, 60)

    assert [step.after for step in steps] == [0, 15, 30, 45]
    assert [step.switches["lie"] for step in steps] == list(modes.LIES)
    assert modes.settle_seconds(Mode.SLOW, 5) > modes.SLOWEST[1]


def test_an_entry_before_its_turn_is_out_of_order() -> None:
    """Who stands in the ledger before one of its record that came earlier is named, but for what was in before."""
    items = [item("A1"), item("A2", seconds=1), item("A3", seconds=2), item("B1", "5000001", 3)]

    kept = judge.order(items, [row("B1", 1), row("A1", 2), row("A3", 3)])
    broken = judge.order(items, [row("A2", 1), row("A1", 2), row("A3", 3)])
    before_it = judge.order(items, [row("A2", 1), row("A1", 2), row("A3", 3)], {items[1].id})

    assert kept == before_it == []
    assert broken == ["5000000: A2 was entered before A1"]


def test_a_click_while_nothing_may_knock_is_a_write_probe() -> None:
    """A try that way that began while it was shut and clicked counts, and a change nobody asked for; others do not."""
    shut = Shut("bot", NOW, NOW + timedelta(minutes=1))

    def tried(seconds: int, *, clicked: bool, route: str = "bot") -> Attempt:
        at = NOW + timedelta(seconds=seconds)
        click = at if clicked else None
        return Attempt(item_id=uuid.uuid4(), number=1, fence=1, route=route, started_at=at, submitted_at=click)

    tries = [tried(30, clicked=True), tried(30, clicked=False), tried(-5, clicked=True), tried(90, clicked=True)]
    tries.append(tried(30, clicked=True, route="api"))

    assert judge.write_probes([item("A1")], tries, [shut], [row("A1", 1), row("BTN-X", 2)]) == 2


def test_what_is_missing_and_what_is_twice(part: Part) -> None:
    """An entry that is done and in no ledger is lost, one that stands there twice is duplicated; each is named."""
    planned = next(part.turns(["5000000", "5000001"], 2))
    items = [
        item(name, one.intent.target_key, id=one.intent.id) for name, one in zip(("A1", "B1"), planned, strict=True)
    ]
    twice = {**row("B1", 1), "operation": "correct_address", "key": "5000001", "before": {}, "after": {}}

    found = judge.against_ledger(part, planned, items, [twice, twice])

    assert (found["lost"], found["duplicated"], found["wrong_record"]) == (1, 1, 0)
    assert [trouble.split(":")[0] for trouble in found["troubles"]] == [
        "5000000, entry 1, A1",
        "5000001, entry 1, B1",
    ]


@pytest.mark.parametrize(
    ("wrong", "well"),
    [
        ({}, True),
        ({"lost": 1}, False),
        ({"duplicated": 1}, False),
        ({"wrong_record": 1}, False),
        ({"order_kept": False}, False),
        ({"write_probes": 1}, False),
        ({"detection_seconds": 90.0}, True),
        ({"detection_seconds": 90.0, "failures_before_detection": 6}, False),
        ({"detection_seconds": None, "detected_by": "", "failures_before_detection": 0}, False),
    ],
)
def test_a_drill_is_passed_only_when_all_is_well(wrong: dict[str, Any], well: bool) -> None:
    """Each thing that a drill is judged by fails it alone; late by the clock is in time after few failures."""
    good = {"detected_by": "breaker", "detection_seconds": 3.0, "failures_before_detection": 3}
    told = {"system": "orderdesk", "mode": "down", "minutes": 1, "items": 1, "keys": 1}

    assert Report.model_validate({**told, **good, **wrong}).well is well


def test_a_drill_knows_nothing_of_the_installation() -> None:
    """Its process learns where to report to, and no address, mail server or account of what runs here."""
    here = {"BATON_DATABASE_URL": "postgresql://here", "BATON_ORDERDESK_URL": "http://real", "PATH": "/bin"}
    here |= {"BATON_SMTP_URL": "smtp://real", "BATON_SECRET_ORDERDESK_BOT01": "x", "BATON_RUN": "up"}

    assert surroundings(here) == {"BATON_DATABASE_URL": "postgresql://here", "PATH": "/bin"}
    assert command(wanted())[2:] == (
        "baton",
        "drill",
        "orderdesk",
        "--mode",
        "flap",
        "--minutes",
        "0.5",
        "--items",
        "9",
    )


async def test_a_drill_whose_process_is_gone_says_so(database: Database) -> None:
    """Nobody speaks of it for minutes and no process of ours plays it: it is over, and the next may be asked for."""
    drill = wanted()
    async with database.session() as session:
        await drills.ask(session, drill)
        await drills.says(session, drill.id, "Everything is up.", NOW)
    runner = Drills(database)

    early = await runner.run_once(NOW + SILENT / 2)
    still = await _state(database, drill)
    await runner.run_once(NOW + SILENT * 2)

    assert (early, still) == (0, DrillState.RUNNING)
    assert await _state(database, drill) is DrillState.FAILED
    async with database.session() as session:
        assert await drills.ask(session, wanted())


def wanted() -> Drill:
    """A drill that somebody asks for."""
    return Drill(
        system="orderdesk",
        mode=Mode.FLAP,
        minutes=0.5,
        items=9,
        asked_by="supervisor@example.org",
        asked_at=NOW,
        state=DrillState.ASKED,
    )


async def _state(database: Database, drill: Drill) -> DrillState:
    async with database.session() as session:
        return (await session.get_one(Drill, drill.id)).state
