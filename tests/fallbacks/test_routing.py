"""The beat that gives away what waits in push queues."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from sqlmodel import col, select

from fallbacks.routing import Routing
from records import access, queues
from records.database import Database
from records.handoff import Handoff
from records.outbox import OutboxRow
from records.queues import Agent, Queue
from records.trail import Decision
from tests.fallbacks.conftest import NOW
from tests.support.desk_offers import clock, stand


@pytest.fixture
async def pushing(database: Database) -> Database:
    """The service queue pushes; an agent and a supervisor work on it."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
        pushed = {"mode": "push", "accept_minutes": 15}
        session.add(Queue(**{**queues.shipped("service", NOW).model_dump(), **pushed}))
    return database


async def given(database: Database) -> list[tuple[str, str]]:
    """Which workflows were told whom their handoff goes to, in order."""
    async with database.session() as session:
        asked = select(OutboxRow).where(OutboxRow.signal == "assigned").order_by(col(OutboxRow.created_at))
        return [(row.workflow_id, row.argument["to"]) for row in await session.exec(asked)]


async def set_up(database: Database, email: str, **how: object) -> None:
    """Let this person work differently."""
    async with database.session() as session:
        found = next(one for one in await queues.members(session, NOW) if one.email == email)
        session.add(Agent(**{**found.agent.model_dump(), **how}))


async def test_an_offer_is_given_and_the_choice_is_kept(pushing: Database) -> None:
    """What is due first is given; the decision holds rule, version, inputs and verdict, and the workflow is told it."""
    _, handoff = await stand(pushing, NOW, "4700101", tier="A")
    await clock(pushing, handoff, due_at=NOW + timedelta(minutes=12))

    assert await Routing(pushing).run_once(NOW) == 1

    async with pushing.session() as session:
        told = (await session.exec(select(OutboxRow).where(OutboxRow.signal == "assigned"))).one()
        decision = (await session.exec(select(Decision))).one()
    assert told.workflow_id == f"handoff/{handoff}"
    reason = "due in 12 min, tier A"
    seen = {"queue": "service", "was": ""}
    assert told.argument == {"to": "agent@example.org", "reason": reason, "decision": str(decision.id), **seen}
    assert (decision.rule, decision.version, decision.verdict["to"]) == ("routing", "1", "agent@example.org")
    assert decision.inputs["offer"]["handoff"] == str(handoff)


async def test_two_at_once_give_once(pushing: Database) -> None:
    """F56: two that choose at the same moment, and one again before the workflow wrote, give each offer once."""
    for number in range(3):
        await stand(pushing, NOW, str(4700101 + number))

    counts = await asyncio.gather(Routing(pushing).run_once(NOW), Routing(pushing).run_once(NOW))
    again = await Routing(pushing).run_once(NOW + timedelta(seconds=5))

    assert (sum(counts), again) == (3, 0)
    assert len({workflow for workflow, _ in await given(pushing)}) == 3


async def test_what_is_not_picked_up_in_time_goes_to_the_next(pushing: Database) -> None:
    """Within the queue's time it stays with one person; after it, or once they have gone, somebody else gets it."""
    _, handoff = await stand(pushing, NOW, "4700101", assigned_to="agent@example.org", assigned_at=NOW)
    _, left = await stand(pushing, NOW, "4700102", assigned_to="it@example.org", assigned_at=NOW)

    early = await Routing(pushing).run_once(NOW + timedelta(minutes=14))
    late = await Routing(pushing).run_once(NOW + timedelta(minutes=15))

    assert (early, late) == (1, 1)
    assert await given(pushing) == [
        (f"handoff/{left}", "supervisor@example.org"),
        (f"handoff/{handoff}", "supervisor@example.org"),
    ]


async def test_the_policys_time_to_pick_up_counts_before_the_queues(pushing: Database) -> None:
    """Its acceptance clock, as its policy's calendar runs it, decides; one begun before the giving does not."""
    held = {"assigned_to": "agent@example.org", "assigned_at": NOW}
    _, by_policy = await stand(pushing, NOW, "4700101", **held)
    await clock(pushing, by_policy, "acceptance#2", started_at=NOW, due_at=NOW + timedelta(minutes=20))
    _, paused = await stand(pushing, NOW, "4700102", **held)
    await clock(pushing, paused, "acceptance#2", started_at=NOW, due_at=None, state="paused")
    _, old_clock = await stand(pushing, NOW, "4700103", **held)
    await clock(pushing, old_clock, started_at=NOW - timedelta(hours=1), due_at=NOW - timedelta(minutes=1))

    counts = [await Routing(pushing).run_once(NOW + timedelta(minutes=after)) for after in (1, 15, 19, 20)]

    assert counts == [0, 1, 0, 1]
    assert [workflow for workflow, _ in await given(pushing)] == [f"handoff/{old_clock}", f"handoff/{by_policy}"]


async def test_nobody_gets_more_than_they_can_take(pushing: Database) -> None:
    """What people have and were given counts against their room, what they wait with does not; the rest waits."""
    await set_up(pushing, "agent@example.org", capacity=2)
    await set_up(pushing, "supervisor@example.org", away_since=NOW, away_reason="off shift")
    await stand(pushing, NOW, "4700101", picked_up_by="agent@example.org")
    await stand(pushing, NOW, "4700102", picked_up_by="agent@example.org", wait_for="customer")
    for number in range(3, 6):
        await stand(pushing, NOW, f"470010{number}")

    counts = [await Routing(pushing).run_once(NOW + timedelta(seconds=5 * beat)) for beat in range(3)]

    assert counts == [1, 0, 0]


async def test_a_skill_decides(pushing: Database) -> None:
    """A case that asks for a skill by its queue's rule goes to whoever has it."""
    await set_up(pushing, "supervisor@example.org", skills=["claims"])
    async with pushing.session() as session:
        queue = await session.get_one(Queue, "service")
        queue.skill_rules = [{"field": "cause", "value": "damage", "skill": "claims"}]
    await stand(pushing, NOW, "4700101", cause="damage")

    await Routing(pushing).run_once(NOW)

    assert [to for _, to in await given(pushing)] == ["supervisor@example.org"]


async def test_what_is_pulled_is_left_alone(database: Database) -> None:
    """On a queue from which people pull, nothing is given to anybody."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
    await stand(database, NOW, "4700101")

    assert await Routing(database).run_once(NOW) == 0
    assert await given(database) == []


async def test_what_cannot_be_told_is_not_given_again_and_again(pushing: Database) -> None:
    """A handoff whose workflow is gone is left to a person, however often the beat comes."""
    _, handoff = await stand(pushing, NOW, "4700101")
    await Routing(pushing).run_once(NOW)
    async with pushing.session() as session:
        row = (await session.exec(select(OutboxRow).where(OutboxRow.signal == "assigned"))).one()
        row.sent_at, row.last_error = NOW, "What it was for has ended meanwhile."

    later = [await Routing(pushing).run_once(NOW + timedelta(hours=hour)) for hour in (1, 2)]

    async with pushing.session() as session:
        assert (await session.get_one(Handoff, uuid.UUID(str(handoff)))).assigned_to is None
    assert later == [0, 0]
