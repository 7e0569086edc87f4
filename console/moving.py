"""A supervisor moves work: what exactly is covered, and what came of each handoff, one by one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from console import telling
from console.collaborators import Collaborators
from console.problems import Problem
from records import moves, queues, routing
from records.access import Person
from records.desk import AtDesk
from records.handoff import Handoff
from records.queues import Member
from workflows.handoff_acts import Assign, Transfer

AT_THE_SAME_TIME = 8
"""Updates that are on their way together; each takes some tens of milliseconds."""


class MoveAsked(BaseModel):
    """Where to, as in person:ada@example.org or queue:service, and why."""

    model_config = ConfigDict(frozen=True)

    target: Annotated[
        str,
        StringConstraints(pattern=r"^(person|queue):.+$", max_length=220),
        Field(description="a person or a queue"),
    ]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


@dataclass(frozen=True)
class Covered:
    """What a move is about: the handoffs as they stand, and those asked for that cannot be moved any more."""

    handoffs: list[AtDesk]
    ended: list[str]
    in_all: int


@dataclass(frozen=True)
class Target:
    """Where work can go: `value` is what the form sends, `text` says what that person or queue is like now."""

    value: str
    text: str


@dataclass(frozen=True)
class Result:
    """What came of one handoff, truly; `try_again` when nothing is known to be wrong with it."""

    number: str
    moved: bool
    said: str
    try_again: bool = False


async def covered(parts: Collaborators, cases: Sequence[str], holder: str, queue: str) -> Covered:
    """The open handoffs that are meant: of these cases, else of this person, else of this queue."""
    async with parts.database.session() as session:
        if cases:
            numbers = list(dict.fromkeys(number.upper() for number in cases))
            found = await moves.of_cases(session, numbers)
            ended = [number for number in numbers if number not in {one.case.number for one in found}]
            return Covered(found, ended, len(found))
        if holder:
            return Covered(await moves.of_holder(session, holder), [], await moves.count(session, holder=holder))
        found = await moves.of_queue(session, queue) if queue else []
        return Covered(found, [], await moves.count(session, queue=queue) if queue else 0)


async def targets(parts: Collaborators) -> list[Target]:
    """Everybody and every queue that work can go to, with what speaks against them now."""
    now = parts.clock()
    async with parts.database.session() as session:
        people, known = await queues.members(session, now), await queues.queues(session, now)
        loads = await routing.loads(session)
    persons = [Target(f"person:{one.email}", _person(one, loads.get(one.email, 0), now)) for one in people]
    return [*persons, *(Target(f"queue:{one.name}", f"Queue {one.title}") for one in known.values())]


def mark(handoff: Handoff) -> str:
    """How a handoff stood when it was shown: moved only while it still does."""
    return f"{handoff.id}~{handoff.picked_up_by or handoff.assigned_to or ''}~{handoff.queue}"


class Mover:
    """Moves handoffs one by one: one person's word about all of them; `key` makes it the same word when sent again."""

    def __init__(self, parts: Collaborators, person: Person, asked: MoveAsked, key: str) -> None:
        self._parts = parts
        self._key = key
        kind, _, to = asked.target.partition(":")
        self._to_person = kind == "person"
        self._act: Assign | Transfer = (
            Assign(by=person.id, to=to, reason=asked.reason)
            if self._to_person
            else Transfer(by=person.id, queue=to, reason=asked.reason)
        )

    async def move(self, chosen: Sequence[str]) -> list[Result]:
        """Move those that were chosen, written as their cases' numbers and marks; a result for every one."""
        wanted = [(number, mark) for number, _, mark in (one.partition("|") for one in chosen)][: moves.AT_ONCE]
        async with self._parts.database.session() as session:
            numbers = [number for number, _ in wanted]
            found = {str(one.handoff.id): one for one in await moves.of_cases(session, numbers)}
        gate = asyncio.Semaphore(AT_THE_SAME_TIME)

        async def one(number: str, shown: str) -> Result:
            async with gate:
                return await self._one(number, shown, found.get(shown.partition("~")[0]))

        return list(await asyncio.gather(*(one(number, shown) for number, shown in wanted)))

    async def _one(self, number: str, shown: str, found: AtDesk | None) -> Result:
        if found is None:
            return Result(number, False, "It is not open any more; nothing was changed.")
        if mark(found.handoff) != shown:
            return Result(number, False, f"Meanwhile it is {where(found.handoff)}; nothing was changed.")
        workflow = telling.handoff_workflow(found.handoff.id)
        update, key = "assign" if self._to_person else "transfer", f"{self._key}/{found.handoff.id}"
        try:
            # A move counts for a handoff as it was shown, which a late one could not keep to.
            told = await telling.tell(self._parts, workflow, update, self._act, key, may_wait=False)
        except Problem as problem:
            return Result(number, False, f"{problem.message} {problem.kept}".strip(), problem.status == 503)
        return Result(number, True, told.message)


def where(handoff: Handoff) -> str:
    """Where a handoff is, in words."""
    if handoff.picked_up_by:
        return f"with {handoff.picked_up_by}"
    if handoff.assigned_to:
        return f"offered to {handoff.assigned_to}"
    return f"waiting in {handoff.queue}"


def _person(one: Member, load: int, now: datetime) -> str:
    away = one.away(now)
    full = ", full" if load >= one.agent.capacity else ""
    return f"{one.name} ({load} of {one.agent.capacity}{full}{f', {away}' if away else ''})"
