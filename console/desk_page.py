"""The desk as one person sees it: the queue, what comes first for them and why, and why the rest has nobody."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from console.collaborators import Collaborators
from handoff import routing as formula
from handoff.routing import Choice
from records import desk, desk_marks, queues, routing
from records.access import Person
from records.desk import AtDesk, Sort, Wanted
from records.desk_marks import Mark, Promised
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
    def path(self) -> str:
        """Where it is on the desk."""
        return desk.AtDesk(self.standing.handoff, self.standing.case).path

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
    marks: dict[uuid.UUID, Mark]
    promised: list[Promised]
    kinds: list[tuple[str, str, int]]
    names: dict[str, str]


def wanted_by(query: Mapping[str, str]) -> Wanted:
    """What an address asks for; a word that is none is passed over."""
    said = {name: query.get(name, "") for name in ("queue", "kind", "after")}
    sort = query.get("sort", "")
    return Wanted.model_validate({**said, "sort": sort if sort in set(Sort) else Sort.DUE})


async def read(parts: Collaborators, person: Person, *, size: int, wanted: Wanted) -> DeskView:
    """The desk now."""
    async with parts.database.session() as session:
        people, loads = await queues.members(session, parts.clock()), await routing.loads(session)
        me = next((one for one in people if one.email == person.email), None)
        sight = queues.in_sight(person.role, me.agent.queues if me else ())
        found = await desk.queue(session, person.email, size=size, wanted=wanted.model_copy(update=sight))
        waits = await _waits(session, parts, found.offered, people, loads)
        first = await _first(session, parts, me, loads)
        marks = await desk_marks.marks(session, [*found.mine, *found.given, *found.offered, *found.others])
        promised = await desk_marks.promised(session, person.email, size=size)
        kinds = await desk_marks.kinds(session)
    return DeskView(
        queue=replace(found, mine=sorted(found.mine, key=lambda one: _turn(one, marks[one.handoff.id]))),
        first=first,
        me=me,
        load=loads.get(person.email, 0),
        waits=waits,
        marks=marks,
        promised=promised,
        kinds=kinds,
        names={one.email: one.name for one in people},
    )


def _turn(one: AtDesk, mark: Mark) -> tuple[bool, bool, datetime]:
    """What came is read first; then what can be done now by its clock; what waits comes last, by until when."""
    waits = bool(one.handoff.wait_for or mark.kept)
    until = one.handoff.wait_until if one.handoff.wait_for else mark.due_at
    return (not mark.news, waits, until or one.handoff.due_at)


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
