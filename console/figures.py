"""The few counts of the first page: what waits, for what, and what waits longest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console.case_list import Row, wait_kind
from core.case import Stage, WaitsFor
from handoff.states import HandoffState
from records import processes
from records.access import Action, Person
from records.case import Case
from records.handoff import Handoff
from records.submission import Submission, Verdict
from records.waits import waits

SOON = timedelta(minutes=30)
LONGEST = 8


@dataclass(frozen=True)
class Tile:
    """A count that leads to its list; `tone` colours it only when it is not zero, and its words say the same."""

    title: str
    count: int
    path: str
    hint: str
    tone: str = ""


async def tiles(session: AsyncSession, person: Person, now: datetime) -> list[Tile]:
    """What this person should look at, most urgent first."""
    kinds = await _kinds(session)
    overdue, soon = await _clocks(session, now)
    proposed = await _count(session, select(func.count()).where(Submission.verdict == Verdict.PROPOSED))
    mine = await _mine(session, person)
    every = [
        Tile("Overdue", overdue, "/cases?sort=due", "their promised time is over", "bad"),
        Tile("Need a person", kinds.get(WaitsFor.PERSON, 0), "/cases?wait=person", "nobody else can move them", "warn"),
        Tile("In doubt", kinds.get(WaitsFor.LOOK, 0), "/cases?wait=look", "an entry may have been made", "doubt"),
        Tile("Due soon", soon, "/cases?sort=due", "within half an hour", "warn"),
        Tile("Held", kinds.get(WaitsFor.HELD_SYSTEM, 0), "/cases?wait=held_system", "a system does not answer", "bad"),
        Tile("Moving", kinds.get(WaitsFor.NOTHING, 0), "/cases?wait=nothing", "Baton works on them"),
        Tile("Kept for Temporal", kinds.get(WaitsFor.TEMPORAL, 0), "/cases?wait=temporal", "start by themselves"),
    ]
    if person.may(Action.REVIEW_PROPOSAL):
        every.insert(2, Tile("Proposed changes", proposed, "/cases?wait=person", "other content to compare", "warn"))
    if (gone := await processes.count(session)) and person.may(Action.STEER_SYSTEMS):
        every.insert(0, Tile("Gone at Temporal", gone, "/recoveries", "they begin anew when you say so", "bad"))
    return [*mine, *every]


async def longest(session: AsyncSession) -> list[Row]:
    """The open cases that were opened first among those that stand still."""
    still = wait_kind() != WaitsFor.NOTHING.value
    found = select(Case).where(col(Case.closed_at).is_(None), still).order_by(col(Case.opened_at)).limit(LONGEST)
    cases = list(await session.exec(found))
    known = await waits(session, cases)
    return [Row(case=case, wait=known.get(case.id)) for case in cases]


async def _kinds(session: AsyncSession) -> dict[str, int]:
    kind = wait_kind()
    counted = select(kind, func.count()).where(col(Case.closed_at).is_(None)).group_by(kind)
    return {str(name): number for name, number in await session.exec(counted)}


async def _clocks(session: AsyncSession, now: datetime) -> tuple[int, int]:
    is_open = col(Case.closed_at).is_(None)
    due = col(Case.due_at)
    counted = select(func.count().filter(due < now), func.count().filter(due >= now, due < now + SOON)).where(is_open)
    overdue, soon = (await session.exec(counted)).one()
    return overdue, soon


async def _mine(session: AsyncSession, person: Person) -> list[Tile]:
    """What lies with this very person."""
    found: list[Tile] = []
    if person.may(Action.PICK_UP):
        offered = await _count(session, select(func.count()).where(Handoff.state == HandoffState.OFFERED))
        held = select(func.count()).where(Handoff.state == HandoffState.PICKED_UP, Handoff.picked_up_by == person.email)
        found.append(
            Tile("With you", await _count(session, held), "/cases?mine=1&which=open", "you picked them up", "note")
        )
        found.append(Tile("In the queue", offered, "/desk", "waiting to be picked up", "warn"))
    if person.may(Action.CORRECT_ORDER):
        asked = select(func.count()).where(Case.stage == Stage.CORRECTION, Case.submitted_by == person.email)
        number = await _count(session, asked)
        if number:
            found.append(Tile("To correct", number, "/cases?mine=1&stage=correction", "mend or answer", "warn"))
    return found


async def _count(session: AsyncSession, statement: object) -> int:
    counted: int = (await session.exec(statement)).one()  # type: ignore[call-overload]
    return counted
