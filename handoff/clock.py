"""The clock of a handoff: the working time it took, when it was at risk, when it was breached; all of it from its log.

A clock is nothing but the fold of its ticks, and what it says follows from its start, its pauses and its end by
arithmetic alone: a tick `at_risk` or `breached` only writes down what was due, at the moment it was due.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from core.calendar import Calendar

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A moment with its time zone, kept in UTC."""


class ClockError(ValueError):
    """A tick that cannot follow; the message says what the clock was doing."""


class ClockKind(StrEnum):
    """What a clock waits for: somebody turns to the case, somebody takes it, somebody settles it."""

    FIRST_RESPONSE = "first_response"
    ACCEPTANCE = "acceptance"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    """How a clock stands. `late` is met after the target's time was used up; `stopped` came to neither."""

    RUNNING = "running"
    PAUSED = "paused"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"
    LATE = "late"
    STOPPED = "stopped"


class Target(BaseModel):
    """How much working time of which calendar may pass; whole in itself, so that a changed policy leaves it alone."""

    model_config = ConfigDict(frozen=True)

    kind: ClockKind
    working: Annotated[timedelta, Field(gt=timedelta())]
    calendar: Calendar = Calendar()
    at_risk: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The share of `working` after which somebody should look."""
    policy: str
    version: str


class Ticked(BaseModel):
    """One event of a clock, as it is kept in the event log."""

    model_config = ConfigDict(frozen=True)

    what: Literal["started", "paused", "resumed", "at_risk", "breached", "met", "stopped"]
    at: Moment
    target: Target | None = None
    reason: str = ""
    by: str = ""

    @model_validator(mode="after")
    def _check(self) -> "Ticked":
        if (self.what == "started") != (self.target is not None):
            raise ValueError("a clock starts with its target, and never gets another one")
        if self.what == "paused" and not self.reason.strip():
            raise ValueError("a clock is paused for a reason: say which")
        return self


class Clock(BaseModel):
    """One clock as it stood after its last tick."""

    model_config = ConfigDict(frozen=True)

    target: Target
    started_at: Moment
    spent: timedelta = timedelta()
    """Working time up to `running_since`, or to the pause or the end."""
    running_since: Moment | None
    paused_at: Moment | None = None
    pause_reason: str = ""
    at_risk_at: Moment | None = None
    breached_at: Moment | None = None
    ended_at: Moment | None = None
    outcome: Literal["", "met", "late", "stopped"] = ""

    @property
    def state(self) -> ClockState:
        """How it stands: the end first, then the breach, which a pause does not undo."""
        if self.outcome:
            return ClockState(self.outcome)
        if self.breached_at is not None:
            return ClockState.BREACHED
        if self.paused_at is not None:
            return ClockState.PAUSED
        return ClockState.RUNNING if self.at_risk_at is None else ClockState.AT_RISK

    def spent_at(self, now: datetime) -> timedelta:
        """The working time used up by `now`; it stands still while paused and after the end."""
        if self.running_since is None:
            return self.spent
        return self.spent + self.target.calendar.open_between(self.running_since, now)

    def left_at(self, now: datetime) -> timedelta:
        """The working time left at `now`; negative: so much over."""
        return self.target.working - self.spent_at(now)

    def due_at(self) -> datetime | None:
        """When the target's time is, or was, used up; None while paused, after the end, or when that never comes."""
        return None if self.running_since is None else self.breached_at or self._used_up(self.target.working)

    def risk_due_at(self) -> datetime | None:
        """When the clock is, or became, at risk; None as for `due_at`."""
        if self.running_since is None:
            return None
        return self.at_risk_at or self._used_up(self.target.working * self.target.at_risk)

    def _used_up(self, working: timedelta) -> datetime | None:
        assert self.running_since is not None
        return self.target.calendar.after(self.running_since, working - self.spent)


def rebuild(log: Iterable[Ticked]) -> Clock:
    """The clock that a log tells of. ClockError when the log is empty or a tick cannot follow."""
    clock: Clock | None = None
    for ticked in log:
        clock = after(clock, ticked)
    if clock is None:
        raise ClockError("a clock's log begins with its start; this one is empty")
    return clock


