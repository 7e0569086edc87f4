"""Open time reckoned the slow way: three years as a strip of quarter hours, with the clock changes written by hand.

It shares nothing with core/calendar.py but the words of a calendar: no zone files, no intervals, no months.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from core.calendar import Calendar

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 1096
"""2026, 2027 and the leap year 2028."""
QUARTER = timedelta(minutes=15)
A_DAY = 96
_MARGIN = 3 * A_DAY
_THURSDAY = 3
"""The first of January 2026."""

# Offset from UTC in minutes at the beginning, then each change: the moment in UTC and the offset from then on.
CHANGES: dict[str, tuple[int, list[tuple[str, int]]]] = {
    "UTC": (0, []),
    "Asia/Kolkata": (330, []),
    "Europe/Berlin": (60, [
        ("2026-03-29T01:00", 120), ("2026-10-25T01:00", 60), ("2027-03-28T01:00", 120),
        ("2027-10-31T01:00", 60), ("2028-03-26T01:00", 120), ("2028-10-29T01:00", 60),
    ]),
    "America/New_York": (-300, [
        ("2026-03-08T07:00", -240), ("2026-11-01T06:00", -300), ("2027-03-14T07:00", -240),
        ("2027-11-07T06:00", -300), ("2028-03-12T07:00", -240), ("2028-11-05T06:00", -300),
    ]),
    "Australia/Lord_Howe": (660, [
        ("2026-04-04T15:00", 630), ("2026-10-03T15:30", 660), ("2027-04-03T15:00", 630),
        ("2027-10-02T15:30", 660), ("2028-04-01T15:00", 630), ("2028-09-30T15:30", 660),
    ]),
}  # fmt: skip


class Strip:
    """The quarter hours of one calendar that are open, and how many of them have passed by each."""

    def __init__(self, calendar: Calendar) -> None:
        offset, changes = CHANGES[calendar.time_zone]
        self._first = offset // 15
        self._changes = [(_quarter(datetime.fromisoformat(f"{at}Z")), minutes // 15) for at, minutes in changes]
        self._open = bytearray(DAYS * A_DAY)
        for opens, closes in _runs(_on_the_wall(calendar)):
            begin, end = max(0, *self._readings(opens)), max(0, min(self._readings(closes)))
            self._open[begin:end] = b"\1" * max(0, min(end, len(self._open)) - begin)
        self._passed = [0, *accumulate(self._open)]

    def is_open(self, now: datetime) -> bool:
        """Whether the quarter hour of `now` is open."""
        return bool(self._open[_quarter(now)])

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """Open time between two moments."""
        return max(timedelta(), self._until(end) - self._until(begin))

    def after(self, begin: datetime, working: timedelta) -> datetime:
        """The first moment by which so much open time has passed since `begin`."""
        wanted = self._until(begin) + working
        last = bisect_left(self._passed, -(-wanted // QUARTER))
        return BEGIN + last * QUARTER - (self._passed[last] * QUARTER - wanted)

    def _until(self, moment: datetime) -> timedelta:
        quarter = _quarter(moment)
        part = moment - (BEGIN + quarter * QUARTER) if self._open[quarter] else timedelta()
        return self._passed[quarter] * QUARTER + part

    def _readings(self, wall: int) -> set[int]:
        """The quarters that may be meant: two where a change doubles the time on the wall, or skips it."""
        before = self._first
        for at, since in self._changes:
            if (wall - before >= at) != (wall - since >= at):
                return {wall - before, wall - since}
            if wall - since < at:
                break
            before = since
        return {wall - before}


def _on_the_wall(calendar: Calendar) -> bytearray:
    """The quarters that are open as the wall shows them, from three days before the strip to three days after."""
    wall = bytearray(DAYS * A_DAY + 2 * _MARGIN)
    for day in range(-3, DAYS + 2):
        if date(2026, 1, 1) + timedelta(days=day) in calendar.holidays:
            continue
        for hours in calendar.hours:
            if (day + _THURSDAY) % 7 in hours.days:
                opens, closes = _of_day(hours.opens), _of_day(hours.closes)
                begin, length = day * A_DAY + _MARGIN + opens, (closes - opens - 1) % A_DAY + 1
                wall[begin : begin + length] = b"\1" * length
    return wall if calendar.hours else bytearray(b"\1" * len(wall))


def _runs(wall: bytearray) -> Iterator[tuple[int, int]]:
    at = wall.find(1)
    while at >= 0:
        end = wall.find(0, at)
        end = len(wall) if end < 0 else end
        yield at - _MARGIN, end - _MARGIN
        at = wall.find(1, end)


def _of_day(clock: time) -> int:
    return clock.hour * 4 + clock.minute // 15


def _quarter(moment: datetime) -> int:
    return (moment - BEGIN) // QUARTER
