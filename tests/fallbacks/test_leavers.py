"""Who can take cases no more leaves none behind; and a word for a handoff that nothing carries reaches somebody."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import col, select

from fallbacks.leavers import Leavers
from fallbacks.relay import Relay, Start, WorkflowGone
from records import access, hearing
from records.database import Database
from records.handoff import Handoff
from records.hearing import Heard
from records.outbox import OutboxRow
from records.people import Role
from records.told import Told
from tests.fallbacks.conftest import NOW, now
from tests.support.desk_offers import stand

AGENT, LEAD = "agent@example.org", "supervisor@example.org"


class Gone:
    """An engine in which nothing runs any more."""

    async def start(self, wanted: Start) -> None:
        """A signal comes too late."""
        raise WorkflowGone


@pytest.fixture
async def people(database: Database) -> Database:
    """The demo users."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
    return database


async def left(database: Database) -> list[tuple[str, str]]:
    """Which handoffs were told that somebody left."""
    async with database.session() as session:
        asked = select(OutboxRow).where(OutboxRow.signal == "left").order_by(col(OutboxRow.id))
        return [(row.workflow_id, row.argument["email"]) for row in await session.exec(asked)]


async def test_whoever_takes_no_cases_any_more_leaves_none_behind(people: Database) -> None:
    """Account closed or role changed: what they have, wait with, or are offered is told once, and no other handoff."""
    held = [
        (await stand(people, NOW, "4700101", picked_up_by=AGENT, wait_for="customer"))[1],
        (await stand(people, NOW, "4700102", assigned_to=AGENT, assigned_at=NOW))[1],
        (await stand(people, NOW, "4700103", picked_up_by="dispatcher@example.org", queue="dispatch"))[1],
    ]
    await stand(people, NOW, "4700104", picked_up_by=LEAD)
    await stand(people, NOW, "4700105", picked_up_by=AGENT, ended_at=NOW, state="completed")
    none = await Leavers(people).run_once(NOW)
    async with people.session() as session:
        await access.disable(session, AGENT, NOW)
        await access.set_role(session, "dispatcher@example.org", Role.OPS, NOW)

    counts = [await Leavers(people).run_once(NOW + timedelta(seconds=30 * beat)) for beat in (0, 1)]

    assert (none, counts) == (0, [3, 0])
    assert {workflow for workflow, _ in await left(people)} == {f"handoff/{one}" for one in held}


async def gone(database: Database, handoff_id: uuid.UUID) -> list[tuple[str, str]]:
    """A reply comes for a handoff whose workflow is gone: who was told what."""
    async with database.session() as session:
        handoff = await session.get_one(Handoff, handoff_id)
        heard = Heard(kind="reply", id=str(uuid.uuid4()), by="grethe@example.org", text="I am home at four.")
        await hearing.tell(session, handoff.case_id, handoff_id, heard, NOW)
    for _ in range(2):
        await Relay(database, Gone(), now).run_once(NOW)
    async with database.session() as session:
        rows = await session.exec(select(Told).where(Told.handoff_id == handoff_id))
        return [(row.person, row.text.partition(": ")[2]) for row in rows]


async def test_an_answer_for_a_handoff_that_is_gone_reaches_whoever_had_it(people: Database) -> None:
    """Its last holder is told, once; whoever leads the queue where nobody had it, or who had it is gone too."""
    _, theirs = await stand(people, NOW, "4700101", picked_up_by=AGENT)
    _, nobodys = await stand(people, NOW, "4700102")
    _, closed = await stand(people, NOW, "4700103", picked_up_by="it@example.org")
    async with people.session() as session:
        await access.disable(session, "it@example.org", NOW)

    told = [await gone(people, one) for one in (theirs, nobodys, closed)]

    said = "somebody wrote or answered, and nobody works on it: read it on the timeline."
    assert told == [[(AGENT, said)], [(LEAD, said)], [(LEAD, said)]]
