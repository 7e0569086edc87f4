"""When a system may be worked on: opening periods in its own time zone, holidays, and announced upkeep."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FARTHEST = timedelta(days=400)
"""A window that does not open within this time never opens: a year, with its longest holidays."""

_HOURS = re.compile(r"(?P<days>[A-Za-z ,-]+?) (?P<opens>\d\d:\d\d) ?- ?(?P<closes>\d\d:\d\d)")


class Hours(BaseModel):
    """One opening period of some weekdays (Monday is 0), written as "Mon-Fri 06:00-12:00".

    It ends on the next day when `closes` is not after `opens`; 24:00, kept as 00:00, is midnight.
    """

    model_config = ConfigDict(frozen=True)

    days: tuple[int, ...]
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

    def __str__(self) -> str:
        """As it is written in a settings file."""
        days = [DAYS[day] for day in self.days]
        run = len(days) > 2 and self.days == tuple(range(self.days[0], self.days[0] + len(days)))
        named = f"{days[0]}-{days[-1]}" if run else ",".join(days)
        closes = "24:00" if self.closes == time(0) else f"{self.closes:%H:%M}"
        return f"{named} {self.opens:%H:%M}-{closes}"


class Upkeep(BaseModel):
    """An announced time in which nothing may be entered, whatever the hours say."""

    model_config = ConfigDict(frozen=True)

    begins: datetime
    ends: datetime
    about: str = "upkeep"

    @model_validator(mode="after")
    def _check(self) -> "Upkeep":
        if self.begins.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("upkeep begins and ends at moments with a time zone, as 2026-11-28T22:00:00+01:00")
        if self.ends <= self.begins:
            raise ValueError("upkeep ends after it begins")
        return self


class Windows(BaseModel):
    """When one system may be worked on; without `hours` it is always open but for upkeep."""

    model_config = ConfigDict(frozen=True)

    time_zone: str = "UTC"
    hours: tuple[Hours, ...] = ()
    holidays: tuple[date, ...] = ()
    upkeep: tuple[Upkeep, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone {name}") from None
        return name

    def is_open(self, now: datetime) -> bool:
        """Whether work may begin at `now` (with a time zone)."""
        return self.next_open(now) == now

    def next_open(self, now: datetime) -> datetime | None:
        """The first moment from `now` on at which work may begin; `now` itself when open; None when there is none."""
        moment = now
        while moment - now <= FARTHEST:
            upkeep = next((quiet for quiet in self.upkeep if quiet.begins <= moment < quiet.ends), None)
            if upkeep is not None:
                moment = upkeep.ends
                continue
            opens = self._opens(moment)
            if opens is None or opens <= moment:
                return None if opens is None else _like(moment, now)
            moment = opens
        return None

    def why_closed(self, now: datetime) -> str:
        """What keeps the system closed at `now`, for people: what the upkeep is about, else its working hours."""
        return next((quiet.about for quiet in self.upkeep if quiet.begins <= now < quiet.ends), "working hours")

    def _opens(self, moment: datetime) -> datetime | None:
        """When the period begins that is open at `moment`, or the next one; upkeep is another matter."""
        if not self.hours:
            return moment
        found = [begins for begins, ends in self._periods(moment) if ends > moment]
        return min(found, default=None)

    def _periods(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The opening periods that may matter, day by day; the first day with one that ends later is the last."""
        zone = ZoneInfo(self.time_zone)
        first = moment.astimezone(zone).date() - timedelta(days=1)
        seen = 0
        for count in range(FARTHEST.days + 2):
            day = first + timedelta(days=count)
            if day in self.holidays:
                continue
            for hours in self.hours:
                if day.weekday() in hours.days:
                    begins, ends = _period(hours, day, zone)
                    if begins < ends:
                        seen += ends > moment
                        yield begins, ends
            if seen and count > 1:
                return


def _period(hours: Hours, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """One period of one day. In an hour that a clock change doubles or skips, only what both readings call open."""
    last = day + timedelta(days=1) if hours.closes <= hours.opens else day
    return max(_readings(day, hours.opens, zone)), min(_readings(last, hours.closes, zone))


def _readings(day: date, clock: time, zone: ZoneInfo) -> list[datetime]:
    local = datetime.combine(day, clock, zone)
    return [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]


def _like(moment: datetime, now: datetime) -> datetime:
    return now if moment == now else moment.astimezone(now.tzinfo)


def _days(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = (name.strip().title()[:3] for name in part.partition("-"))
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"“{part.strip()}” names no weekday; the weekdays are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(range(begin, end + 1) if begin <= end else (*range(begin, 7), *range(end + 1)))
    return tuple(sorted(found))
