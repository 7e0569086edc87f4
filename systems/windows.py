"""When a system may be worked on: its calendar, less the upkeep that was announced."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, model_validator

from core.calendar import Calendar, Stretch


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


class Windows(Calendar):
    """When one system may be worked on; without `hours` it is always open but for upkeep."""

    upkeep: tuple[Upkeep, ...] = ()

    def stretches(self, since: datetime) -> Iterator[Stretch]:
        """The calendar's open times, with the upkeep cut out."""
        quiet = sorted((upkeep.begins.astimezone(UTC), upkeep.ends.astimezone(UTC)) for upkeep in self.upkeep)
        for opens, closes in super().stretches(since):
            moment = opens
            for begins, ends in quiet:
                if moment < begins < closes:
                    yield moment, begins
                if begins < closes:
                    moment = max(moment, ends)
            if moment < closes:
                yield moment, closes

    def why_closed(self, now: datetime) -> str:
        """What keeps the system closed at `now`, for people: what the upkeep is about, else its working hours."""
        return next((quiet.about for quiet in self.upkeep if quiet.begins <= now < quiet.ends), "working hours")
