"""Push queues: what nobody has is given to somebody, by the formula of `handoff/routing.py`, for all offers at once.

It is a beat and no workflow, because a choice weighs every offer against every person: a workflow per case sees one of
them, and a workflow of all would be a second home of what the records know already.
"""

from collections import Counter
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff import routing as formula
from handoff.routing import Routed, Worker
from records import queues as kept
from records import routing
from records.database import Database
from records.queues import Mode, Queue
from records.routing import Standing

log = structlog.get_logger(__name__)

LOCK = 0x0BA70_0013
"""Advisory lock of routing: of two that choose at once the second sees what the first gave away."""


class Routing:
    """Gives away what waits in push queues; what is not picked up in its time goes to the next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: dict[str, str] = {}

    async def run_once(self, now: datetime) -> int:
        """Choose, log each choice as a decision and have its workflow told; how many were given."""
        async with self._database.session() as session:
            queues = await kept.queues(session, now)
            pushed = [name for name, queue in queues.items() if queue.mode is Mode.PUSH]
            if not pushed:
                return 0
            await (await session.connection()).execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            routed = await self._route(session, queues, pushed, now)
        self._say(routed)
        return len(routed.choices)

    async def _route(self, session: AsyncSession, queues: dict[str, Queue], names: list[str], now: datetime) -> Routed:
        found = await routing.standing(session, queues, names, now)
        given = Counter(one.offer.assigned_to for one in found if one.offer.assigned_to != one.handoff.assigned_to)
        loads = await routing.loads(session)
        loads.update({email: loads.get(email, 0) + more for email, more in given.items() if email is not None})
        people = routing.workers(await kept.members(session, now), loads, now)
        free = {one.offer.handoff: one for one in found if _to_give(one, queues[one.handoff.queue], people, now)}
        routed = formula.assign([one.offer for one in free.values()], people, now)
        for choice in routed.choices:
            one = free[choice.handoff]
            decision = routing.log(session, choice, one, len(free), now, by="push")
            await routing.tell(session, choice, one, decision, now)
        return routed

    def _say(self, routed: Routed) -> None:
        """Log what was given, and what waits for nobody as often as its reason changes."""
        for choice in routed.choices:
            log.info("handoff.given", handoff=str(choice.handoff), points=choice.points)
        for one in routed.waiting:
            if self._told.get(str(one.handoff)) != one.reason:
                log.info("handoff.waits", handoff=str(one.handoff), reason=one.reason)
        self._told = {str(one.handoff): one.reason for one in routed.waiting}


def _to_give(one: Standing, queue: Queue, people: list[Worker], now: datetime) -> bool:
    """Whether nobody has been offered this, or whoever was has gone or let their time pass."""
    if one.gone:
        return False
    if one.offer.assigned_to is None or one.since is None:
        return True
    there = any(person.email == one.offer.assigned_to and not person.away for person in people)
    return not there or _let_pass(one, queue, one.since, now)


def _let_pass(one: Standing, queue: Queue, since: datetime, now: datetime) -> bool:
    """Whether the time to pick it up is over: that of its policy, by its calendar and pauses; else the queue's own."""
    if one.acceptance is not None:
        return one.acceptance.due_at is not None and one.acceptance.due_at <= now
    return since + timedelta(minutes=queue.accept_minutes) <= now
