"""When people and systems work: opening periods of a week in a time zone, holidays, and arithmetic in that time."""

import re
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FARTHEST = timedelta(days=400)
"""What stays closed for longer than this never opens: a year, with its longest holidays."""

Stretch = tuple[datetime, datetime]
"""An open time: from its beginning up to, and not including, its end; both in UTC."""

_FOREVER = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
_HOURS = re.compile(r"(?P<days>[A-Za-z ,-]+?) (?P<opens>\d\d:\d\d) ?- ?(?P<closes>\d\d:\d\d)")


class NeverOpensError(ValueError):
    """A calendar in which no time ever passes; the message says why."""


class Hours(BaseModel):
    """One opening period of some weekdays (Monday is 0), written and kept as "Mon-Fri 06:00-12:00".

    It ends on the next day when `closes` is not after `opens`; 24:00, kept as 00:00, is midnight.
    """

    model_config = ConfigDict(frozen=True)

    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1)]
    opens: time
    closes: time

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        found = _HOURS.fullmatch(given.strip())
        if found is None:
            raise ValueError(f"“{given}” is no opening period; write it as Mon-Fri 06:00-12:00")
        closes = "00:00" if found["closes"] == "24:00" else found["closes"]
        return {"days": _days(found["days"]), "opens": found["opens"], "closes": closes}

    @field_validator("opens", "closes")
    @classmethod
    def _whole_minutes(cls, clock: time) -> time:
        if clock.second or clock.microsecond or clock.tzinfo:
            raise ValueError("a period begins and ends on a whole minute of the calendar's own clock")
        return clock

    @model_serializer
    def __str__(self) -> str:
        """As it is written in a settings file."""
        days = [DAYS[day] for day in self.days]
        run = len(days) > 2 and self.days == tuple(range(self.days[0], self.days[0] + len(days)))
        named = f"{days[0]}-{days[-1]}" if run else ",".join(days)
        closes = "24:00" if self.closes == time(0) else f"{self.closes:%H:%M}"
        return f"{named} {self.opens:%H:%M}-{closes}"


class Calendar(BaseModel):
    """When it is open; without `hours` around the clock, every day.

    A period belongs to the day on which it begins: a holiday drops the periods that begin on it, and one that began the
    evening before still ends in its morning. Periods that overlap or touch are one. When a period begins or ends in an
    hour that a clock change doubles or skips, only what both readings of the clock call open counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    time_zone: str = "UTC"
    hours: tuple[Hours, ...] = ()
    holidays: tuple[date, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone {name}") from None
        return name

    def is_open(self, now: datetime) -> bool:
        """Whether `now` (with a time zone) lies in an open time."""
        moment = now.astimezone(UTC)
        return self.next_open(moment) == moment

    def next_open(self, now: datetime) -> datetime | None:
        """The first open moment from `now` on, `now` itself when open; None when there is none within 400 days."""
        moment = now.astimezone(UTC)  # times of one zone compare by what the wall shows, blind to a doubled hour
        opens, _ = next(self.stretches(moment), (_FOREVER, _FOREVER))
        if opens - moment > FARTHEST:
            return None
        return now if opens == moment else opens.astimezone(now.tzinfo)

    def open_between(self, begin: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none when `end` is not after `begin`."""
        last, worked = end.astimezone(UTC), timedelta()
        for opens, closes in self.stretches(begin):
            if opens >= last:
                break
            worked += min(closes, last) - opens
        return worked

    def after(self, begin: datetime, working: timedelta) -> datetime | None:
        """The first moment by which so much working time has passed since `begin`; None when it never has."""
        if working <= timedelta():
            return begin
        for opens, closes in self.stretches(begin):
            if closes - opens >= working:
                return (opens + working).astimezone(begin.tzinfo)
            working -= closes - opens
        return None

    def stretches(self, since: datetime) -> Iterator[Stretch]:
        """The open times from `since` on, in order; the first is cut to begin with it. Ends after 400 closed days."""
        moment = since.astimezone(UTC)
        if not self.hours:
            yield moment, _FOREVER
            return
        month = moment.astimezone(ZoneInfo(self.time_zone)).date().replace(day=1)
        quiet_since = moment
        while month - quiet_since.date() <= FARTHEST and month.year < MAXYEAR:
            for opens, closes in _month(self.time_zone, self.hours, self.holidays, month):
                if opens - quiet_since > FARTHEST:
                    return
                if closes > moment:
                    yield max(opens, moment), closes
                    quiet_since = closes
            month = _month_after(month)

    def check(self) -> None:
        """NeverOpensError when it has no opening periods to go by, or stays closed for more than 400 days on end."""
        if "hours" in self.model_fields_set and not self.hours:
            raise NeverOpensError("it has no opening period; leave hours out when it is open around the clock")
        zone, holidays = ZoneInfo(self.time_zone), set(self.holidays)
        for day in sorted(day for day in holidays if day - _DAY not in holidays):
            if self.next_open(datetime.combine(day, time(), zone)) is None:
                days = FARTHEST.days
                raise NeverOpensError(f"it never opens within {days} days of {day}: its hours fall on holidays alone")


@lru_cache(maxsize=4096)
def _month(time_zone: str, hours: tuple[Hours, ...], holidays: tuple[date, ...], first: date) -> tuple[Stretch, ...]:
    """The open times of one month. What runs over its edges is cut there, without a gap to the neighbour's part."""
    zone = ZoneInfo(time_zone)
    begin, end = datetime.combine(first, time()), datetime.combine(_month_after(first), time())
    found = []
    for opens, closes in _joined(_periods(hours, frozenset(holidays), begin, end)):
        if closes > begin and opens < end:
            starts = _reading(begin, zone) if opens < begin else max(_readings(opens, zone))
            stops = _reading(end, zone) if closes > end else min(_readings(closes, zone))
            if starts < stops:
                found.append((starts, stops))
    return tuple(found)


def _periods(hours: Iterable[Hours], holidays: frozenset[date], begin: datetime, end: datetime) -> Iterator[Stretch]:
    """Each period as the clock on the wall shows it, from the day before `begin` to the day that begins at `end`."""
    first = begin.date() - _DAY
    for count in range((end - begin).days + 2):
        day = first + timedelta(days=count)
        if day in holidays:
            continue
        for period in hours:
            if day.weekday() in period.days:
                last = day + _DAY if period.closes <= period.opens else day
                yield datetime.combine(day, period.opens), datetime.combine(last, period.closes)


def _joined(periods: Iterable[Stretch]) -> Iterator[Stretch]:
    """The same time without overlaps, in order: no minute counts twice."""
    begun: Stretch | None = None
    for opens, closes in sorted(periods):
        if begun is None:
            begun = opens, closes
        elif opens <= begun[1]:
            begun = begun[0], max(begun[1], closes)
        else:
            yield begun
            begun = opens, closes
    if begun is not None:
        yield begun


def _readings(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments that a time on the wall may mean: two in an hour that a clock change doubles or skips, else one."""
    return _reading(wall, zone), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _reading(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _days(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = (name.strip().title()[:3] for name in part.partition("-"))
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"“{part.strip()}” names no weekday; the weekdays are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(range(begin, end + 1) if begin <= end else (*range(begin, 7), *range(end + 1)))
    return tuple(sorted(found))
