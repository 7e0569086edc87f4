"""How many of a line may go at this moment at so many a minute: pure, by the moment at which the next one may."""

from datetime import datetime, timedelta

BURST = timedelta(seconds=5)
"""Places that nobody took for so long may be taken together: longer than a beat of the drain, so that none is lost to
its rhythm. Who goes at a rate goes that much slower for it, and never more than so many in any sixty seconds."""


def step(per_minute: float) -> timedelta:
    """Between two of them."""
    return (timedelta(minutes=1) + BURST) / per_minute


def room(per_minute: float, next_at: datetime | None, now: datetime) -> int:
    """How many may go now."""
    first = _first(per_minute, next_at, now)
    return 0 if first > now else (now - first) // step(per_minute) + 1


def after(per_minute: float, next_at: datetime | None, now: datetime, went: int) -> datetime:
    """When the next one may, once so many went now."""
    return _first(per_minute, next_at, now) + went * step(per_minute)


def _first(per_minute: float, next_at: datetime | None, now: datetime) -> datetime:
    """The first free place. A clock that jumped back, or a rate that was raised, makes nobody wait for long."""
    if next_at is None:
        return now
    return min(max(next_at, now - BURST), now + step(per_minute))
