"""What a system file declares, and the pure judgement of what a bot saw."""

import hashlib
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.outcome import Answer, Difference, Sighting
from core.work_item import Kind


class Entry(BaseModel):
    """What is to be keyed into a system; subclasses are the operations' forms."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Normaliser = Callable[[str], str]


def plain(value: str) -> str:
    """Spaces folded, Unicode composed: what a screen does to a text without changing it."""
    return " ".join(unicodedata.normalize("NFC", value).split())


def code(value: str) -> str:
    """A numeric code without leading zeros: '07' and '7' are the same."""
    return plain(value).lstrip("0") or "0"


@dataclass(frozen=True)
class Field:
    """One field of an operation: its name in entry and image, the screen's label, and when two texts are equal."""

    name: str
    label: str
    same: Normaliser = plain


@dataclass(frozen=True)
class Operation:
    """One thing that can be done on a system.

    `target` gives the natural key of the record that an entry is about; `image` says how the record must look on the
    screen once the entry is in, field name to text.
    """

    system: str
    name: str
    title: str
    kind: Kind
    entry: type[Entry]
    fields: tuple[Field, ...]
    target: Callable[[Any], str]
    image: Callable[[Any], dict[str, str]]
    searchable: bool = True

    def judge(self, sighting: Sighting, wanted: dict[str, str], before: dict[str, str] | None) -> Answer:
        """What a sighting means for an entry that wants `wanted`, on a record that was `before` at the intent."""
        if not sighting.readable:
            return Answer.CANNOT_TELL
        if self.kind is Kind.CREATE:
            return self._judge_create(sighting, wanted)
        return self._judge_change(sighting, wanted, before)

    def _judge_create(self, sighting: Sighting, wanted: dict[str, str]) -> Answer:
        if not sighting.records:
            return Answer.ABSENT
        if len(sighting.records) > 1:
            return Answer.SEVERAL
        return Answer.DIFFERENT if self.differences(wanted, sighting.records[0]) else Answer.EQUAL

    def _judge_change(self, sighting: Sighting, wanted: dict[str, str], before: dict[str, str] | None) -> Answer:
        if not sighting.records:
            return Answer.ABSENT
        if len(sighting.records) > 1:
            return Answer.SEVERAL
        seen = sighting.records[0]
        if not self.differences(wanted, seen):
            return Answer.AFTER
        if before is not None and not self.differences(before, seen):
            return Answer.BEFORE
        return Answer.OTHER

    def differences(self, wanted: dict[str, str], seen: dict[str, str]) -> list[Difference]:
        """The declared fields in which `seen` is not `wanted`, compared by each field's normaliser."""
        return [
            Difference(field=field.name, label=field.label, wanted=wanted[field.name], seen=seen.get(field.name, ""))
            for field in self.fields
            if field.name in wanted and field.same(wanted[field.name]) != field.same(seen.get(field.name, ""))
        ]

    def preview(self, entry: Entry) -> list[tuple[str, str]]:
        """What will be keyed, as label and text in the order of the screen."""
        image = self.image(entry)
        return [(field.label, image[field.name]) for field in self.fields if field.name in image]


@dataclass(frozen=True)
class System:
    """A legacy system: what can be done on it, with how many seats, and how patient one has to be with it.

    `settle_seconds` is the longest time after a click in which the system may still commit; it is longer than the
    lease, so that a holder that lost its lease is surely past its click.
    """

    name: str
    title: str
    accounts: tuple[str, ...]
    operations: dict[str, Operation]
    settle_seconds: float
    route: str = "bot"

    @property
    def queue(self) -> str:
        """The Temporal task queue of this system's bots."""
        return f"bots-{self.name}"


def content_hash(content: dict[str, Any]) -> str:
    """A hash of an entry's content that does not depend on the order of its fields (SHA-256, hexadecimal)."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
