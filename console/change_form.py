"""The form in which a change of a system is noted: what it concerns, since when by which clock, and who said so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from console.forms import FieldError, Input
from records.system_change import SystemChange
from records.system_changes import Noted
from systems.base import PRODUCTION
from systems.environment import Environments
from systems.registry import SYSTEMS

LABELS = {
    "where": "What changed",
    "environment": "Environment",
    "screen": "Screen",
    "at": "Since when",
    "time_zone": "Time zone",
    "what": "What is different",
    "said_by": "Who said so",
    "watch_first": "Entries to watch",
}
LONGEST = {"screen": 120, "what": 1000, "said_by": 120}
MOST_WATCHED = 500
FARTHEST = timedelta(days=366)
"""A change farther away than this is a slip of the fingers."""


@dataclass(frozen=True)
class Asked:
    """What the form says, once it is right; `watch_first` entries are to stop filled, 0 for none."""

    noted: Noted
    watch_first: int


def kept(change: SystemChange) -> dict[str, str]:
    """A change as the form shows it, by the clock in which it was noted."""
    local = change.at.astimezone(ZoneInfo(change.time_zone))
    return {
        **change.model_dump(include={"environment", "screen", "time_zone", "what", "said_by"}),
        "where": f"{change.system}/{change.operation}".rstrip("/"),
        "at": local.strftime("%Y-%m-%dT%H:%M"),
    }


def fields(
    values: Mapping[str, str], errors: Sequence[FieldError], places: Environments, *, watches: bool
) -> list[Input]:
    """The fields to draw; `watches`: the next entries can be put under watch with it."""
    wrong = {error.field: error.message for error in errors}

    def drawn(name: str, kind: str, help_: str = "", *, needed: bool = True, **more: Any) -> Input:
        attributes = (("maxlength", str(LONGEST[name])),) if name in LONGEST else ()
        attributes += more.pop("attributes", ())
        value, error = values.get(name, ""), wrong.get(name, "")
        return Input(
            name,
            LABELS[name],
            kind,
            value=value,
            help=help_,
            required=needed,
            error=error,
            attributes=attributes,
            **more,
        )

    named = tuple((name, name.capitalize()) for name in environments(places))
    return [
        drawn("where", "choice", options=_choices()),
        *([drawn("environment", "choice", options=named)] if len(named) > 1 else []),
        drawn("screen", "text", "As it names itself, where one is known: S31 DELIVERY FAILURE.", needed=False),
        drawn("at", "datetime-local", "When entries first met it; better too early than too late. It may lie ahead."),
        drawn("time_zone", "text", "The clock that this time is read from.", attributes=(("list", "zones"),)),
        drawn("what", "area", "What people see there now, and what it was before."),
        drawn("said_by", "text", "The person, the vendor's note, the ticket."),
        *([_watch(drawn)] if watches else []),
    ]


def _watch(drawn: Any) -> Input:
    help_ = "So many of the next entries stop filled until a supervisor approves them. Empty: none."
    numbers = (("min", "0"), ("max", str(MOST_WATCHED)))
    found: Input = drawn("watch_first", "number", help_, needed=False, attributes=numbers)
    return found


def environments(places: Environments) -> list[str]:
    """The environments that any system declares, production first."""
    return [PRODUCTION, *sorted({one.name for one in places} - {PRODUCTION})]


def check(values: Mapping[str, str], places: Environments, now: datetime) -> tuple[Asked | None, list[FieldError]]:
    """What the form says, or a sentence for each thing that is wrong with it."""
    said = {name: values.get(name, "").replace("\r\n", "\n").strip() for name in LABELS}
    system, _, operation = said["where"].partition("/")
    environment = said["environment"] or PRODUCTION
    errors = [*_texts(said)]
    if said["where"] not in dict(_choices()) or not said["where"]:
        errors.append(FieldError(field="where", message="Please choose a system, or one of its operations."))
    if environment not in environments(places):
        errors.append(FieldError(field="environment", message="There is no such environment."))
    at, wrong = _moment(said["at"], said["time_zone"], now)
    errors += wrong
    watch_first = _number(said["watch_first"])
    if watch_first is None:
        errors.append(FieldError(field="watch_first", message=f"A whole number, at most {MOST_WATCHED}."))
    if errors or at is None or watch_first is None:
        return None, sorted(errors, key=lambda error: list(LABELS).index(error.field))
    noted = Noted(
        system=system,
        environment=environment,
        operation=operation,
        at=at,
        **{name: said[name] for name in ("screen", "time_zone", "what", "said_by")},
    )
    return Asked(noted, watch_first), []


def _choices() -> tuple[tuple[str, str], ...]:
    found = [("", "Choose…")]
    for system in sorted(SYSTEMS.values(), key=lambda one: one.title):
        found.append((system.name, f"{system.title}: everything"))
        found += [(f"{system.name}/{one.name}", f"{system.title}: {one.title}") for one in system.operations.values()]
    return tuple(found)


def _texts(said: Mapping[str, str]) -> list[FieldError]:
    missing = [FieldError(field=name, message="This is needed.") for name in ("what", "said_by") if not said[name]]
    long = [
        FieldError(field=name, message=f"At most {most} characters.")
        for name, most in LONGEST.items()
        if len(said[name]) > most
    ]
    return missing + long


def _moment(at: str, zone: str, now: datetime) -> tuple[datetime | None, list[FieldError]]:
    """The moment that a clock of this zone shows; of an hour that comes twice the first, so that no item is missed."""
    if zone not in available_timezones():
        said = f"There is no time zone {zone[:60]}; the names look like Europe/Berlin." if zone else "This is needed."
        return None, [FieldError(field="time_zone", message=said)]
    try:
        typed = datetime.fromisoformat(at)
    except ValueError:
        return None, [FieldError(field="at", message="A day and a time, please.")]
    where = ZoneInfo(zone)
    local = typed if typed.tzinfo is not None else typed.replace(tzinfo=where)
    if typed.tzinfo is None and local.astimezone(UTC).astimezone(where).replace(tzinfo=None) != typed:
        return None, [FieldError(field="at", message="The clocks are put forward over this time: there is none such.")]
    if abs(local - now) > FARTHEST:
        return None, [FieldError(field="at", message="Within a year of today, please.")]
    return local.astimezone(UTC), []


def _number(text: str) -> int | None:
    if not text:
        return 0
    found = int(text) if text.isdecimal() and text.isascii() and len(text) < 6 else MOST_WATCHED + 1
    return found if found <= MOST_WATCHED else None
