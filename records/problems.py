"""Opening a problem, tying cases to it and untying them, closing it; each tie stands on the timeline of its case."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.shared_cause import SharedCause
from records.case import Case
from records.events import Happened, append
from records.handoff import Handoff
from records.problem import Problem, ProblemCase

CLOSED = "This problem is closed."


class Opened(BaseModel):
    """A problem as somebody opens it; `key` is the form's own."""

    model_config = ConfigDict(frozen=True)

    key: str
    title: str
    shared: SharedCause = SharedCause()
    text: str = ""
    by: str


@dataclass(frozen=True)
class Tied:
    """What came of tying or untying one case: `said` is why nothing was changed, "" when it was."""

    number: str
    said: str = ""


async def open_one(session: AsyncSession, opened: Opened, now: datetime) -> Problem:
    """Keep the problem, once: under the same key by the same person it is the one that is there."""
    kept = select(Problem).where(Problem.key == opened.key, Problem.opened_by == opened.by)
    known = (await session.exec(kept)).one_or_none()
    if known is not None:
        return known
    connection = await session.connection()
    number = (await connection.execute(text("SELECT nextval('problem_numbers')"))).scalar_one()
    row = Problem(
        number=f"PR-{number:06d}",
        key=opened.key,
        title=opened.title,
        text=opened.text,
        opened_by=opened.by,
        opened_at=now,
        **opened.shared.model_dump(),
    )
    await connection.execute(
        insert(Problem).values(**row.model_dump()).on_conflict_do_nothing(constraint="uq_problems_once")
    )
    return (await session.exec(kept)).one()


async def by_number(session: AsyncSession, number: str, *, lock: bool = False) -> Problem | None:
    """The problem with this number, however it is typed."""
    found = select(Problem).where(Problem.number == number.strip().upper())
    return (await session.exec(found.with_for_update() if lock else found)).one_or_none()


async def tie(session: AsyncSession, problem: Problem, numbers: Sequence[str], by: str, now: datetime) -> list[Tied]:
    """Tie these cases, each for itself; one that has closed, or is tied to a problem already, stays as it is.

    The caller has locked the problem. `said` of each says why nothing was changed.
    """
    if problem.closed_at is not None:
        return [Tied(number, CLOSED) for number in numbers]
    found = await session.exec(select(Case).where(col(Case.number).in_(numbers)))
    cases = {case.number: case for case in found}
    return [await _tie(session, problem, number, cases.get(number), by, now) for number in dict.fromkeys(numbers)]


async def _tie(session: AsyncSession, problem: Problem, number: str, case: Case | None, by: str, now: datetime) -> Tied:
    if case is None:
        return Tied(number, "There is no such case.")
    if case.closed_at is not None:
        return Tied(number, "This case is closed.")
    if (await session.exec(select(Handoff.id).where(Handoff.case_id == case.id).limit(1))).first() is None:
        return Tied(number, "This case never came to the desk.")
    made = ProblemCase(problem_id=problem.id, case_id=case.id, by=by, at=now)
    statement = insert(ProblemCase).values(**made.model_dump()).on_conflict_do_nothing().returning(col(ProblemCase.id))
    if (await (await session.connection()).execute(statement)).scalar_one_or_none() is None:
        other = await of_case(session, case.id)
        return Tied(number, f"This case is tied to {other.number if other else 'a problem'} already.")
    data = {"problem": problem.number, "title": problem.title}
    await append(session, case.id, now, Happened(name="problem.tied", actor=by, data=data))
    return Tied(number)


async def untie(session: AsyncSession, problem: Problem, numbers: Sequence[str], by: str, now: datetime) -> list[Tied]:
    """Undo the ties of these cases; one that is not tied here any more stays as it is."""
    done = (
        update(ProblemCase)
        .where(
            col(ProblemCase.problem_id) == problem.id,
            col(ProblemCase.case_id).in_(select(Case.id).where(col(Case.number).in_(numbers))),
            *_standing(),
        )
        .values(untied_at=now, untied_by=by)
        .returning(col(ProblemCase.case_id))
    )
    ids: list[uuid.UUID] = list((await (await session.connection()).execute(done)).scalars())
    data = {"problem": problem.number, "title": problem.title}
    for case_id in ids:
        await append(session, case_id, now, Happened(name="problem.untied", actor=by, data=data))
    untied = set(await session.exec(select(Case.number).where(col(Case.id).in_(ids))))
    return [Tied(number, "" if number in untied else "It was not tied any more.") for number in dict.fromkeys(numbers)]


async def close(session: AsyncSession, problem: Problem, by: str, why: str, now: datetime) -> bool:
    """Close the problem, which the caller has locked; its cases may be tied to another from then on."""
    if problem.closed_at is not None:
        return False
    problem.closed_at, problem.closed_by, problem.closed_why = now, by, why
    ended = update(ProblemCase).where(col(ProblemCase.problem_id) == problem.id, *_standing())
    await (await session.connection()).execute(ended.values(closed_at=now))
    return True


async def of_case(session: AsyncSession, case_id: uuid.UUID) -> Problem | None:
    """The open problem that this case is tied to."""
    tied = select(Problem).join(ProblemCase, col(ProblemCase.problem_id) == col(Problem.id))
    return (await session.exec(tied.where(ProblemCase.case_id == case_id, *_standing()))).one_or_none()


async def fitting(session: AsyncSession, shared: SharedCause, *, limit: int) -> list[Problem]:
    """The open problems into which a case with these traits fits, the latest first."""
    said = {name: func.lower(col(getattr(Problem, name))) for name in SharedCause.model_fields}
    theirs = shared.model_dump()
    fits = [or_(column == "", column == theirs[name].lower()) for name, column in said.items()]
    named = or_(*(column != "" for column in said.values()))
    found = select(Problem).where(col(Problem.closed_at).is_(None), named, *fits)
    return list(await session.exec(found.order_by(col(Problem.opened_at).desc()).limit(limit)))


async def listed(session: AsyncSession, *, closed: bool, limit: int) -> tuple[list[tuple[Problem, int]], int]:
    """Problems with how many cases they have or had, the latest first, and how many problems there are in all."""
    ended = col(Problem.closed_at)
    which = ended.is_not(None) if closed else ended.is_(None)
    order = ended.desc() if closed else col(Problem.opened_at).desc()
    count = select(func.count()).where(ProblemCase.problem_id == Problem.id, col(ProblemCase.untied_at).is_(None))
    found = select(Problem, count.scalar_subquery()).where(which).order_by(order, Problem.number).limit(limit)
    in_all = (await session.exec(select(func.count()).select_from(Problem).where(which))).one()
    return [(problem, number) for problem, number in await session.exec(found)], in_all


def _standing() -> tuple[ColumnElement[bool], ...]:
    """A tie that holds."""
    return col(ProblemCase.untied_at).is_(None), col(ProblemCase.closed_at).is_(None)