def after(clock: Clock | None, ticked: Ticked) -> Clock:
    """The clock once this has happened. ClockError when it cannot.

    Time never runs backwards: a moment before the last one known (a machine's clock was set back) counts as that one.
    """
    if clock is None:
        if ticked.target is None:
            raise ClockError(f"this clock has not started, so it cannot be {ticked.what}")
        return Clock(target=ticked.target, started_at=ticked.at, running_since=ticked.at)
    _check_that_it_may(clock, ticked)
    if ticked.what == "at_risk":
        return _with(clock, at_risk_at=_fallen(ticked, clock.risk_due_at()))
    if ticked.what == "breached":
        return _with(clock, breached_at=_fallen(ticked, clock.due_at()))
    at = max(ticked.at, _last(clock))
    if ticked.what == "resumed":
        return _with(clock, running_since=at, paused_at=None, pause_reason="")
    held = _held(clock, at)
    if ticked.what == "paused":
        return _with(held, paused_at=at, pause_reason=ticked.reason)
    outcome = "stopped" if ticked.what == "stopped" else "met" if held.breached_at is None else "late"
    return _with(held, ended_at=at, outcome=outcome, paused_at=None, pause_reason="")


def fell_due(clock: Clock, now: datetime) -> tuple[Ticked, ...]:
    """What came due by `now` and is not in the log yet, each at its own moment: a machine that slept tells the truth.

    Log these before anything else that happens at `now`.
    """
    return tuple(Ticked(what=what, at=at) for what, at in _ahead(clock) if at <= now)


def next_moment(clock: Clock) -> datetime | None:
    """When `fell_due` has something next; None: never, unless something else happens."""
    return min((at for _, at in _ahead(clock)), default=None)


def _ahead(clock: Clock) -> list[tuple[Literal["at_risk", "breached"], datetime]]:
    found: list[tuple[Literal["at_risk", "breached"], datetime]] = []
    risk, due = clock.risk_due_at(), clock.due_at()
    if risk is not None and clock.at_risk_at is None:
        found.append(("at_risk", risk))
    if due is not None and clock.breached_at is None:
        found.append(("breached", due))
    return found


def _check_that_it_may(clock: Clock, ticked: Ticked) -> None:
    if ticked.what == "started":
        raise ClockError(f"this clock runs since {clock.started_at.isoformat()}; it starts once")
    if clock.ended_at is not None:
        raise ClockError(f"this clock ended at {clock.ended_at.isoformat()} ({clock.outcome}); nothing follows its end")
    if ticked.what == "resumed" and clock.paused_at is None:
        raise ClockError("this clock is running, so it cannot be resumed")
    if ticked.what in {"paused", "at_risk", "breached"} and clock.paused_at is not None:
        raise ClockError(f"this clock is paused ({clock.pause_reason}), so it cannot be {ticked.what}")
    if ticked.what == "at_risk" and clock.at_risk_at is not None:
        raise ClockError(f"this clock is at risk since {clock.at_risk_at.isoformat()}; that happens once")
    if ticked.what == "breached" and clock.breached_at is not None:
        raise ClockError(f"this clock is breached since {clock.breached_at.isoformat()}; that happens once")


def _fallen(ticked: Ticked, due: datetime | None) -> datetime:
    """When it really fell due, whenever that was noticed."""
    if due is None or ticked.at < due:
        when = "never" if due is None else f"at {due.isoformat()}"
        raise ClockError(f"this clock is not {ticked.what} at {ticked.at.isoformat()}: that falls due {when}")
    return due


def _last(clock: Clock) -> datetime:
    known = (clock.started_at, clock.running_since, clock.paused_at, clock.at_risk_at, clock.breached_at)
    return max(moment for moment in known if moment is not None)


def _held(clock: Clock, at: datetime) -> Clock:
    """The clock standing still at `at`, with what fell due before."""
    passed = {f"{ticked.what}_at": ticked.at for ticked in fell_due(clock, at)}
    return _with(clock, spent=clock.spent_at(at), running_since=None, **passed)


def _with(clock: Clock, **changed: Any) -> Clock:
    return clock.model_copy(update=changed)
