"""When: a moment as somebody picks it, counted in the time zone of whoever reads the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from console.forms import FieldError

PICKED = "moment"
"""The preset that asks for a moment of one's own."""
_MORNING = time(8)


@dataclass(frozen=True)
class Preset:
    """A moment that many pick."""

    title: str
    of: Callable[[datetime], datetime]


PRESETS: dict[str, Preset] = {
    "1h": Preset("In 1 hour", lambda local: local + timedelta(hours=1)),
    "4h": Preset("In 4 hours", lambda local: local + timedelta(hours=4)),
    "tomorrow": Preset("Tomorrow 8:00", lambda local: _morning(local, 1)),
    "3d": Preset("In 3 days, 8:00", lambda local: _morning(local, 3)),
}


def zone(name: str, otherwise: str = "UTC") -> ZoneInfo:
    """The time zone that the page said it is read in; what is none counts as `otherwise`."""
    return ZoneInfo(name if name in _known() else otherwise if otherwise in _known() else "UTC")


def options(presets: Sequence[str]) -> list[tuple[str, str]]:
    """The presets to choose from, and a moment of one's own."""
    return [*((name, PRESETS[name].title) for name in presets), (PICKED, "Pick a moment")]


def read(
    values: Mapping[str, str], form: str, now: datetime, where: ZoneInfo
) -> tuple[datetime | None, tuple[FieldError, ...]]:
    """The moment that was chosen in this form (fields `<form>_when`, `<form>_at`), or what is wrong with it."""
    chosen = values.get(f"{form}_when", PICKED)
    if chosen in PRESETS:
        return PRESETS[chosen].of(now.astimezone(where)).astimezone(UTC), ()
    try:
        picked = datetime.fromisoformat(values.get(f"{form}_at", ""))
    except ValueError:
        return None, (FieldError(field=f"{form}_at", message="Pick a day and a time."),)
    at = picked if picked.tzinfo is not None else picked.replace(tzinfo=where)
    if at <= now:
        return None, (FieldError(field=f"{form}_at", message="That moment is over: choose a later one."),)
    return at.astimezone(UTC), ()


def utc(text: str, where: str) -> str:
    """A moment of an address or a form, of the zone `where` unless it names one; anything else comes back as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone(where))).astimezone(UTC).isoformat()


def _morning(local: datetime, days: int) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), _MORNING, local.tzinfo)


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
