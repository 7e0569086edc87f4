"""One commit of an operation, and the pure judgement of what a bot saw when it looked for it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.outcome import Answer, Difference, Sighting
from core.work_item import Kind

Normaliser = Callable[[str], str]


def plain(value: str) -> str:
    """Spaces folded, Unicode composed: what a screen does to a text without changing it."""
    return " ".join(unicodedata.normalize("NFC", value).split())


def code(value: str) -> str:
    """A numeric code without leading zeros: '07' and '7' are the same."""
    return plain(value).lstrip("0") or "0"


class DataClass(StrEnum):
    """What a field's value is, and so what evidence may show: anything, nothing about people, nothing at all."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - the name of a class


@dataclass(frozen=True)
class Field:
    """One field of an operation: its name in entry and image, the screen's label, and when two texts are equal.

    `holds` is what evidence goes by; a field of which nothing is said may hold anything about a person.
    """

    name: str
    label: str
    same: Normaliser = plain
    holds: DataClass = DataClass.PERSONAL


@dataclass(frozen=True)
class Part:
    """One commit. Most operations have one; a wizard that saves per page, or a header with lines, has several.

    `name` is empty for the only part, else unique within the operation ("header", "line-1"). `image` says how the
    record must look on the screen once this part is in, field name to text; for a *remove* it is how the record looks
    that is to go.
    """

    name: str
    title: str
    kind: Kind
    fields: tuple[Field, ...]
    image: dict[str, str]

    def matching(self, sighting: Sighting) -> list[dict[str, str]]:
        """The records that count for this part: what adds up is found by our own reference and never by value."""
        if self.kind is not Kind.AMOUNT:
            return sighting.records
        return [record for record, ours in zip(sighting.records, sighting.ours, strict=False) if ours]

    def judge(self, sighting: Sighting, before: dict[str, str] | None) -> Answer:
        """What a sighting means for this part, on a record that was `before` at the intent."""
        if not sighting.readable:
            return Answer.CANNOT_TELL
        if self.kind in (Kind.AMOUNT, Kind.CREATE):
            return self._judge_create(self.matching(sighting))
        if self.kind is Kind.REMOVE:
            return self._judge_remove(sighting.records, before)
        return self._judge_change(sighting.records, before)

    def differences(self, seen: dict[str, str], wanted: dict[str, str] | None = None) -> list[Difference]:
        """The declared fields in which `seen` is not `wanted` (the image), compared by each field's normaliser."""
        wanted = self.image if wanted is None else wanted
        return [
            Difference(field=field.name, label=field.label, wanted=wanted[field.name], seen=seen.get(field.name, ""))
            for field in self.fields
            if field.name in wanted and field.same(wanted[field.name]) != field.same(seen.get(field.name, ""))
        ]

    def _judge_create(self, records: list[dict[str, str]]) -> Answer:
        if not records:
            return Answer.ABSENT
        if len(records) > 1:
            return Answer.SEVERAL
        return Answer.DIFFERENT if self.differences(records[0]) else Answer.EQUAL

    def _judge_change(self, records: list[dict[str, str]], before: dict[str, str] | None) -> Answer:
        if not records:
            return Answer.ABSENT
        if len(records) > 1:
            return Answer.SEVERAL
        if not self.differences(records[0]):
            return Answer.AFTER
        if before is not None and not self.differences(records[0], before):
            return Answer.BEFORE
        return Answer.OTHER

    def _judge_remove(self, records: list[dict[str, str]], before: dict[str, str] | None) -> Answer:
        if not records:
            return Answer.AFTER
        if len(records) > 1:
            return Answer.SEVERAL
        return Answer.OTHER if self.differences(records[0], before or self.image) else Answer.BEFORE
