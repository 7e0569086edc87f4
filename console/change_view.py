"""A system change as its pages show it: each item done since, side by side with what its screen kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from console import words
from console.item_view import ItemCard, Try
from core.work_item import Kind
from records.system_change import ItemMark, SystemChange, Verdict
from records.system_changes import DoneItem, Show, Tally
from records.trail import Evidence
from systems.part import Field, Part
from systems.registry import SYSTEMS

TITLES = {
    Show.ALL: "All",
    Show.SAMPLE: "Sample",
    Show.UNSEEN: "Not looked at",
    Show.RIGHT: "Right",
    Show.WRONG: "Wrong",
}
MARKS = {
    Verdict.RIGHT: words.Look("Right", "good", "circle-check"),
    Verdict.WRONG: words.Look("Wrong", "bad", "alert-triangle"),
}
UNSEEN = words.Look("Not looked at", "", "circle-dashed")
WITHDRAWN = words.Look("Withdrawn", "", "archive")
AHEAD = words.Look("Lies ahead", "note", "clock")
HOLDS = words.Look("In force", "warn", "git-pull-request")
_BY_HAND = "person"
_SCREENS = ("after_submit", "looked", "before_submit")
"""What was on the screen once the entry was in comes first."""


@dataclass(frozen=True)
class Line:
    """One field: what we hold entered, what was read back from the record; `differs`: look here."""

    label: str
    entered: str
    kept: str | None
    differs: bool = False


@dataclass(frozen=True)
class Commit:
    """One commit of an entry."""

    title: str
    confirmation: str
    lines: list[Line]


@dataclass(frozen=True)
class Side:
    """An item that was done: the entry, and the screens and papers of the try that finished it."""

    row: DoneItem
    card: ItemCard
    commits: list[Commit]
    last: Try | None
    screens: list[Evidence]

    @property
    def by(self) -> str:
        """Who entered it, by which way and with which version."""
        if self.row.item.route == _BY_HAND:
            return "By hand; Baton looked for it on the screen."
        version = self.last.attempt.bot_version if self.last is not None else ""
        found = "Found on the screen" if self.row.item.adopted else "Entered"
        return f"{found} by {self.card.way.lower()}{f', version {version}' if version else ''}."


def side(row: DoneItem, card: ItemCard) -> Side:
    """The item with both its sides."""
    finished = [one for one in card.tries if one.attempt.outcome == "done"]
    last = finished[0] if finished else None
    frames = [frame for one in finished for frame in one.frames]
    screens = sorted(frames, key=lambda frame: _SCREENS.index(frame.taken) if frame.taken in _SCREENS else 9)
    return Side(row, card, _commits(card), last, screens)


def look(mark: ItemMark | None) -> words.Look:
    """How an item is marked."""
    return MARKS[mark.verdict] if mark is not None else UNSEEN


def standing(change: SystemChange, now: datetime) -> words.Look:
    """How a change stands."""
    if change.withdrawn_at is not None:
        return WITHDRAWN
    return AHEAD if change.at > now else HOLDS


def concerns(change: SystemChange) -> str:
    """What a change is about."""
    parts = [words.operation(change.system, change.operation) if change.operation else "everything"]
    parts += [f"screen {change.screen}"] if change.screen else []
    parts += [change.environment] if change.environment != "production" else []
    return ", ".join(parts)


def first(tally: Tally) -> Show:
    """What is shown when nothing was chosen: a sample where one was drawn, else everything."""
    return Show.SAMPLE if tally.sampled else Show.ALL


def counts(tally: Tally) -> dict[Show, int]:
    """How many each list holds, where that is known without reading it."""
    return {Show.ALL: tally.done, Show.SAMPLE: tally.sampled, Show.RIGHT: tally.right, Show.WRONG: tally.wrong}


def place(row: DoneItem) -> str:
    """The item's own page."""
    return f"/cases/{row.case_number}#item-{row.item.id}" if row.case_number else f"/items/{row.item.id}"


def operations_of(rows: Sequence[DoneItem]) -> dict[str, str]:
    """The operations among these items, with their titles."""
    return {row.item.operation: words.operation(row.item.system, row.item.operation) for row in rows}


def known(system: str, operation: str) -> bool:
    """Whether this version of Baton still knows how to read such an item."""
    return system in SYSTEMS and operation in SYSTEMS[system].operations


def _commits(card: ItemCard) -> list[Commit]:
    entry = card.operation.entry.model_validate(card.revision.content)
    parts = card.operation.parts_of(entry)
    entered = {part.number: part for part in card.story.parts}
    found = []
    for number, part in enumerate(parts, 1):
        row = entered.get(number)
        result = row.result if row is not None else card.item.result if len(parts) == 1 else None
        confirmation = (row.confirmation if row is not None else card.item.confirmation) or ""
        found.append(Commit(part.title, confirmation, _lines(part, result)))
    return found


def _lines(part: Part, result: Mapping[str, object] | None) -> list[Line]:
    """What is to be gone has nothing that could be compared with it."""
    kept = {name: str(value) for name, value in (result or {}).items() if value is not None}
    known = {one.name: one for one in part.fields}
    lines = []
    for name, value in part.image.items():
        there = kept.get(name) if part.kind is not Kind.REMOVE else None
        one = known.get(name, Field(name, words.humanised(name)))
        lines.append(Line(one.label, value, there, there is not None and one.same(there) != one.same(value)))
    return lines
