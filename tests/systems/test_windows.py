"""Opening periods: several a day, in the system's zone, past midnight, over clock changes, holidays and upkeep."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import Hours
from systems.windows import Upkeep, Windows

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
HOURS = st.builds(
    Hours, days=st.sets(st.integers(0, 6), min_size=1).map(sorted).map(tuple), opens=QUARTERS, closes=QUARTERS
)  # fmt: skip
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
UPKEEP = st.builds(
    lambda begins, minutes: Upkeep(begins=begins, ends=begins + timedelta(minutes=minutes)),
    MOMENTS,
    st.integers(1, 5000),
)
WINDOWS = st.builds(
    Windows,
    time_zone=st.sampled_from(ZONES),
    hours=st.lists(HOURS, max_size=3).map(tuple),
    holidays=st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5).map(tuple),
    upkeep=st.lists(UPKEEP, max_size=3).map(tuple),
)


def office(**more: object) -> Windows:
    """Two periods on weekdays, one on Saturday, in Berlin."""
    hours = ("Mon-Fri 06:00-12:00", "Mon-Fri 13:00-20:00", "Sat 08:00-12:00")
    return Windows.model_validate({"time_zone": "Europe/Berlin", "hours": hours, **more})


def berlin(text: str) -> datetime:
    """A moment as a clock in Berlin shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20 11:59", "2026-11-20 11:59"),
        ("2026-11-20 12:00", "2026-11-20 13:00"),
        ("2026-11-20 20:00", "2026-11-21 08:00"),
        ("2026-11-21 12:00", "2026-11-23 06:00"),
    ],
)
def test_a_closed_window_says_when_it_opens(now: str, opens: str) -> None:
    """Between two periods, after the last one and over the weekend, the next period's beginning is named."""
    assert office().next_open(berlin(now)) == berlin(opens)


def test_holidays_and_upkeep_keep_a_system_closed() -> None:
    """A holiday drops the day's periods, and announced upkeep is waited out even in working hours."""
    upkeep = {"begins": berlin("2026-11-24 05:00"), "ends": berlin("2026-11-24 09:30"), "about": "release 7"}
    closed = office(holidays=["2026-11-23"], upkeep=[upkeep])

    assert closed.next_open(berlin("2026-11-22 10:00")) == berlin("2026-11-24 09:30")
    assert closed.why_closed(berlin("2026-11-24 07:00")) == "release 7"


def test_a_system_is_open_until_its_upkeep_and_after_it() -> None:
    """Upkeep in the middle of a morning leaves what comes before it and what comes after."""
    upkeep = {"begins": berlin("2026-11-24 08:00"), "ends": berlin("2026-11-24 09:30")}
    morning = office(upkeep=[upkeep])

    assert morning.is_open(berlin("2026-11-24 07:59"))
    assert not morning.is_open(berlin("2026-11-24 08:00"))
    assert morning.open_between(berlin("2026-11-24 00:00"), berlin("2026-11-24 12:00")) == timedelta(hours=4.5)


def test_a_clock_change_moves_the_moment_and_not_the_hour() -> None:
    """Six in the morning is six in the morning before and after summer time begins."""
    before, after = (office().next_open(berlin(day)) for day in ("2026-03-27 05:00", "2026-03-30 05:00"))

    assert before is not None
    assert after is not None
    assert (before.astimezone(UTC).hour, after.astimezone(UTC).hour) == (5, 4)


def test_a_window_that_never_opens_says_so() -> None:
    """Hours that only begin on holidays, or upkeep without end, have no next opening."""
    days = [date(2026, 11, 1) + timedelta(days=count) for count in range(500)]
    closed = Upkeep(begins=datetime(2026, 1, 1, tzinfo=UTC), ends=datetime(2036, 1, 1, tzinfo=UTC))

    assert office(holidays=days).next_open(berlin("2026-11-22 10:00")) is None
    assert Windows(upkeep=(closed,)).next_open(berlin("2026-11-22 10:00")) is None


@settings(max_examples=150)
@given(WINDOWS, MOMENTS)
def test_the_next_opening_is_open_and_none_is_earlier(windows: Windows, now: datetime) -> None:
    """Whatever the zone and the hours: the moment named is open, and every minute sampled before it is closed."""
    opens = windows.next_open(now)

    if opens is None:
        assert not windows.is_open(now)
        return
    assert opens >= now
    assert windows.is_open(opens)
    assert not any(windows.is_open(now + (opens - now) * share / 7) for share in range(7) if opens > now)


@settings(max_examples=150)
@given(WINDOWS, MOMENTS)
def test_what_is_open_is_inside_a_period_of_the_wall_clock(windows: Windows, now: datetime) -> None:
    """Open means that the clock on the wall shows a time inside a period, also in the night of a clock change."""
    if not windows.is_open(now) or not windows.hours:
        return

    local = now.astimezone(ZoneInfo(windows.time_zone))

    assert any(_shows(hours, local) for hours in windows.hours)


def _shows(hours: Hours, local: datetime) -> bool:
    clock, day = local.time(), local.weekday()
    if hours.opens < hours.closes:
        return day in hours.days and hours.opens <= clock < hours.closes
    return (day in hours.days and clock >= hours.opens) or ((day - 1) % 7 in hours.days and clock < hours.closes)
