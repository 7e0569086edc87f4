"""The desk as one person sees it: the queue, what comes first for them and why, and why the rest has nobody."""

import uuid
from dataclasses import dataclass

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from console.collaborators import Collaborators
from handoff import routing as formula
from handoff.routing import Choice
from records import desk, queues, routing
from records.access import Person
from records.handoff import Handoff
from records.queues import Member
from records.routing import Standing


@dataclass(frozen=True)
class First:
    """What comes first for somebody, why, and among how many."""

    choice: Choice
    standing: Standing
    among: int

    @property
    def number(self) -> str:
        """The case's number."""
        return self.standing.case.number

    @property
    def held(self) -> bool:
        """Whether they have it already."""
        return self.standing.offer.held_by is not None


@dataclass(frozen=True)
class DeskView:
    """Everything on the desk's page; `me` is None for who takes no cases, `waits` says why nobody has a handoff."""

    queue: desk.Queue
    first: First | None
    me: Member | None
    load: int
    waits: dict[uuid.UUID, str]


async def read(parts: Collaborators, person: Person, *, size: int, after: str) -> DeskView:
    """The desk now."""
    async with parts.database.session() as session:
        found = await desk.queue(session, person.email, size=size, after=after)
        people, loads = await queues.members(session, parts.clock()), await routing.loads(session)
        me = next((one for one in people if one.email == person.email), None)
        waits = await _waits(session, parts, found.offered, people, loads)
        first = await _first(session, parts, me, loads)
    return DeskView(queue=found, first=first, me=me, load=loads.get(person.email, 0), waits=waits)


async def first_for(parts: Collaborators, person: Person) -> First | None:
    """What comes first for this person now; None when nothing does, or they take no cases."""
    async with parts.database.session() as session:
        me = await queues.member(session, person.email, parts.clock())
        return await _first(session, parts, me, await routing.loads(session))


async def log_taken(parts: Collaborators, taken: First) -> None:
    """Keep the choice that somebody followed as a decision of its case."""
    async with parts.database.session() as session:
        routing.log(session, taken.choice, taken.standing, taken.among, parts.clock(), by="next")


async def _first(session: AsyncSession, parts: Collaborators, me: Member | None, loads: dict[str, int]) -> First | None:
    if me is None:
        return None
    now = parts.clock()
    known = await queues.queues(session, now)
    found = await routing.standing(session, known, me.agent.queues, now, holder=me.email)
    by_id = {one.offer.handoff: one for one in found if not one.handoff.wait_for}
    choice = formula.next_for(routing.worker(me, loads, now), [one.offer for one in by_id.values()], now)
    return First(choice, by_id[choice.handoff], len(by_id)) if choice is not None else None


async def _waits(
    session: AsyncSession,
    parts: Collaborators,
    offered: list[desk.AtDesk],
    people: list[Member],
    loads: dict[str, int],
) -> dict[uuid.UUID, str]:
    """Why nobody has them; those that somebody could take at once are left out."""
    now = parts.clock()
    ids = [one.handoff.id for one in offered]
    found = await routing.seen(session, await queues.queues(session, now), col(Handoff.id).in_(ids), now)
    workers = routing.workers(people, loads, now)
    return {
        one.handoff.id: said
        for one in found
        if (said := formula.why_waiting(one.offer, workers)) and one.offer.assigned_to is None
    }
