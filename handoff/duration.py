"""A span of working time as people write it: hours and minutes, "2h", "30m" or "1h30m".

There are no days: a day of eight hours or of twenty-four is what people argue about.
"""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

LONGEST = timedelta(days=365)
MINUTE = timedelta(minutes=1)

_WRITTEN = re.compile(r"(?:(\d{1,6})h)? ?(?:(\d{1,6})m)?")


def read(given: Any) -> Any:
    """The span that a text means. ValueError when nobody could say which: a bare number has no unit."""
    if isinstance(given, timedelta):
        return given
    found = _WRITTEN.fullmatch(str(given).strip())
    if found is None or not any(found.groups()):
        raise ValueError(f"“{given}” is no duration; write hours and minutes of working time, as 2h, 30m or 1h30m")
    return timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0))


def written(span: timedelta) -> str:
    """The text of a span, to the minute."""
    hours, minutes = divmod(span // MINUTE, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or not hours else "")


def _bounded(span: timedelta) -> timedelta:
    if not MINUTE <= span <= LONGEST:
        raise ValueError("a duration is one minute at least and a year, 8760h, at most")
    return span


Duration = Annotated[
    timedelta, BeforeValidator(read), AfterValidator(_bounded), PlainSerializer(written, when_used="json")
]
