"""Clocks that were breached, with the reason: who held the case until then, what paused its clock, and when."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.case import Case
from records.handoff import Handoff, HandoffClock
from records.trail import Event

BACK = timedelta(days=7)
LISTED = 20
TAKEN = ("handoff.picked_up",)
LEFT = ("handoff.released", "handoff.idle_released", "handoff.transferred", "handoff.assigned", "handoff.returned")
PAUSED, RESUMED = "clock.paused", "clock.resumed"


class Span(BaseModel):
    """From when to when; `who` had the case, or `who` is what the clock stood still for."""

    model_config = ConfigDict(frozen=True)

    who: str
    since: datetime
    until: datetime

    @property
    def lasting(self) -> timedelta:
        """How long it was."""
        return self.until - self.since


class Breach(BaseModel):
    """One clock that ran out; `nobody` is how long nobody had the case."""

    model_config = ConfigDict(frozen=True)

    case: str
    queue: str
    clock: str
    started_at: datetime
    breached_at: datetime
    ended_at: datetime | None
    held: tuple[Span, ...]
    paused: tuple[Span, ...]
    nobody: timedelta


class Breaches(BaseModel):
    """The latest breaches, and how many there were in all."""

    model_config = ConfigDict(frozen=True)

    latest: tuple[Breach, ...]
    in_all: int


async def breaches(session: AsyncSession, now: datetime) -> Breaches:
    """What was breached in the last seven days, the latest first."""
    lately = col(HandoffClock.breached_at).between(now - BACK, now)
    asked = (
        select(HandoffClock, Handoff.queue, Case.number)
        .join(Handoff, col(Handoff.id) == col(HandoffClock.handoff_id))
        .join(Case, col(Case.id) == col(HandoffClock.case_id))
        .where(lately)
        .order_by(col(HandoffClock.breached_at).desc(), col(HandoffClock.id))
        .limit(LISTED)
    )
    found = (await session.exec(asked)).all()
    happened = await _events(session, {clock.case_id for clock, _, _ in found})
    counted = select(func.count()).select_from(HandoffClock).where(lately)
    return Breaches(
        latest=tuple(_breach(clock, queue, number, happened) for clock, queue, number in found),
        in_all=(await session.exec(counted)).one(),
    )


async def _events(session: AsyncSession, cases: Iterable[uuid.UUID]) -> list[Event]:
    asked = (
        select(Event)
        .where(col(Event.case_id).in_(cases), col(Event.name).in_([*TAKEN, *LEFT, PAUSED, RESUMED]))
        .order_by(col(Event.id))
    )
    return list(await session.exec(asked))


def _breach(clock: HandoffClock, queue: str, number: str, happened: Sequence[Event]) -> Breach:
    assert clock.breached_at is not None
    start, end = clock.started_at, clock.breached_at
    own = [event for event in happened if event.data.get("handoff") == str(clock.handoff_id)]
    ticks = [event for event in own if event.data.get("clock") == clock.name]
    held = _spans(own, TAKEN, LEFT, start, end)
    had = sum((span.lasting for span in held), timedelta())
    return Breach(
        case=number,
        queue=queue,
        clock=clock.name,
        started_at=start,
        breached_at=end,
        ended_at=clock.ended_at,
        held=held,
        paused=_spans(ticks, (PAUSED,), (RESUMED,), start, end),
        nobody=max(end - start - had, timedelta()),
    )


def _spans(
    events: Sequence[Event], begins: Sequence[str], ends: Sequence[str], start: datetime, end: datetime
) -> tuple[Span, ...]:
    """The spans between beginnings and ends, cut to the clock's time; one that never ended lasts until the breach."""
    spans: list[Span] = []
    who, since = "", start
    for event in events:
        at = min(max(event.at, start), end)
        if event.name in ends and who:
            spans.append(Span(who=who, since=since, until=at))
            who = ""
        if event.name in begins:
            who, since = _who(event), at
    if who:
        spans.append(Span(who=who, since=since, until=end))
    return tuple(span for span in spans if span.lasting > timedelta())


def _who(event: Event) -> str:
    """Who took the case; of a pause, its reason."""
    tick = event.data.get("tick", {})
    return str(tick.get("reason") or "a pause") if event.name == PAUSED else event.actor
