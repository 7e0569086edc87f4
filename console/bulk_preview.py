"""The preview of a bulk action on failures: what exactly it covers, what it leaves out and why, when it is done."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.bulk_kinds import FailureKind
from console.collaborators import Collaborators
from failure.states import Review
from records import bulk, bulk_failures, bulk_held
from records.access import Person
from records.bulk_failures import Candidate, Selection
from records.failure import FailureGroup
from systems.environment import BadEnvironmentsError
from systems.registry import SYSTEMS
from systems.seating import SeatingRefused, Seatings

SHOWN = 50
"""Rows that a preview lists; it counts all of them."""


@dataclass(frozen=True)
class Pace:
    """How fast it will go: so many seats, so long for each, so many a minute; 0 where nobody knows."""

    seats: int = 1
    seconds: float = 0.0
    per_minute: float = 0.0

    def after(self, count: int, now: datetime) -> datetime | None:
        """When so many are through."""
        return now + timedelta(minutes=count / self.per_minute) if self.per_minute else None


@dataclass(frozen=True)
class Preview:
    """What would happen. `apart` are due already and not covered; `missed` will be done after they are due."""

    kind: FailureKind
    selection: Selection
    group: FailureGroup | None
    covered: list[Candidate]
    left_out: list[tuple[str, int, list[Candidate]]]
    apart: list[Candidate]
    pace: Pace
    finish: datetime | None
    missed: list[Candidate]
    needs_approval: bool
    more: bool = False
    due: int = 0
    seen: str = field(default="")

    @property
    def caseless(self) -> int:
        """How many of the covered ones belong to no case."""
        return sum(one.case_id is None for one in self.covered)

    @property
    def puts_aside_wait(self) -> bool:
        """Whether its group waits for a fix, and does not while this runs."""
        return self.kind.enters and self.group is not None and self.group.review is Review.WAITING_FOR_FIX

    @property
    def rest(self) -> int:
        """How many of the covered ones the page does not list."""
        return max(len(self.covered) - SHOWN, 0)


async def of(parts: Collaborators, person: Person, kind: FailureKind, selection: Selection, rate: int = 0) -> Preview:
    """The preview as things stand now, at `rate` entries a minute (0: as fast as the seats allow)."""
    now = parts.clock()
    async with parts.database.session() as session:
        line = selection.behind is not None
        found = await (bulk_held if line else bulk_failures).candidates(session, selection)
        group = await session.get(FailureGroup, selection.group) if selection.group else None
        seconds = await bulk_failures.seconds_each(session, found[0]) if found and kind.enters else None
    reasons = {one.failure_id: kind.left_out(one, person, now) for one in found}
    fitting = [one for one in found if not reasons[one.failure_id]]
    covered, apart = _by_time(fitting, selection.late or ("with" if kind.of_line else ""), now)
    pace = _pace(parts, covered, seconds, rate) if kind.enters else Pace()
    return Preview(
        kind=kind,
        selection=selection,
        group=group,
        covered=covered,
        left_out=_counted(found, reasons),
        apart=apart,
        pace=pace,
        finish=pace.after(len(covered), now),
        missed=_missed(covered, pace, now),
        needs_approval=len(covered) > parts.settings.bulk_four_eyes_above,
        more=len(found) >= bulk.MOST,
        due=sum(one.due_at is not None for one in covered),
        seen=bulk_failures.fingerprint(covered),
    )


def _by_time(fitting: Sequence[Candidate], late: str, now: datetime) -> tuple[list[Candidate], list[Candidate]]:
    """What is covered, and what stands apart: those that were due already, or else the others."""
    past = [one for one in fitting if one.due_at is not None and one.due_at <= now]
    if late == "with":
        return list(fitting), []
    gone = {one.failure_id for one in past}
    others = [one for one in fitting if one.failure_id not in gone]
    return (past, others) if late == "only" else (others, past)


def _counted(found: Sequence[Candidate], reasons: dict[uuid.UUID, str]) -> list[tuple[str, int, list[Candidate]]]:
    """Each reason with how many it is about and the first few of them, the most frequent first."""
    counted = Counter(reason for reason in reasons.values() if reason)
    return [
        (reason, n, [one for one in found if reasons[one.failure_id] == reason][:3])
        for reason, n in counted.most_common(20)
    ]


def _missed(covered: Sequence[Candidate], pace: Pace, now: datetime) -> list[Candidate]:
    """Those that are due before their turn comes, in the original order."""
    ends = ((one, pace.after(number, now)) for number, one in enumerate(covered, 1))
    return [one for one, end in ends if end is not None and one.due_at is not None and now < one.due_at < end]


def _pace(parts: Collaborators, covered: Sequence[Candidate], seconds: float | None, rate: int) -> Pace:
    if not covered:
        return Pace()
    one = covered[0]
    seats = seats_of(parts, one.system, one.environment)
    limits = [float(rate)] if rate else []
    if seconds:
        limits.append(seats * 60 / seconds)
    limit = _limit(parts, one.system, one.environment)
    limits += [limit] if limit else []
    return Pace(seats=seats, seconds=seconds or 0.0, per_minute=min(limits) if seconds else 0.0)


def seats_of(parts: Collaborators, system: str, environment: str) -> int:
    """How many entries go at once: as many as there are accounts, or fewer where the operator says so."""
    limits = [parts.settings.seats]
    try:
        place = parts.places().of(system, environment)
        limits.append(len(place.accounts_of(SYSTEMS[system], SYSTEMS[system].route)))
        limits.append(Seatings(parts.settings.systems_file).of(system, environment).seats or limits[0])
    except (BadEnvironmentsError, SeatingRefused):
        return limits[0]
    return max(min(limits), 1)


def _limit(parts: Collaborators, system: str, environment: str) -> float | None:
    """How many entries a minute the operator's file allows."""
    try:
        return Seatings(parts.settings.systems_file).of(system, environment).entries_per_minute
    except SeatingRefused:
        return None
