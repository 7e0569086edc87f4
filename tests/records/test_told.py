"""People are told once of what concerns them, and never before their shift."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import access, queues, told
from records.database import Database
from records.events import CHANNEL
from records.intake import Receipt
from records.people import Role
from records.told import Tell, Told, ToldState, tell
from records.told_preference import Channel, ToldPreference
from tests.records.conftest import NOW
from tests.support import patience

AGENT = "agent@example.org"
SUNDAY, MONDAY = datetime(2026, 11, 22, 23, 30, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _people(database: Database) -> None:
    """Everybody of the house."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)


def one(occurrence: str = "offer/1", to: str = f"person:{AGENT}", kind: str = "assigned") -> Tell:
    """A case that was given to somebody."""
    return Tell(kind=kind, occurrence=occurrence, to=to, text="FD-000001 is yours.", path="/desk")


async def rows(database: Database) -> list[Told]:
    """Everything that was told."""
    async with database.session() as session:
        return list(await session.exec(select(Told).order_by(Told.person, Told.occurrence)))


async def test_the_same_occurrence_is_told_once(database: Database, case: Receipt) -> None:
    """Told again, by whomever and with other words, it stays one row as it was; two transactions at once too."""

    async def again(text: str) -> None:
        async with database.session() as session:
            await tell(session, NOW, one().model_copy(update={"text": text, "case_id": case.case_id}))

    await again("first")
    await asyncio.gather(again("second"), again("third"))
    async with database.session() as session:
        await tell(session, NOW, one(), one("offer/2"), one("offer/2"))

    assert [(row.occurrence, row.text) for row in await rows(database)] == [
        ("offer/1", "first"),
        ("offer/2", "FD-000001 is yours."),
    ]


async def test_what_is_taken_back_is_not_told(database: Database) -> None:
    """A change that was rolled back takes its telling along."""
    async with database.engine.connect() as connection, AsyncSession(connection) as session:
        await tell(session, NOW, one())
        await session.rollback()

    assert await rows(database) == []


async def test_who_leads_is_told_and_who_is_gone_is_not(database: Database) -> None:
    """A lead is who is named for the queue, else every supervisor; who is disabled or unknown is passed over."""
    second = access.NewUser(email="second@example.org", role=Role.SUPERVISOR, password="long enough")
    async with database.session() as session:
        await access.create_user(session, second, NOW)
        dispatch = queues.shipped("dispatch", NOW)
        dispatch.leads = ["it@example.org", AGENT]
        session.add(dispatch)
        await tell(session, NOW, one("a", "lead:service"))
        await access.disable(session, AGENT, NOW)
        await tell(session, NOW, one("b"), one("c", "person:nobody@example.org"), one("d", "lead:dispatch"))
        await tell(session, NOW, one("e", "role:it"), one("f", "role:nobody"))

    assert [(row.occurrence, row.person) for row in await rows(database)] == [
        ("d", "it@example.org"),
        ("e", "it@example.org"),
        ("a", "second@example.org"),
        ("a", "supervisor@example.org"),
    ]


async def test_silent_off_shift(database: Database) -> None:
    """It is due at the next moment on shift, in the person's own time zone; at once for who never set a shift."""
    async with database.session() as session:
        session.add(
            ToldPreference(
                person=AGENT,
                channels={},
                hours=["Mon-Fri 08:00-16:30"],
                time_zone="Europe/Berlin",
                updated_at=NOW,
            )
        )
        await tell(session, SUNDAY, one(), one(to="lead:service"))

    assert [row.due_at for row in await rows(database)] == [MONDAY, SUNDAY]


async def test_wishes_that_cannot_be_read_silence_nobody() -> None:
    """Hours, a zone or a channel that is none, written by whatever hand: told at once, on the page."""
    wishes = [ToldPreference(person=AGENT, channels={}, hours=[], updated_at=NOW) for _ in range(3)]
    wishes[0].hours, wishes[1].time_zone = ["whenever"], "Moon/Base"
    wishes[1].channels, wishes[2].channels = {"assigned": "pigeon"}, {"assigned": "webhook"}

    assert [one.on_shift(SUNDAY) for one in wishes] == [SUNDAY] * 3
    assert [one.channel("assigned") for one in wishes] == [Channel.PAGE] * 3


async def test_what_nobody_wants_to_hear_rings_nowhere(database: Database) -> None:
    """A kind that is set to nowhere is kept as read: it can be looked up, and is not counted."""
    async with database.session() as session:
        wishes = {"assigned": Channel.NONE.value}
        session.add(ToldPreference(person=AGENT, channels=wishes, hours=[], updated_at=NOW))
        await tell(session, NOW, one(), one("answer/1", kind="answered"))

    kept = {row.kind: (row.state, row.read_at) for row in await rows(database)}
    assert kept == {"assigned": (ToldState.READ, NOW), "answered": (ToldState.WAITING, None)}


async def test_an_open_page_is_woken(database: Database) -> None:
    """A committed telling rings for its person, and only for them."""
    listening = await psycopg.AsyncConnection.connect(database.url, autocommit=True)
    await listening.execute(f"LISTEN {CHANNEL}".encode())

    async with database.session() as session:
        await tell(session, NOW, one(), one("offer/2"))

    async with asyncio.timeout(patience.PATIENCE):
        heard = [notify.payload async for notify in listening.notifies(stop_after=1)]
    await listening.close()
    assert heard == [told.bell(AGENT)]
