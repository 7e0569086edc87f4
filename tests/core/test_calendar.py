"""The calendar: what is open, and working time, over nights, holidays, half-hour zones, leap days and clock changes."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.calendar import Calendar, Hours, NeverOpensError
from tests.support import strip

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = ("Mon-Sun 00:00-24:00",)
ROUND_IN_PARTS = ("Mon-Sun 00:00-02:30", "Mon-Sun 02:30-24:00")
OFFICE = ("Mon-Fri 08:00-12:00", "Mon-Fri 13:00-17:00")
NIGHT = ("Sat 22:00-06:00",)
LATE = ("Sun 02:30-06:00",)

QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
HOURS = st.builds(
    Hours, days=st.sets(st.integers(0, 6), min_size=1).map(sorted).map(tuple), opens=QUARTERS, closes=QUARTERS
)  # fmt: skip
CALENDARS = st.builds(
    Calendar,
    time_zone=st.sampled_from(sorted(strip.CHANGES)),
    hours=st.lists(HOURS, max_size=4).map(tuple),
    holidays=st.lists(st.dates(date(2026, 1, 1), date(2028, 6, 30)), max_size=5).map(tuple),
)
MOMENTS = st.integers(0, 2 * 365 * 24 * 3600).map(lambda seconds: strip.BEGIN + timedelta(seconds=seconds))
SPANS = st.integers(0, 60 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))


def calendar(hours: tuple[str, ...], zone: str = "Europe/Berlin", *holidays: str) -> Calendar:
    """A calendar as a file writes it."""
    return Calendar.model_validate({"time_zone": zone, "hours": hours, "holidays": holidays})


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    """A moment as a clock in that zone shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("hours", "zone", "begin", "end", "worked"),
    [
        pytest.param(OFFICE, "Europe/Berlin", "2026-11-20 11:00", "2026-11-23 09:00", 6.0, id="lunch and a weekend"),
        pytest.param(OFFICE, "Europe/Berlin", "2026-11-21 09:00", "2026-11-22 17:00", 0.0, id="a weekend"),
        pytest.param(OFFICE, "Europe/Berlin", "2026-11-23 09:00", "2026-11-20 11:00", 0.0, id="backwards"),
        pytest.param(OFFICE, "Europe/Berlin", "2028-02-28 16:00", "2028-03-01 09:00", 10.0, id="a leap day"),
        pytest.param(NIGHT, "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00", 7.0, id="the short night"),
        pytest.param(NIGHT, "Europe/Berlin", "2026-10-24 12:00", "2026-10-25 12:00", 9.0, id="the long night"),
        pytest.param(LATE, "Europe/Berlin", "2026-03-29 00:00", "2026-03-29 12:00", 2.5, id="begins in a skipped hour"),
        pytest.param(LATE, "Europe/Berlin", "2026-10-25 00:00", "2026-10-25 12:00", 3.5, id="begins in a doubled hour"),
        pytest.param(ROUND_IN_PARTS, "Europe/Berlin", "2026-03-29 00:00", "2026-03-30 00:00", 23.0, id="parts, short"),
        pytest.param(ROUND_IN_PARTS, "Europe/Berlin", "2026-10-25 00:00", "2026-10-26 00:00", 25.0, id="parts, long"),
        pytest.param(EVERY_DAY, "Australia/Lord_Howe", "2026-10-04 00:00", "2026-10-05 00:00", 23.5, id="half an hour"),
        pytest.param(EVERY_DAY, "America/Havana", "2026-10-31 12:00", "2026-11-01 12:00", 25.0, id="doubled midnight"),
        pytest.param(("Mon 08:00-12:00", "Mon 10:00-14:00", "Mon 08:00-12:00"), "UTC", "2026-11-23 00:00",
                     "2026-11-24 00:00", 6.0, id="overlapping"),
        pytest.param(("Mon 08:00-14:00", "Mon 10:00-12:00"), "UTC", "2026-11-23 00:00", "2026-11-24 00:00", 6.0,
                     id="one inside another"),
        pytest.param(("Mon-Fri 09:00-17:30",), "Asia/Kolkata", "2026-11-23 03:30", "2026-11-23 10:00", 1.0, id="India"),
    ],
)  # fmt: skip
def test_working_time_is_what_people_reckon(
    hours: tuple[str, ...], zone: str, begin: str, end: str, worked: float
) -> None:
    """F55: reckoned by hand, each on a day that is easily got wrong."""
    assert calendar(hours, zone).open_between(at(begin, zone), at(end, zone)) == timedelta(hours=worked)


