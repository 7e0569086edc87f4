"""How a way to a system stood: the last day by half-hours, the last ninety days by days, as a strip and in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
UP, TRYING, ISOLATED, DOWN = "up", "trying", "isolated", "down"
_WORST = (DOWN, ISOLATED, TRYING, UP)
_WELL = (UP, TRYING)


class Span(Protocol):
    """A time in which a way stood in one state; `ended` is None for the one that lasts."""

    @property
    def state(self) -> str: ...

    @property
    def began(self) -> datetime: ...

    @property
    def ended(self) -> datetime | None: ...


@dataclass(frozen=True)
class Slot:
    """One bar: the worst state of its time, "" where nothing is known, and for how long it was not to be reached."""

    began: datetime
    ends: datetime
    state: str
    away: timedelta


@dataclass(frozen=True)
class Strip:
    """Bars of equal length up to now."""

    slots: list[Slot]
    share: float | None
    """Of the known time: how much the way was there, 0 to 1; None where nothing is known."""

    @property
    def words(self) -> str:
        """The strip in one sentence, for whoever does not see it."""
        if self.share is None:
            return "Nothing is known of this time yet"
        away = sum((slot.away for slot in self.slots), timedelta())
        if not away:
            return "There all the time that is known"
        bad = sum(1 for slot in self.slots if slot.away)
        return f"There {percent(self.share)} of the known time; away in {bad} of {len(self.slots)} parts of it"


def day(spans: Sequence[Span], now: datetime) -> Strip:
    """The last 24 hours, 48 bars."""
    ends = now.replace(minute=30 * (now.minute // 30), second=0, microsecond=0) + HALF_HOUR
    return _strip(spans, [ends - HALF_HOUR * back for back in range(48, 0, -1)], HALF_HOUR, now)


def ninety_days(spans: Sequence[Span], now: datetime) -> Strip:
    """The last 90 days, 90 bars."""
    ends = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    return _strip(spans, [ends - DAY * back for back in range(90, 0, -1)], DAY, now)


def percent(share: float) -> str:
    """A share as people read it: never rounded up to 100 %."""
    return "100 %" if share >= 1 else f"{min(share * 100, 99.99):.2f} %"


def _strip(spans: Sequence[Span], begins: Iterable[datetime], length: timedelta, now: datetime) -> Strip:
    slots, known, away = [], timedelta(), timedelta()
    for began in begins:
        ends = min(began + length, now)
        inside = [(span.state, _common(span, began, ends, now)) for span in spans]
        inside = [(state, lasted) for state, lasted in inside if lasted > timedelta()]
        gone = sum((lasted for state, lasted in inside if state not in _WELL), timedelta())
        known += sum((lasted for _, lasted in inside), timedelta())
        away += gone
        states = {state for state, _ in inside}
        slots.append(Slot(began, ends, next((state for state in _WORST if state in states), ""), gone))
    return Strip(slots, 1 - away / known if known else None)


def _common(span: Span, began: datetime, ends: datetime, now: datetime) -> timedelta:
    """For how long the span lasted within this time."""
    return min(span.ended or now, ends) - max(span.began, began)
