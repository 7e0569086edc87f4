"""A busy afternoon for the board: a queue that is held up, clocks at risk and breached, people there and away."""

from datetime import datetime, timedelta
from typing import Any

from records import access, queues
from records.access import NewUser
from records.database import Database
from records.events import Happened, append
from records.handoff import Handoff
from records.people import Role
from records.queues import Agent, Queue
from tests.support.desk_offers import clock, stand

AGENT = "agent@example.org"
ADA, BEN = "ada.lund@example.org", "ben.okafor@example.org"


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)


async def busy(database: Database, now: datetime) -> dict[str, str]:
    """Seed it; the cases' numbers by what they show."""
    async with database.session() as session:
        await access.ensure_demo_users(session, now)
        made = []
        for email in (ADA, BEN):
            user = NewUser(email=email, role=Role.AGENT, password="a-long-password")
            made.append(await access.create_user(session, user, now))
        ada, ben = made
        how: dict[str, Any] = {"queues": ["service"], "skills": ["heating"], "updated_at": now}
        away: dict[str, Any] = {
            "away_since": now - minutes(20),
            "away_until": now + minutes(40),
            "away_reason": "in a meeting",
        }
        session.add(Agent(user_id=ada.id, capacity=2, available_since=now - minutes(90), **how))
        session.add(Agent(user_id=ben.id, capacity=5, **{**how, "queues": ["service", "bot"]}, **away))
        rules = [{"field": "cause", "value": "damage", "skill": "heating"}]
        session.add(Queue(**{**queues.shipped("service", now).model_dump(), "skill_rules": rules, "leads": [AGENT]}))
    return await _work(database, now)


async def _work(database: Database, now: datetime) -> dict[str, str]:
    numbers = {}
    for number in range(6):
        offered = now - minutes(30 * number + 10)
        case, _ = await stand(database, now, str(4700300 + number), offered_at=offered, tier="B", cause="damage")
        numbers[f"offered{number}"] = case
    numbers["risk"], risk = await stand(database, now, "4700310", offered_at=now - minutes(50), tier="A")
    await clock(database, risk, due_at=now + minutes(12), risk_at=now - minutes(3))
    held = {"picked_up_by": ADA, "picked_up_at": now - minutes(70), "offered_at": now - minutes(200)}
    numbers["late"], late = await stand(database, now, "4700311", **held)
    past = {"breached_at": now - minutes(35), "due_at": now - minutes(35), "risk_at": now - minutes(80)}
    await clock(database, late, "resolution", state="breached", **past)
    waits = {**held, "wait_for": "customer", "picked_up_at": now - minutes(30)}
    numbers["waits"], _ = await stand(database, now, "4700312", **waits)
    numbers["bot"], _ = await stand(database, now, "4700313", queue="bot", picked_up_by=AGENT, picked_up_at=now)
    await _told(database, late, now)
    return numbers


async def _told(database: Database, late: object, now: datetime) -> None:
    """What happened to the one that is late: taken, put back, taken again, its clock paused for a while."""
    tick = {"handoff": str(late), "clock": "resolution"}
    async with database.session() as session:
        case_id = (await session.get_one(Handoff, late)).case_id
        for at, name, actor, data in (
            (110, "handoff.picked_up", BEN, {"handoff": str(late)}),
            (90, "handoff.released", BEN, {"handoff": str(late)}),
            (70, "handoff.picked_up", ADA, {"handoff": str(late)}),
            (60, "clock.paused", ADA, {**tick, "tick": {"what": "paused", "reason": "asked the customer"}}),
            (45, "clock.resumed", ADA, {**tick, "tick": {"what": "resumed"}}),
        ):
            await append(session, case_id, now - minutes(at), Happened(name=name, actor=actor, data=data))
