"""The clock of a handoff: what it says on days that people know, with numbers reckoned by hand."""

from datetime import datetime, timedelta

from core.calendar import Calendar
from handoff.clock import (
    Clock,
    ClockKind,
    Target,
    Ticked,
    after,
)

OFFICE = Calendar.model_validate(
    {
        "name": "office",
        "time_zone": "Europe/Berlin",
        "hours": ["Mon-Fri 08:00-12:00", "Mon-Fri 13:00-17:00"],
        "holidays": ["2026-12-25"],
    }
)


def berlin(text: str) -> datetime:
    """A moment as Berlin wrote it in winter."""
    return datetime.fromisoformat(f"{text}+01:00")


def tick(what: str, at: str, **more: object) -> Ticked:
    """One tick at a time of Berlin's winter."""
    return Ticked.model_validate({"what": what, "at": berlin(at), **more})


def target(working: timedelta = timedelta(hours=4), **more: object) -> Target:
    """Four hours of the office, unless said otherwise."""
    given = {"kind": ClockKind.RESOLUTION, "working": working, "calendar": OFFICE, "policy": "p", "version": "1"}
    return Target.model_validate({**given, **more})


def started(at: str, working: timedelta = timedelta(hours=4)) -> Clock:
    """A clock that has just been started."""
    return after(None, tick("started", at, target=target(working)))


def test_working_time_passes_in_opening_hours_alone() -> None:
    """Four hours from a Thursday afternoon run through lunch, the night, a holiday and a weekend to Monday noon."""
    clock = started("2026-12-24 16:00")

    assert clock.due_at() == berlin("2026-12-28 11:00")
    assert clock.risk_due_at() == berlin("2026-12-28 10:00")
    assert clock.left_at(berlin("2026-12-26 10:00")) == timedelta(hours=3)
