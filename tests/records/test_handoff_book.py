"""A handoff's writes: fenced, whole or not at all, with its clocks as the events tell them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from handoff.clock import Clock, ClockKind, Target, Ticked, after, rebuild
from records import handoff_book
from records.case import Case
from records.database import Database
from records.events import Happened
from records.handoff import Handoff, HandoffClock
from records.handoff_book import HandoffWrite
from records.intake import Receipt
from records.trail import Event
from tests.records.conftest import NOW

HANDOFF = uuid.UUID(int=7)
TARGET = Target(kind=ClockKind.RESOLUTION, working=timedelta(hours=2), policy="service-a", version="1")


@pytest.fixture
async def offered(database: Database, case: Receipt) -> Receipt:
    """A case whose handoff was written once."""
    whole = {
        "id": HANDOFF,
        "queue": "service",
        "state": "offered",
        "why": "failed",
        "packet": {"case_number": case.case_number},
        "offered_at": NOW,
        "due_at": NOW + timedelta(hours=2),
    }
    assert await write(database, case, "a", 1, whole)
    return case


async def write(database: Database, case: Receipt, run: str, seq: int, columns: dict[str, Any], **parts: Any) -> bool:
    """One write of the handoff; whether it was done."""
    async with database.session() as session:
        wanted = HandoffWrite(
            handoff_id=HANDOFF, case_id=case.case_id, run_id=run, seq=seq, at=NOW, columns=columns, **parts
        )
        return await handoff_book.apply(
            session, HandoffWrite.model_validate_json(wanted.model_dump_json()), console_url=""
        )


async def kept(database: Database) -> Handoff:
    """The handoff as it stands."""
    async with database.session() as session:
        return await session.get_one(Handoff, HANDOFF)


async def test_columns_that_a_write_does_not_name_stay(database: Database, offered: Receipt) -> None:
    """A pick-up changes who has it; what was passed along stays, and texts become moments and states again."""
    await write(database, offered, "a", 2, {"state": "picked_up", "picked_up_by": "agent@example.org"})

    handoff = await kept(database)
    assert (handoff.state, handoff.picked_up_by) == ("picked_up", "agent@example.org")
    assert (handoff.why, handoff.offered_at) == ("failed", NOW)


async def test_a_repeated_or_late_write_changes_nothing(database: Database, offered: Receipt) -> None:
    """A local activity may run twice, and a timed-out one may commit late: the fence refuses both."""
    await write(database, offered, "a", 3, {"state": "picked_up"})

    again = await write(database, offered, "a", 3, {"state": "completed"}, events=(Happened(name="handoff.completed"),))
    late = await write(database, offered, "a", 2, {"state": "withdrawn"})

    async with database.session() as session:
        told = (await session.exec(select(Event.name).where(Event.name == "handoff.completed"))).all()
    assert (again, late, told) == (False, False, [])
    assert (await kept(database)).state == "picked_up"


async def test_a_new_run_goes_before_an_old_one(database: Database, offered: Receipt) -> None:
    """A run that continues as new counts on; what the run before it still sends is late."""
    await write(database, offered, "b", 2, {"state": "picked_up"})

    late = await write(database, offered, "a", 9, {"state": "withdrawn"})

    assert (late, (await kept(database)).state) == (False, "picked_up")


async def test_the_open_handoff_says_when_its_case_is_due(database: Database, offered: Receipt) -> None:
    """The case's due time follows the clock of its handoff."""
    await write(database, offered, "a", 2, {"due_at": NOW + timedelta(hours=5)})

    async with database.session() as session:
        case = await session.get_one(Case, offered.case_id)
    assert case.due_at == NOW + timedelta(hours=5)


async def test_a_decision_in_time_is_not_overdue(database: Database, offered: Receipt) -> None:
    """Once the handoff has ended nothing of its case is due, though its row keeps when it ended."""
    await write(database, offered, "a", 2, {"due_at": NOW, "state": "completed", "ended_at": NOW})

    async with database.session() as session:
        case = await session.get_one(Case, offered.case_id)
    assert case.due_at is None


async def test_a_handoff_that_nothing_carries_ends_with_its_clocks(database: Database, offered: Receipt) -> None:
    """Abandoned, its clocks stop, and their events still rebuild them."""
    started = Ticked(what="started", at=NOW, target=TARGET)
    event = Happened(name="clock.started", data=_tick("resolution", started))
    await write(database, offered, "a", 2, {}, clocks={"resolution": after(None, started)}, events=(event,))

    async with database.session() as session:
        await handoff_book.abandon(session, HANDOFF, NOW + timedelta(minutes=5))

    async with database.session() as session:
        row = (await session.exec(select(HandoffClock))).one()
        log = await session.exec(select(Event).where(col(Event.name).like("clock.%")).order_by(col(Event.id)))
        rebuilt = rebuild([Ticked.model_validate(one.data["tick"]) for one in log])
    assert (await kept(database)).state == "withdrawn"
    assert (row.outcome, Clock.model_validate(row.clock)) == ("stopped", rebuilt)


def _tick(name: str, ticked: Ticked) -> dict[str, Any]:
    return {"handoff": str(HANDOFF), "clock": name, "tick": ticked.model_dump(mode="json")}


async def test_a_case_is_due_when_the_first_of_its_open_handoffs_is(database: Database, offered: Receipt) -> None:
    """An entry that a bot passed on is due earlier than its case's own handoff; settled, it leaves no time behind."""
    beside = {"id": uuid.UUID(int=8), "kind": "bot", "queue": "bot", "state": "offered", "packet": {}}

    async def of_entry(seq: int, **columns: Any) -> datetime | None:
        wanted = HandoffWrite(
            handoff_id=uuid.UUID(int=8),
            case_id=offered.case_id,
            run_id="b",
            seq=seq,
            at=NOW,
            item_id=uuid.UUID(int=9),
            columns=columns,
        )
        async with database.session() as session:
            await handoff_book.apply(session, wanted, console_url="")
        async with database.session() as session:
            return (await session.get_one(Case, offered.case_id)).due_at

    soon, late = NOW + timedelta(minutes=30), NOW + timedelta(hours=2)
    due = [await of_entry(1, **beside, offered_at=NOW, due_at=soon)]
    due.append(await of_entry(2, state="completed", ended_at=NOW, due_at=soon))
    await write(database, offered, "a", 2, {"state": "completed", "ended_at": NOW, "due_at": late})
    due.append(await of_entry(3, due_at=soon))

    assert due == [soon, late, None]
