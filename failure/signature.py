"""What two failures have in common when they have one cause: the signature that groups them."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

SHORTEST_NAME = 3
"""A value of fewer characters is no name: taking each one out would leave nothing of a sentence."""


class Trouble(BaseModel):
    """What went wrong with one entry, as it was met.

    `screen` and `step` say where; `message` is what the system or the bot said, with whatever stood in it; `drift` is
    what changed of the screen, as `failure.difference` puts it.
    """

    model_config = ConfigDict(frozen=True)

    screen: str = ""
    step: str = ""
    message: str = ""
    drift: tuple[dict[str, Any], ...] = ()


class Signature(BaseModel):
    """What groups a failure. `key` is the same for the same parts."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    operation: str
    screen: str
    step: str
    code: str
    message: str
    drift: tuple[dict[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """A short name of all parts."""
        said = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:20]

    @property
    def looks(self) -> bool:
        """Whether it is the look itself that fails: such a group holds all doubt about its system."""
        return self.step in LOOKING


LOOKING = frozenset({"find", "read back"})
"""Steps at which a bot looks for an entry."""

_RULES = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "…"),
    (re.compile(r"https?://\S+"), "…"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", re.IGNORECASE), "…"),
    (re.compile(r"\b(?i:by|user|for|of|mr|mrs|ms|name)[.:\s]+([A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)*)"), "…"),
    (re.compile(r"\b(?i:locked by user|locked by|user *[:=]|name *[:=])\s*([\w.'-]+)"), "…"),
    (re.compile(r"\w*\d[\w:./,-]*"), "…"),
    (re.compile(r"…(?:[\s,.:/-]*…)+"), "…"),
    (re.compile(r"\s+"), " "),
)
"""What differs from one entry to the next without being another cause, in this order."""


def normalised(message: str, values: Iterable[str] = ()) -> str:
    """The message without numbers, dates, addresses and names; `values` are the entry's own, wherever they stand."""
    said = message
    for value in sorted({value.strip() for value in values}, key=len, reverse=True):
        if len(value) >= SHORTEST_NAME:
            whole = r"\s+".join(re.escape(word) for word in value.split())
            said = re.sub(rf"(?<!\w){whole}(?!\w)", "…", said, flags=re.IGNORECASE)
            said = _in_other_order(said, value)
    for pattern, instead in _RULES:
        said = pattern.sub(_named if pattern.groups else instead, said)
    return said.strip()[:300]


def _in_other_order(said: str, value: str) -> str:
    """Without two or more names of one value beside each other, as systems write *BERG, JANE* of Jane van der Berg."""
    names = {re.escape(word) for word in re.findall(r"\w[\w'-]+", value) if word[0].isupper()}
    if len(names) < 2:
        return said
    one = "|".join(sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{one})(?:[\s,]+(?:{one}))+(?!\w)", "…", said, flags=re.IGNORECASE)


def _named(found: re.Match[str]) -> str:
    return found.group(0).replace(found.group(1), "…")
