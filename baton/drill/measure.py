"""What the records of a drill tell: when it was noticed, who stood in line, when the way was open again."""

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from baton.drill import judge
from baton.drill.entries import Part, Planned
from baton.drill.judge import Shut
from baton.drill.staff import Met
from baton.sweep.judge import Row
from core import clock
from core.faults import AWAY
from core.outcome import Outcome
from core.work_item import FINAL, NEEDS_PERSON
from records.database import Database
from records.health import HealthSpan, Outage, SystemHealth
from records.operation_holds import OperationHold
from records.trail import Event
from records.work_item import Attempt, WorkItem
from systems.way import SHUT

_FALLBACKS = ("item.held_behind", "item.rerouted", "item.way_chosen", "item.deferred")
"""Events that say what an entry does in place of being tried."""


@dataclass
class Seen:
    """Everything that a drill left in the records of its stage."""

    items: list[WorkItem]
    tries: list[Attempt]
    outages: list[Outage]
    spans: list[HealthSpan]
    ways: list[SystemHealth]
    holds: list[OperationHold]
    events: list[Event]


@dataclass
class Course:
    """When what was done to the system, and what was entered; `before`: the last line of its ledger until then."""

    part: Part
    before: int = 0
    planned: list[Planned] = field(default_factory=list)
    began: datetime = field(default_factory=clock.now)
    back: datetime = field(default_factory=clock.now)


async def look(database: Database) -> Seen:
    """Read it."""
    async with database.session() as session:
        return Seen(
            items=await _all(session, select(WorkItem)),
            tries=await _all(session, select(Attempt)),
            outages=await _all(session, select(Outage).order_by(col(Outage.detected_at))),
            spans=await _all(session, select(HealthSpan)),
            ways=await _all(session, select(SystemHealth)),
            holds=await _all(session, select(OperationHold)),
            events=await _all(session, select(Event).where(col(Event.name).in_(_FALLBACKS))),
        )


def figures(course: Course, met: Met, seen: Seen, rows: list[Row], promised: timedelta) -> dict[str, Any]:
    """Everything that a report says of the drill's end."""
    system = course.part.target.system
    known = {one.intent.id for one in course.planned}
    items = [item for item in seen.items if item.id in known]
    tries = [one for one in seen.tries if one.item_id in known]
    away = [
        Shut(span.route, span.began, span.ended or clock.now())
        for span in seen.spans
        if span.state in SHUT and span.system == system
    ]
    held = {event.item_id for event in seen.events if event.name == "item.held_behind" and event.item_id in known}
    there = [row for row in rows if row["system"] == system and row["seq"] > course.before]
    out_of_order = judge.order(items, there, _clicked_before(course, seen, tries))
    return {
        **judge.against_ledger(course.part, course.planned, items, rows),
        **judge.ends(items, held, promised),
        **_noticed(course, seen, tries),
        "halts": met.halts,
        "person_codes": dict(Counter(met.codes.values())),
        "sent_on": len(met.codes),
        "order_kept": not out_of_order,
        "out_of_order": out_of_order,
        "write_probes": judge.write_probes(items, tries, away, there),
        "tries_while_away": sum(any(span.holds(one) for span in away) for one in tries),
        "back_seconds": _after(course.back, [one.ended_at for one in seen.outages if one.ended_at]),
        "drained_seconds": _after(
            course.back, [item.ended_at or item.updated_at for item in items if item.state in FINAL | NEEDS_PERSON]
        ),
        "outages": sum(len(row.opened) for row in seen.ways) or len(seen.outages),
    }


def _noticed(course: Course, seen: Seen, tries: list[Attempt]) -> dict[str, Any]:
    """When the outage was noticed, by what, after how many tries that failed, and when the first entry gave way."""
    noticed = [(one.detected_at, "breaker") for one in seen.outages]
    noticed += [(one.since, "operation") for one in seen.holds if one.operation]
    after = sorted(one for one in noticed if one[0] >= course.began)
    gave_way = sorted(event.at for event in seen.events if event.at >= course.began)
    found: dict[str, Any] = {
        "fallback_seconds": round((gave_way[0] - course.began).total_seconds(), 1) if gave_way else None
    }
    if not after:
        return found
    at, by = after[0]
    failed = [one for one in tries if _failed(one) and one.ended_at and course.began <= one.ended_at <= at]
    seconds = round((at - course.began).total_seconds(), 1)
    return {**found, "detected_by": by, "detection_seconds": seconds, "failures_before_detection": len(failed)}


def _clicked_before(course: Course, seen: Seen, tries: list[Attempt]) -> set[uuid.UUID]:
    """What was clicked for by a try that began before anything was held."""
    held = min((one.since for one in seen.holds if one.since >= course.began), default=clock.now())
    return {one.item_id for one in tries if one.submitted_at is not None and one.started_at < held}


def _failed(one: Attempt) -> bool:
    """Whether that try met trouble; one that was sent back into the line says so by its code alone."""
    return one.outcome in (Outcome.BROKEN, Outcome.UNKNOWN, Outcome.REFUSED) or one.code in AWAY


def _after(moment: datetime, ends: list[datetime]) -> float | None:
    return round((max(ends) - moment).total_seconds(), 1) if ends and max(ends) >= moment else None


async def _all(session: AsyncSession, asked: Any) -> list[Any]:
    return list(await session.exec(asked))
