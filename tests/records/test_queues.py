"""Queues and how people work: what is shipped, what a supervisor changes, who is there, who hears of trouble."""

from datetime import datetime, timedelta

from sqlmodel import col, select

from records import access, queues
from records.access import Person
from records.database import Database
from records.people import Role, User
from records.queues import Member, Mode
from records.told_preference import ToldPreference
from records.trail import AuditEntry
from tests.records.conftest import NOW


async def people(database: Database, now: datetime = NOW) -> dict[str, Member]:
    """Everybody who takes handoffs, by role."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
        return {member.email.partition("@")[0]: member for member in await queues.members(session, now)}


async def a_supervisor(database: Database) -> Person:
    """The supervisor, signed in."""
    async with database.session() as session:
        user = (await session.exec(select(User).where(User.role == Role.SUPERVISOR))).one()
        return Person(**user.model_dump(include={"id", "email", "name", "role"}), session_id="", kind="browser")


async def test_everybody_who_was_never_set_up_can_work(database: Database) -> None:
    """Agents and supervisors are on service and bot with room for five; others take nothing; four queues are there."""
    found = await people(database)
    async with database.session() as session:
        known = await queues.queues(session, NOW)

    for name in ("agent", "supervisor"):
        assert (found[name].agent.queues, found[name].agent.capacity) == (["service", "bot"], 5)
        assert found[name].away(NOW) == ""
    assert not {"ops", "it"} & found.keys()
    assert list(known) == ["service", "bot", "dispatch", "mail-unmatched"]
    assert {queue.mode for queue in known.values()} == {Mode.PULL}


async def test_a_change_is_kept_and_noted_with_both_values(database: Database) -> None:
    """A queue's and an agent's changes stand with what they were and became, and by whom; no change notes nothing."""
    agent = (await people(database))["agent"]
    by = await a_supervisor(database)

    for _ in range(2):
        async with database.session() as session:
            await queues.keep_queue(session, "service", {"mode": "push", "accept_minutes": 5}, NOW, by)
            await queues.keep_agent(session, agent.user_id, {"capacity": 2, "skills": ["heating"]}, NOW, by.email)

    async with database.session() as session:
        asked = select(AuditEntry).where(col(AuditEntry.action).in_(["queue.set_up", "queue.changed", "agent.changed"]))
        notes = (await session.exec(asked.order_by(col(AuditEntry.id)))).all()
        known = await queues.queues(session, NOW)
    assert (known["service"].mode, known["service"].accept_minutes) == (Mode.PUSH, 5)
    assert [(note.action, note.about) for note in notes] == [
        ("queue.set_up", "service"),
        ("agent.changed", "agent@example.org"),
    ]
    assert notes[1].data == {"was": {"capacity": 5, "skills": []}, "becomes": {"capacity": 2, "skills": ["heating"]}}


async def test_being_away_ends_by_itself(database: Database) -> None:
    """Somebody is away with their reason until the time they said, and there again after it without doing anything."""
    agent = (await people(database))["agent"]
    away = {"away_since": NOW, "away_until": NOW + timedelta(hours=1), "away_reason": "in a meeting"}
    async with database.session() as session:
        await queues.keep_agent(session, agent.user_id, away, NOW, agent.email)

    now, later = await people(database), await people(database, NOW + timedelta(hours=1))

    assert now["agent"].away(NOW) == "in a meeting"
    assert later["agent"].away(NOW + timedelta(hours=1)) == ""


async def test_whoever_is_off_shift_takes_nothing(database: Database) -> None:
    """A person's own hours count: outside of them they are off shift (20 November 2026 is a Friday)."""
    async with database.session() as session:
        hours = ["Sat-Sun 08:00-16:00"]
        session.add(ToldPreference(person="agent@example.org", channels={}, hours=hours, updated_at=NOW))

    found = await people(database)

    assert (found["agent"].away(NOW), found["supervisor"].away(NOW)) == ("off shift", "")


async def test_a_queue_without_leads_is_led_by_every_supervisor(database: Database) -> None:
    """Named leads hear of a queue; where none is named, supervisors do."""
    await people(database)
    by = await a_supervisor(database)
    async with database.session() as session:
        unnamed = await queues.leads(session, "service")
        await queues.keep_queue(session, "service", {"leads": ["agent@example.org"]}, NOW, by)

    async with database.session() as session:
        named = await queues.leads(session, "service")

    assert (unnamed, named) == (["supervisor@example.org"], ["agent@example.org"])
