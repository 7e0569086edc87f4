"""The workflow's writes to its case: each once, in order, whatever is repeated or comes late."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from core.case import Stage
from records import bookkeeping
from records.bookkeeping import NoticeIntent, Write
from records.case import Case
from records.database import Database
from records.events import Happened
from records.intake import Receipt
from records.notice import Notice
from records.trail import Event
from tests.records.conftest import NOW


async def writes(database: Database, case: Receipt, run: str, seq: int, stage: Stage, **parts: Any) -> bool:
    """A write of that run with that number; whether it was done now."""
    told = (Happened(name=f"test.{run}{seq}"),)
    write = Write(case_id=case.case_id, run_id=run, seq=seq, at=NOW, case={"stage": stage}, events=told, **parts)
    async with database.session() as session:
        return await bookkeeping.apply(session, write)


async def kept(database: Database, case: Receipt) -> tuple[str, list[str]]:
    """The case's stage and the names of our test's events."""
    async with database.session() as session:
        events = select(Event.name).where(Event.case_id == case.case_id, col(Event.name).startswith("test."))
        found = list(await session.exec(events.order_by(col(Event.id))))
        return (await session.get_one(Case, case.case_id)).stage, found


async def test_a_write_is_done_once_and_never_late(database: Database, case: Receipt) -> None:
    """The same number again, and a lower one that comes late, change nothing and tell nothing."""
    done = [
        await writes(database, case, "a", 1, Stage.READING),
        await writes(database, case, "a", 3, Stage.TICKETING),
        await writes(database, case, "a", 3, Stage.TICKETING),
        await writes(database, case, "a", 2, Stage.MARKING),
    ]

    assert done == [True, True, False, False]
    assert await kept(database, case) == ("ticketing", ["test.a1", "test.a3"])


async def test_a_wait_for_a_system_began_when_it_began(database: Database, case: Receipt) -> None:
    """Each look at a system that is held writes the wait anew: since when stays, until it waits for something else."""
    began = []
    for seq, about in enumerate(["the order desk", "the order desk", "the ticket system"], start=1):
        wait = {"wait_kind": "held_system", "wait_about": about, "wait_since": NOW + timedelta(minutes=seq)}
        write = Write(case_id=case.case_id, run_id="a", seq=seq, at=NOW, case=wait)
        async with database.session() as session:
            await bookkeeping.apply(session, write)
            began.append((await session.get_one(Case, case.case_id)).wait_since)

    assert [(one - NOW) // timedelta(minutes=1) for one in began] == [1, 1, 3]


async def test_one_write_twice_at_once_is_one(database: Database, case: Receipt) -> None:
    """A timed-out local activity and its repetition commit together: one of them does it."""
    notice = NoticeIntent(occurrence="n#1", recipient="a@example.org", subject="s", body="b", message_id="<1@baton>")
    twice = [writes(database, case, "a", 1, Stage.TELLING, notice=notice) for _ in range(2)]

    done = await asyncio.gather(*twice)

    async with database.session() as session:
        notices = list(await session.exec(select(Notice)))
    assert sorted(done) == [False, True]
    assert len(notices) == 1


async def test_a_later_run_comes_after_everything_of_the_earlier(database: Database, case: Receipt) -> None:
    """A recovered case counts from one again and still wins; what is left of its old run writes nothing."""
    done = [
        await writes(database, case, "a", 7, Stage.TICKETING),
        await writes(database, case, "b", 1, Stage.READING),
        await writes(database, case, "a", 8, Stage.CLOSED),
        await writes(database, case, "b", 2, Stage.MARKING),
    ]

    assert done == [True, True, False, True]
    assert await kept(database, case) == ("marking", ["test.a7", "test.b1", "test.b2"])
