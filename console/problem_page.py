"""Problems as people see them: what cases have in common in words, and everything that a problem's page shows."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console import words
from console.event_words import CAUSES
from console.forms import check
from console.pages import with_query
from console.problems import not_found
from handoff.shared_cause import SharedCause
from records import alike, bulk, problems, queues
from records import workbench as kept
from records.access import Action, Person
from records.alike import Cluster
from records.bulk_action import BulkAction, BulkFate
from records.desk import AtDesk, Wanted
from records.problem import Problem, ProblemCase

SHOWN = 200
LISTED = 100
FITTING = 3
TRAITS = {"party": "Reported by", "day": "Day", "cause": "Cause", "system": "Entry stuck in"}
_SPOKEN: dict[str, Callable[[str], str]] = {
    "day": words.day,
    "cause": lambda name: CAUSES.get(name, name),
    "system": words.system,
}


@dataclass(frozen=True)
class Alike:
    """On a case: the problem that it is tied to; or the open ones that it fits, and how many others share what with it.

    `counts` hold what it is in words, the address of the list of exactly those, and how many.
    """

    tied_to: Problem | None
    fitting: list[Problem]
    counts: list[tuple[str, str, int]]

    @property
    def any(self) -> bool:
        """Whether there is anything to say."""
        return self.tied_to is not None or bool(self.fitting or self.counts)


@dataclass(frozen=True)
class Joint:
    """One time that cases of the problem were answered or resolved together."""

    action: BulkAction
    counts: dict[BulkFate, int]

    @property
    def done(self) -> int:
        """How many it was done for."""
        return self.counts.get(BulkFate.DONE, 0)


@dataclass(frozen=True)
class ProblemView:
    """A problem's page; `matching` are open cases that fit and nobody has tied."""

    problem: Problem
    tied: list[tuple[ProblemCase, AtDesk]]
    tied_in_all: int
    open: int
    matching: list[AtDesk]
    matching_in_all: int
    joint: list[Joint]
    names: Mapping[str, str]

    def name(self, email: str | None) -> str:
        """A person's name."""
        return self.names.get(email or "", email or "")


@dataclass(frozen=True)
class Listing:
    """The page of all problems; `clusters` look like one cause and are tied to nothing."""

    rows: list[tuple[Problem, int]]
    in_all: int
    clusters: list[Cluster]


def spoken(shared: SharedCause) -> list[tuple[str, str]]:
    """What is shared, as label and words."""
    return [(TRAITS[name], _SPOKEN.get(name, str)(text)) for name, text in shared.named().items()]


def in_a_line(shared: SharedCause) -> str:
    """What is shared, on one line."""
    return ", ".join(text for _, text in spoken(shared))


def asked(values: Mapping[str, str]) -> SharedCause:
    """What an address or a form asks for; what cannot be is passed over."""
    return check(SharedCause, values)[0] or SharedCause()


async def find(session: AsyncSession, number: str, *, lock: bool = False) -> Problem:
    """The problem with this number, or 404."""
    problem = await problems.by_number(session, number, lock=lock)
    if problem is None:
        raise not_found("Problem", number.upper())
    return problem


async def sight_of(session: AsyncSession, person: Person, now: datetime) -> Wanted:
    """The queues that this person sees."""
    me = await queues.member(session, person.email, now)
    return Wanted.model_validate(queues.in_sight(person.role, me.agent.queues if me else ()))


async def on_case(session: AsyncSession, found: AtDesk, person: Person, now: datetime) -> Alike:
    """What a workbench says of a shared cause."""
    tied_to = await problems.of_case(session, found.case.id)
    if tied_to is not None or found.handoff.ended_at is not None or not person.may(Action.TIE_CASES):
        return Alike(tied_to, [], [])
    shared, sight = await alike.shared_of(session, found), await sight_of(session, person, now)
    counts = await alike.others(session, shared, found.case.id, sight)
    fitting = await problems.fitting(session, shared, limit=FITTING)
    return Alike(
        None, fitting, [(in_a_line(one), with_query("/problems/new", one.named()), count) for one, count in counts]
    )


async def listing(session: AsyncSession, person: Person, now: datetime, *, closed: bool) -> Listing:
    """Every problem, and what looks like one."""
    rows, in_all = await problems.listed(session, closed=closed, limit=LISTED)
    sight = await sight_of(session, person, now)
    found = [] if closed else await alike.clusters(session, sight, limit=10)
    return Listing(rows, in_all, found)


async def gather(session: AsyncSession, problem: Problem, person: Person, now: datetime) -> ProblemView:
    """Everything on a problem's page for this person."""
    tied, in_all = await alike.tied(session, problem, limit=SHOWN)
    sight = await sight_of(session, person, now)
    shared = problem.shared if problem.closed_at is None else SharedCause()
    matching, matching_in_all = await alike.alike(session, shared, sight, limit=SHOWN)
    people = {one.handoff.picked_up_by for _, one in tied} | {problem.opened_by, problem.closed_by}
    people |= {tie.by for tie, _ in tied}
    return ProblemView(
        problem=problem,
        tied=tied,
        tied_in_all=in_all,
        open=sum(one.handoff.ended_at is None for _, one in tied),
        matching=matching,
        matching_in_all=matching_in_all,
        joint=await _joint(session, problem.id),
        names=await kept.names(session, {email for email in people if email}),
    )


async def _joint(session: AsyncSession, problem_id: uuid.UUID) -> list[Joint]:
    asked_for = select(BulkAction).where(BulkAction.problem_id == problem_id)
    actions = list(await session.exec(asked_for.order_by(col(BulkAction.asked_at).desc()).limit(20)))
    counted = await bulk.counts(session, [action.id for action in actions])
    return [Joint(action, counted[action.id]) for action in actions]
