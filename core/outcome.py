"""What a step on a system can come to: five outcomes and no sixth."""

import re
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

_UNKEPT = re.compile("[\x00\ud800-\udfff]")
"""Characters no database keeps: NUL, and halves of characters that only JSON can carry."""


def keepable(value: Any) -> Any:
    """JSON without what no database keeps: a write that fails for ever would hold its case for ever."""
    if isinstance(value, str):
        return _UNKEPT.sub("", value)
    if isinstance(value, dict):
        return {keepable(name): keepable(inner) for name, inner in value.items()}
    return [keepable(inner) for inner in value] if isinstance(value, list) else value


class Outcome(StrEnum):
    """The five outcomes of one attempt."""

    DONE = "done"
    NOT_YET = "not_yet"
    REFUSED = "refused"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """What *find* saw on the screen, before it is decided what that means.

    A create answers ABSENT, EQUAL, DIFFERENT, SEVERAL or CANNOT_TELL; a change answers BEFORE, AFTER, OTHER,
    ABSENT (the record itself is missing), SEVERAL or CANNOT_TELL.
    """

    ABSENT = "absent"
    EQUAL = "equal"
    DIFFERENT = "different"
    SEVERAL = "several"
    BEFORE = "before"
    AFTER = "after"
    OTHER = "other"
    CANNOT_TELL = "cannot_tell"


class Sighting(BaseModel):
    """What a bot saw when it looked for a record.

    `records` are the matching records, field name to text as the screen showed it; `ours` tells for each whether it
    carries our reference; `confirmation` is the system's number for our entry where the screen shows it.
    `readable` is false when the screen could not be understood, and then nothing else counts.
    """

    model_config = ConfigDict(frozen=True)

    records: list[dict[str, str]] = Field(default_factory=list)
    ours: list[bool] = Field(default_factory=list)
    confirmation: str | None = None
    readable: bool = True

    @field_validator("records", "confirmation", mode="before")
    @classmethod
    def _keep(cls, shown: Any) -> Any:
        return keepable(shown)


class Difference(BaseModel):
    """One field whose value on the screen is not what was entered."""

    model_config = ConfigDict(frozen=True)

    field: str
    label: str
    wanted: str
    seen: str
