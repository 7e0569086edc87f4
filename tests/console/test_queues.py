"""The page of queues: who works on what is seen and changed, and what cannot be is said beside its field."""

import re

import httpx
import pytest
from sqlmodel import select

from records import queues
from records.people import User
from records.queues import Agent, Mode
from records.trail import AuditEntry, Decision
from tests.console.conftest import NOW, Console
from tests.support.desk_offers import stand

QUEUE = {
    "title": "Heating",
    "mode": "push",
    "accept_minutes": "5",
    "skill_rules": "cause = damage: heating",
    "leads": "",
}


async def test_a_queue_is_set_up_and_changed(supervisor: httpx.AsyncClient, console: Console) -> None:
    """A new queue stands in the list with its mode and skills; changed, it says the new things, noted with both."""
    made = await supervisor.post("/queues", data={**QUEUE, "name": "heating-repairs"})
    page = (await supervisor.get("/queues")).text
    await supervisor.post("/queues/heating-repairs", data={**QUEUE, "mode": "pull", "leads": "agent@example.org"})

    async with console.database.session() as session:
        queue = (await queues.queues(session, NOW))["heating-repairs"]
        notes = (await session.exec(select(AuditEntry).where(AuditEntry.about == "heating-repairs"))).all()
    assert made.headers["location"] == "/queues"
    for said in (
        "Heating",
        "heating-repairs",
        "Push",
        "5 min to pick up",
        "cause = damage: heating",
        "nobody works on it",
    ):
        assert said in page
    assert (queue.mode, queue.leads) == (Mode.PULL, ["agent@example.org"])
    assert [note.action for note in notes] == ["queue.set_up", "queue.changed"]
    assert notes[1].data["was"] == {"mode": "push", "leads": []}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "Heating Repairs!"}, "Small letters, figures and hyphens"),
        ({"name": "service"}, "There is a queue service already."),
        ({"name": "x1", "skill_rules": "damage: heating"}, "Line 1 is no rule"),
        ({"name": "x1", "leads": "ada@example.org"}, "There is no person ada@example.org."),
        ({"name": "x1", "accept_minutes": "0"}, "At least 1."),
        ({"name": "x1", "title": " "}, "This is needed"),
    ],
)
async def test_what_is_wrong_with_a_queue_is_said(
    supervisor: httpx.AsyncClient, console: Console, typed: dict[str, str], said: str
) -> None:
    """Answered 422 beside the field, with everything typed still there and nothing set up."""
    answer = await supervisor.post("/queues", data={**QUEUE, "skill_rules": "tier = A: senior", **typed})

    async with console.database.session() as session:
        known = await queues.queues(session, NOW)
    assert answer.status_code == 422
    assert said in answer.text
    assert (typed.get("skill_rules") or "tier = A: senior") in answer.text
    assert list(known) == list(queues.SHIPPED)


async def test_how_somebody_works_is_changed(supervisor: httpx.AsyncClient, console: Console) -> None:
    """Queues, skills and capacity of a person; a queue that is not there is named, and nothing changes."""
    async with console.database.session() as session:
        agent = (await session.exec(select(User.id).where(User.email == "agent@example.org"))).one()
    form = {"queues": "service, dispatch", "skills": "Heating, claims", "capacity": "3"}

    wrong = await supervisor.post(f"/queues/people/{agent}", data={**form, "queues": "servic"})
    right = await supervisor.post(f"/queues/people/{agent}", data=form)

    async with console.database.session() as session:
        kept = await session.get_one(Agent, agent)
    assert wrong.status_code == 422
    assert "There is no queue servic. Known: bot, dispatch, mail-unmatched, service." in wrong.text
    assert right.headers["location"] == "/queues"
    assert (kept.queues, kept.skills, kept.capacity) == (["service", "dispatch"], ["heating", "claims"], 3)


async def test_an_agent_says_when_they_are_away(agent: httpx.AsyncClient, console: Console) -> None:
    """Away with a reason and an end, then there again; a reason that is none changes nothing and says so."""
    wrong = await agent.post("/availability", data={"reason": "no mood", "minutes": "60"})
    await agent.post("/availability", data={"reason": "in a meeting", "minutes": "60"})
    away = (await agent.get("/desk")).text
    await agent.post("/availability", data={"available": "1"})
    there = (await agent.get("/desk")).text

    assert wrong.headers["location"] == "/desk"
    assert "You are in a meeting" in away
    assert "I am available" in away
    assert "You are available" in there


async def test_the_desk_says_why_nobody_has_a_case(agent: httpx.AsyncClient, console: Console) -> None:
    """What nobody could take says so; what comes first says why; what was given to somebody says to whom."""
    async with console.database.session() as session:
        everybody = await queues.members(session, NOW)
        for member in everybody:
            how = {"away_since": NOW, "away_reason": "off shift"} if member.role != "agent" else {"queues": ["bot"]}
            session.add(Agent(**{**member.agent.model_dump(), **how}))
    await stand(console.database, NOW, "4700101")
    await stand(
        console.database, NOW, "4700102", queue="bot", tier="A", assigned_to="agent@example.org", assigned_at=NOW
    )

    page = (await agent.get("/desk")).text

    assert "Waits because nobody is available: 1 is off shift." in page
    assert "because: given to you, tier A." in page
    assert "Offered to you" in page


async def test_next_leads_to_what_matters_most_and_says_why(agent: httpx.AsyncClient, console: Console) -> None:
    """Next opens the first case with its reason; the form to pick it up knows that it came by Next."""
    number, _ = await stand(console.database, NOW, "4700101", tier="A")

    answer = await agent.get("/desk/next", follow_redirects=True)

    assert re.search(rf"/desk/{number}\?next=1$", str(answer.url))
    assert "First because: tier A." in answer.text
    assert 'name="by_next" value="1"' in answer.text


async def test_only_what_was_picked_up_is_a_decision(agent: httpx.AsyncClient, console: Console) -> None:
    """While Temporal is away nothing is picked up, so nothing is logged as chosen."""
    number, _ = await stand(console.database, NOW, "4700101")

    answer = await agent.post(f"/cases/{number}/pickups", data={"key": "one", "by_next": "1"})

    async with console.database.session() as session:
        decisions = (await session.exec(select(Decision))).all()
    assert (answer.status_code, decisions) == (503, [])