def test_a_holiday_drops_what_begins_on_it() -> None:
    """A night that began the evening before ends in the holiday's morning; the holiday's own night does not begin."""
    nights = calendar(("Mon-Sun 22:00-06:00",), "Europe/Berlin", "2026-12-25")

    assert nights.open_between(at("2026-12-24 12:00"), at("2026-12-26 12:00")) == timedelta(hours=8)
    assert nights.next_open(at("2026-12-25 06:00")) == at("2026-12-26 22:00")


def test_time_is_used_up_at_the_first_moment_at_which_it_is() -> None:
    """What fills a day's hours is over when the day closes, and not when the next one opens."""
    office = calendar(OFFICE)

    assert office.after(at("2026-11-20 09:00"), timedelta(hours=7)) == at("2026-11-20 17:00")
    assert office.after(at("2026-11-20 18:00"), timedelta(minutes=1)) == at("2026-11-23 08:01")
    assert office.after(at("2026-11-20 18:00"), timedelta()) == at("2026-11-20 18:00")


def test_both_passes_of_a_doubled_hour_are_told_apart() -> None:
    """F55: at half past two the first time a period that begins then is closed, an hour later it is open."""
    late = calendar(LATE)
    first, second = at("2026-10-25 02:30"), at("2026-10-25 02:30").replace(fold=1)

    assert not late.is_open(first)
    assert late.is_open(second)
    assert late.after(first, timedelta(hours=1)) == at("2026-10-25 03:30")


@settings(max_examples=100)
@given(CALENDARS, MOMENTS, SPANS)
def test_a_strip_of_quarter_hours_says_the_same(ours: Calendar, begin: datetime, span: timedelta) -> None:
    """F55: an independent reckoning, with clock changes from a table, agrees on what is open and how long."""
    slow = strip.Strip(ours)

    worked = ours.open_between(begin, begin + span)

    assert worked == slow.between(begin, begin + span)
    assert ours.is_open(begin) == slow.is_open(begin)
    assert not worked or ours.after(begin, worked) == slow.after(begin, worked)


def test_a_long_closed_time_is_waited_out() -> None:
    """A year of holidays is no reason to say never; more than 400 days on end are."""
    year = [str(date(2027, 1, 1) + timedelta(days=day)) for day in range(395)]
    closed = calendar(OFFICE, "Europe/Berlin", *year)

    closed.check()
    assert closed.next_open(at("2027-01-01 00:00")) == at("2028-01-31 08:00")
    assert closed.after(at("2026-12-31 16:00"), timedelta(hours=2)) == at("2028-01-31 09:00")


def test_a_calendar_that_never_opens_is_refused_in_a_sentence() -> None:
    """Holidays without end, and a list of hours with nothing in it, are named; nothing ever comes due in the first."""
    ever = [str(date(2027, 1, 1) + timedelta(days=day)) for day in range(410)]
    closed = calendar(OFFICE, "Europe/Berlin", *ever)

    with pytest.raises(NeverOpensError, match="never opens within 400 days of 2027-01-01"):
        closed.check()
    with pytest.raises(NeverOpensError, match="no opening period"):
        calendar(()).check()
    assert closed.after(at("2027-01-01 00:00"), timedelta(hours=1)) is None


@given(HOURS)
def test_hours_are_read_back_as_they_are_written(hours: Hours) -> None:
    """What a page shows may stand in a settings file, and what a log keeps can be read again."""
    assert Hours.model_validate(str(hours)) == hours
    assert Hours.model_validate_json(hours.model_dump_json()) == hours


@pytest.mark.parametrize("text", ["Mon-Fri", "06:00-12:00", "Mon-Fir 06:00-12:00", "Mon 25:00-26:00", "Mon 6-12"])
def test_hours_that_nobody_can_read_are_refused(text: str) -> None:
    """A slip of the pen is named, and never taken for *always open*."""
    with pytest.raises(ValidationError):
        calendar((text,))


@pytest.mark.parametrize(
    "given", [{"days": (), "opens": "08:00", "closes": "09:00"}, {"days": (0,), "opens": "08:00:30", "closes": "09:00"}]
)
def test_hours_of_no_day_and_of_half_a_minute_are_refused(given: dict[str, object]) -> None:
    """A period has a day, and begins and ends on a minute: nothing else could be written down and read back."""
    with pytest.raises(ValidationError):
        Hours.model_validate(given)


def test_a_zone_that_does_not_exist_is_named() -> None:
    """A time zone is one that the world knows."""
    with pytest.raises(ValidationError, match="there is no time zone Bremen"):
        Calendar(time_zone="Bremen")


def test_a_key_that_nobody_reads_is_refused() -> None:
    """`holiday` for `holidays` is no silent day at work."""
    with pytest.raises(ValidationError):
        Calendar.model_validate({"holiday": ["2026-12-25"]})
