"""The strips of a way's standing: worst state of each bar, honest shares, nothing claimed of unknown time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console import uptime

NOW = datetime(2026, 3, 5, 10, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Stood:
    """A span as the records keep it."""

    state: str
    began: datetime
    ended: datetime | None = None


def ago(**before: float) -> datetime:
    """So long before now."""
    return NOW - timedelta(**before)


def test_nothing_is_claimed_of_a_time_of_which_nothing_is_known() -> None:
    """Without spans every bar is empty and no share is told."""
    strip = uptime.day([], NOW)

    assert {slot.state for slot in strip.slots} == {""}
    assert strip.share is None
    assert len(strip.slots) == 48


def test_a_bar_shows_the_worst_of_its_time() -> None:
    """Down for a minute within an hour of being up is seen, and the share counts just that minute."""
    spans = [
        Stood("up", ago(minutes=60), ago(minutes=31)),
        Stood("down", ago(minutes=31), ago(minutes=30)),
        Stood("trying", ago(minutes=30), ago(minutes=29)),
        Stood("up", ago(minutes=29)),
    ]

    strip = uptime.day(spans, NOW)

    assert [slot.state for slot in strip.slots][-3:] == ["up", "down", "up"]
    assert strip.slots[-2].away == timedelta(minutes=1)
    assert strip.share == 59 / 60
    assert strip.words == "There 98.33 % of the known time; away in 1 of 48 parts of it"


def test_ninety_days_end_today() -> None:
    """The last bar is today, the first one 89 days before; an isolation that lasts counts until now."""
    strip = uptime.ninety_days([Stood("isolated", ago(days=1))], NOW)

    assert strip.slots[-1].began == datetime(2026, 3, 5, tzinfo=UTC)
    assert len(strip.slots) == 90
    assert [slot.state for slot in strip.slots][-3:] == ["", "isolated", "isolated"]
    assert sum((slot.away for slot in strip.slots), timedelta()) == timedelta(days=1)


def test_a_share_is_never_rounded_up_to_all() -> None:
    """One second away in ninety days is not 100 %."""
    assert uptime.percent(0.9999999) == "99.99 %"
    assert uptime.percent(1.0) == "100 %"
