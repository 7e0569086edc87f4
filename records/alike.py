"""Open cases at the desk that share a cause: how many, exactly which, and what is shared by the most."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, exists, func, literal, true
from sqlalchemy import select as plain
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.shared_cause import SharedCause, of
from records.case import Case
from records.desk import AtDesk, Wanted
from records.handoff import Handoff
from records.problem import Problem, ProblemCase
from records.stuck import BOT
from records.submission import Submission, Verdict

FEWEST = 3
"""So many open cases with the same cause are worth a word."""


@dataclass(frozen=True)
class Cluster:
    """A cause that several open cases share, which are tied to no problem."""

    shared: SharedCause
    count: int


async def shared_of(session: AsyncSession, found: AtDesk) -> SharedCause:
    """What this case brings of a shared cause."""
    content = select(Submission.content).where(Submission.case_id == found.case.id, *_counts())
    newest = (await session.exec(content.order_by(col(Submission.received_at).desc()).limit(1))).first()
    return of(newest or {}, found.packet)


async def alike(session: AsyncSession, shared: SharedCause, sight: Wanted, *, limit: int) -> tuple[list[AtDesk], int]:
    """Handoffs of open cases that fit and are tied to no problem, due first, and how many there are in all."""
    if not shared.named():
        return [], 0
    connection, said = await session.connection(), _said()
    fitting = _free(sight, said, col(Handoff.id)).where(*_shares(shared, said))
    in_all = (await connection.execute(plain(func.count()).select_from(fitting.subquery()))).scalar_one()
    first = fitting.order_by(col(Handoff.due_at), col(Handoff.id)).limit(limit)
    joined = select(Handoff, Case).join(Case, col(Case.id) == col(Handoff.case_id)).where(col(Handoff.id).in_(first))
    found = await session.exec(joined.order_by(col(Handoff.due_at), col(Handoff.id)))
    return [AtDesk(handoff, case) for handoff, case in found], in_all


async def others(
    session: AsyncSession, shared: SharedCause, case_id: uuid.UUID, sight: Wanted
) -> list[tuple[SharedCause, int]]:
    """How many other open cases share all of it, and each part of it, which nobody has tied; nothing where none do."""
    parts = [shared, *(SharedCause.model_validate({name: text}) for name, text in shared.named().items())]
    wanted = [one for one in dict.fromkeys(parts) if one.named()]
    if not wanted:
        return []
    said = _said()
    counts = [func.count().filter(*_shares(one, said)) for one in wanted]
    asked = _free(sight, said, *counts).where(col(Case.id) != case_id)
    row = (await (await session.connection()).execute(asked)).one()
    return [(one, count) for one, count in zip(wanted, row, strict=True) if count]


async def clusters(session: AsyncSession, sight: Wanted, *, limit: int) -> list[Cluster]:
    """Who reported and when: what is shared by the most open cases that nobody has tied yet."""
    said, count = _said(), func.count().label("count")
    asked = (
        _free(sight, said, func.min(said.c.party), said.c.day, count)
        .where(said.c.party != "", said.c.day != "")
        .group_by(func.lower(said.c.party), said.c.day)
        .having(count >= FEWEST)
        .order_by(count.desc(), said.c.day.desc())
        .limit(limit)
    )
    found = await (await session.connection()).execute(asked)
    return [Cluster(SharedCause(party=party, day=day), number) for party, day, number in found]


async def tied(session: AsyncSession, problem: Problem, *, limit: int) -> tuple[list[tuple[ProblemCase, AtDesk]], int]:
    """The cases that are tied, each with its own newest handoff, open ones first, and how many there are in all."""
    newest = (
        select(Handoff.id)
        .where(Handoff.case_id == ProblemCase.case_id)
        .order_by(col(Handoff.ended_at).is_(None).desc(), col(Handoff.kind) == BOT, col(Handoff.offered_at).desc())
        .limit(1)
        .correlate(ProblemCase)
        .scalar_subquery()
    )
    which = (col(ProblemCase.problem_id) == problem.id, col(ProblemCase.untied_at).is_(None))
    joined = (
        select(ProblemCase, Handoff, Case)
        .join(Case, col(Case.id) == col(ProblemCase.case_id))
        .join(Handoff, col(Handoff.id) == newest)
        .where(*which)
        .order_by(col(Handoff.ended_at).is_not(None), col(Handoff.due_at), Case.number)
        .limit(limit)
    )
    counting = select(func.count()).select_from(ProblemCase).where(*which)
    in_all = (await session.exec(counting)).one()
    return [(tie, AtDesk(handoff, case)) for tie, handoff, case in await session.exec(joined)], in_all


def _free(sight: Wanted, said: FromClause, *columns: Any) -> Select[Any]:
    """Of open handoffs that this person sees, one for each case, of cases that are tied to no problem."""
    held = exists().where(
        col(ProblemCase.case_id) == col(Case.id),
        col(ProblemCase.untied_at).is_(None),
        col(ProblemCase.closed_at).is_(None),
    )
    still_open = (col(Handoff.ended_at).is_(None), col(Case.closed_at).is_(None), ~held, _first())
    joined = plain(*columns).select_from(Handoff).join(Case, col(Case.id) == col(Handoff.case_id))
    return joined.outerjoin(said, true()).where(*still_open, *sight.where())


def _first() -> ColumnElement[bool]:
    """A case that has several open handoffs counts once: by its own, or else by the first."""
    other = aliased(Handoff)
    foremost = (col(other.kind) == BOT, col(other.offered_at), col(other.id))
    opened: Select[Any] = plain(col(other.id)).where(
        col(other.case_id) == col(Handoff.case_id), col(other.ended_at).is_(None)
    )
    return col(Handoff.id) == opened.order_by(*foremost).limit(1).correlate(Handoff).scalar_subquery()


def _shares(shared: SharedCause, said: FromClause) -> list[ColumnElement[bool]]:
    told = {"party": func.lower(said.c.party), "day": said.c.day, "cause": col(Handoff.packet)["cause"].astext}
    named = shared.named()
    stuck = [_stuck_in(named["system"])] if "system" in named else []
    return [told[name] == literal(text.lower()) for name, text in named.items() if name in told] + stuck


def _stuck_in(system: str) -> ColumnElement[bool]:
    """An entry of the case in that system waits for a person."""
    entry = aliased(Handoff)
    there = col(entry.packet)["entry"]["system"].astext == system
    return exists().where(col(entry.case_id) == col(Case.id), col(entry.ended_at).is_(None), there)


def _said() -> FromClause:
    """Who reported the case, and for which day: of the report that it stands on. Once for each case, then compared."""
    content = col(Submission.content)
    party, day = func.trim(content["reported_by"].astext), content["failed_on"].astext
    newest = plain(party.label("party"), day.label("day")).where(col(Submission.case_id) == col(Case.id), *_counts())
    return newest.order_by(col(Submission.received_at).desc()).limit(1).lateral("said")


def _counts() -> tuple[ColumnElement[bool], ...]:
    return (col(Submission.verdict).in_((Verdict.STARTED, Verdict.ACCEPTED)),)
