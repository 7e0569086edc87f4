"""Who is to be told that a clock is at risk or breached, when, and how often; an acknowledgement ends the telling."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from handoff.clock import Clock, Moment
from handoff.policy import EscalationStep


class Call(BaseModel):
    """One telling: `step` is the rung's place in the ladder, `count` how often it will then have been told."""

    model_config = ConfigDict(frozen=True)

    step: int
    tells: str
    count: int
    at: Moment
    """When it was due, however late it is told."""


class Told(BaseModel):
    """That a step was told, as it is kept."""

    model_config = ConfigDict(frozen=True)

    step: int
    at: Moment


def calls_due(
    ladder: tuple[EscalationStep, ...],
    clock: Clock,
    now: datetime,
    told: Iterable[Told],
    acknowledged_at: datetime | None,
) -> tuple[Call, ...]:
    """What is to be told by `now`, once for each step: who slept through three reminders gets one."""
    return tuple(call for call in _ahead(ladder, clock, tuple(told), acknowledged_at) if call.at <= now)


def next_call_at(
    ladder: tuple[EscalationStep, ...], clock: Clock, told: Iterable[Told], acknowledged_at: datetime | None
) -> datetime | None:
    """When `calls_due` has something next; None: not before the clock moves on."""
    return min((call.at for call in _ahead(ladder, clock, tuple(told), acknowledged_at)), default=None)


def _ahead(
    ladder: tuple[EscalationStep, ...], clock: Clock, told: tuple[Told, ...], acknowledged_at: datetime | None
) -> Iterator[Call]:
    """The next telling of each step that has one. A clock that is paused or has ended is silent."""
    if clock.running_since is None:
        return
    for place, step in enumerate(ladder):
        past = clock.at_risk_at if step.past == "at_risk" else clock.breached_at
        answered = past is not None and acknowledged_at is not None and acknowledged_at >= past
        before = [entry.at for entry in told if entry.step == place]
        if past is None or answered or clock.target.kind not in step.clocks or len(before) >= step.at_most:
            continue
        wait = step.every if before else step.after
        at = clock.target.calendar.after(max(before, default=past), wait or timedelta())
        if at is not None:
            yield Call(step=place, tells=step.tells, count=len(before) + 1, at=at)
