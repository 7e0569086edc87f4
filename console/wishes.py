"""How somebody wants to be told, as a form: read from what is kept, and checked before it is kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, ValidationError

from console.forms import FieldError, Input
from console.told_words import KINDS
from core.calendar import Calendar, Hours
from core.faults import SystemDown
from fallbacks.outbound import ForbiddenTargetError, Outbound
from records.told_preference import Channel, ToldPreference

CHANNELS = (
    (Channel.PAGE.value, "On the page"),
    (Channel.MAIL.value, "Also by mail"),
    (Channel.WEBHOOK.value, "Also by webhook"),
    (Channel.NONE.value, "Not at all"),
)
LABELS = {"webhook_url": "Webhook's address", "time_zone": "Time zone", "hours": "Hours"}
LONGEST = 1000
MOST_PERIODS = 30


class Wishes(BaseModel):
    """What was chosen, once it is right."""

    model_config = ConfigDict(frozen=True)

    channels: dict[str, str]
    webhook_url: str
    time_zone: str
    hours: tuple[str, ...]


def kept(row: ToldPreference) -> dict[str, str]:
    """What is kept, as the form shows it."""
    shown = {f"to_{kind}": row.channels.get(kind, Channel.PAGE.value) for kind in KINDS}
    hours = "\n".join(row.hours)
    return {**shown, "webhook_url": row.webhook_url, "time_zone": row.time_zone, "hours": hours}


async def check(typed: Mapping[str, str], outbound: Outbound) -> tuple[Wishes | None, list[FieldError]]:
    """The wishes, or a sentence for each thing that is wrong with them."""
    channels = {kind: typed.get(f"to_{kind}", Channel.PAGE.value) for kind in KINDS}
    errors = [
        FieldError(field=f"to_{kind}", message="Please choose one of the four.")
        for kind, channel in channels.items()
        if channel not in set(Channel)
    ]
    url = typed.get("webhook_url", "").strip()
    wanted = Channel.WEBHOOK.value in channels.values()
    trouble = await _trouble_with(url, outbound) if url else "Something is to go by webhook, so it needs an address."
    if trouble and (url or wanted):
        errors.append(FieldError(field="webhook_url", message=trouble))
    zone, hours = typed.get("time_zone", "").strip() or "UTC", _periods(typed.get("hours", ""))
    errors += _shift_errors(zone, hours)
    if errors:
        return None, errors
    return Wishes(channels=channels, webhook_url=url, time_zone=zone, hours=tuple(hours)), []


def keep(row: ToldPreference, wishes: Wishes, now: datetime) -> None:
    """Write the wishes into the row."""
    row.channels, row.webhook_url = wishes.channels, wishes.webhook_url
    row.time_zone, row.hours, row.updated_at = wishes.time_zone, list(wishes.hours), now


def fields(values: Mapping[str, str], errors: Sequence[FieldError] = ()) -> dict[str, list[Input]]:
    """The fields to draw: one for each kind, the webhook's, the shift's."""
    wrong = {error.field: error.message for error in errors}

    def drawn(name: str, label: str, kind: str, help_: str = "", **more: Any) -> Input:
        value, error = values.get(name, ""), wrong.get(name, "")
        return Input(name, label, kind, value=value, help=help_, required=False, error=error, **more)

    zone = "As Europe/Berlin; it follows summer time by itself."
    period = "One period a line, as Mon-Fri 08:00-16:30; empty: always on shift."
    return {
        "kinds": [drawn(f"to_{kind}", title, "choice", options=CHANNELS) for kind, title in KINDS.items()],
        "webhook": [
            drawn(
                "webhook_url",
                LABELS["webhook_url"],
                "text",
                "An https address on the internet that takes signed JSON; empty: none.",
                attributes=(("maxlength", str(LONGEST)), ("inputmode", "url")),
            )
        ],
        "shift": [
            drawn("time_zone", LABELS["time_zone"], "text", zone, attributes=(("list", "zones"),)),
            drawn("hours", LABELS["hours"], "area", period),
        ],
    }


def zones() -> list[str]:
    """Every time zone by its name, without the old short ones."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


async def _trouble_with(url: str, outbound: Outbound) -> str:
    if len(url) > LONGEST:
        return f"At most {LONGEST} characters."
    try:
        await outbound.target(url)
    except ForbiddenTargetError as forbidden:
        return str(forbidden)
    except SystemDown:
        return "Nobody knows this name at the moment; please check it."
    return ""


def _periods(text: str) -> list[str]:
    return [line.strip() for line in text.replace(";", "\n").splitlines() if line.strip()]


def _shift_errors(zone: str, hours: list[str]) -> list[FieldError]:
    errors = []
    try:
        Calendar.model_validate({"time_zone": zone})
    except ValidationError:
        message = f"There is no time zone {zone}; the names look like Europe/Berlin."
        errors.append(FieldError(field="time_zone", message=message))
    if len(hours) > MOST_PERIODS:
        return [*errors, FieldError(field="hours", message=f"At most {MOST_PERIODS} periods.")]
    for text in hours:
        try:
            Hours.model_validate(text)
        except ValidationError as trouble:
            said = trouble.errors()[0]["msg"].removeprefix("Value error, ").rstrip(".")
            errors.append(FieldError(field="hours", message=f"{said[:1].upper()}{said[1:]}."))
            break
    return errors
