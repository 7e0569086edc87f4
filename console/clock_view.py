"""The clocks of a handoff as people read them: how each stands, what it breaches and when, and how it ran."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console import words
from console.words import Look
from handoff.clock import Clock, ClockKind, ClockState, Ticked, after
from records.handoff import HandoffClock
from records.trail import Event

LOOKS: dict[ClockState, Look] = {
    ClockState.RUNNING: Look("Running", "note", "clock"),
    ClockState.PAUSED: Look("Stands", "", "clock-pause"),
    ClockState.AT_RISK: Look("At risk", "warn", "clock-exclamation"),
    ClockState.BREACHED: Look("Breached", "bad", "alert-triangle"),
    ClockState.MET: Look("Kept", "good", "circle-check"),
    ClockState.LATE: Look("Late", "bad", "circle-check"),
    ClockState.STOPPED: Look("Counts no more", "", "x"),
}
BREACHES = {
    ClockKind.FIRST_RESPONSE: "Until then somebody has to turn to the customer",
    ClockKind.ACCEPTANCE: "Until then somebody has to pick it up",
    ClockKind.RESOLUTION: "Until then it has to be decided",
}
_STEPS = {
    "started": "Began",
    "paused": "Stopped",
    "resumed": "Went on",
    "at_risk": "At risk",
    "breached": "Breached",
    "met": "Ended",
    "stopped": "Counts no more",
}


@dataclass(frozen=True)
class Tick:
    """One line of how a clock ran: what, when, why or by whom, and the working time it had used up by then."""

    at: datetime
    what: str
    why: str
    used: str


@dataclass(frozen=True)
class ClockView:
    """One clock: `left` is what a standing clock has left, in words; `due_at` is None while it stands."""

    title: str
    name: str
    look: Look
    due_at: datetime | None
    breaches: str
    target: str
    reason: str
    left: str
    over: bool
    ticks: tuple[Tick, ...]

    @property
    def folds(self) -> bool:
        """Whether it says nothing any more about what is to be done: it was picked up, or offered anew."""
        return self.over and self.name.startswith(ClockKind.ACCEPTANCE.value)


def views(
    rows: Sequence[HandoffClock], events: Iterable[Event], names: dict[str, str], now: datetime
) -> list[ClockView]:
    """The clocks that run first, the tightest in front; then those that have ended."""
    log: dict[str, list[Ticked]] = {row.name: [] for row in rows}
    about = {str(row.handoff_id) for row in rows}
    for event in events:
        if event.name.startswith("clock.") and event.data.get("handoff") in about and event.data["clock"] in log:
            log[event.data["clock"]].append(Ticked.model_validate(event.data["tick"]))
    made = [_view(row, Clock.model_validate(row.clock), log[row.name], names, now) for row in rows if row.clock]
    return sorted(made, key=lambda one: (one.over, one.due_at is None, one.due_at or now))


def _view(row: HandoffClock, clock: Clock, log: list[Ticked], names: dict[str, str], now: datetime) -> ClockView:
    over = clock.ended_at is not None
    return ClockView(
        title=words.clock(row.name),
        name=row.name.replace("#", "-"),
        look=LOOKS[clock.state],
        due_at=None if over else clock.due_at(),
        breaches="" if over or clock.breached_at else BREACHES[clock.target.kind],
        target=spoken(clock.target.working),
        reason=clock.pause_reason,
        left=spoken(clock.left_at(now)) if clock.paused_at and not clock.breached_at else "",
        over=over,
        ticks=tuple(_ticks(log, names)),
    )


def _ticks(log: Sequence[Ticked], names: dict[str, str]) -> Iterable[Tick]:
    clock: Clock | None = None
    for ticked in log:
        clock = after(clock, ticked)
        why = ", ".join(part for part in (ticked.reason, names.get(ticked.by, ticked.by)) if part)
        yield Tick(at=ticked.at, what=_STEPS[ticked.what], why=why, used=spoken(clock.spent_at(ticked.at)))


def spoken(span: timedelta) -> str:
    """Working time in words: 1 h 20 min; what is over is said so."""
    minutes = int(abs(span).total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    text = f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"
    return f"{text} over" if span < -timedelta(minutes=1) else text
