"""What changed of a screen: two layouts of it compared field by field, as data and in words."""

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import Self

from pydantic import BaseModel, ConfigDict

ALIKE = 0.55
"""How alike two captions in one place must be to be the same field under another name (1 is equal)."""
MOST_WORDS = 8
"""Changes that a sentence names; of a screen that is another one altogether nobody reads them all."""


class LayoutField(BaseModel):
    """One thing of a screen.

    `caption` is what people read beside it, `name` what the page calls it; empty where a page gives it another one each
    time. `kind` says what it is: a kind of field (text, select, checkbox), cell, column, button or title; empty where
    nobody looked. `row` is where it stands, from the top.
    """

    model_config = ConfigDict(frozen=True)

    caption: str
    name: str = ""
    kind: str = ""
    row: int = 0

    @property
    def words(self) -> str:
        """What people call it."""
        return f'{_NOUNS.get(self.kind, "field")} "{self.caption or self.name}"'

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{_PLACES.get(self.kind, 'row')} {self.row}"


_NOUNS = {"title": "title", "column": "column", "button": "button"}
_PLACES = {"column": "place", "cell": "place"}


class Layout(BaseModel):
    """What a screen consists of, in the order in which people read it; `screen` is what it is called."""

    model_config = ConfigDict(frozen=True)

    screen: str
    fields: tuple[LayoutField, ...] = ()

    @classmethod
    def of(cls, screen: str, fields: Iterable[tuple[str, str]], kind: str = "", title: str = "") -> Self:
        """A layout of captions and names, one below the other, under a title."""
        head = (LayoutField(caption=title, name="#title", kind="title"),) if title else ()
        rows = enumerate(fields, start=1)
        below = (LayoutField(caption=caption, name=name, kind=kind, row=row) for row, (caption, name) in rows)
        return cls(screen=screen, fields=(*head, *below))


class Change(BaseModel):
    """One field that is not as it was: new without `was`, gone without `now`; `moved` against the others."""

    model_config = ConfigDict(frozen=True)

    was: LayoutField | None = None
    now: LayoutField | None = None
    moved: bool = False

    @property
    def words(self) -> str:
        """The change as people say it: field "Reason code" is now "Cause", moved from row 3 to row 5."""
        was, now = self.was, self.now
        if was is None or now is None:
            only = was or now
            return "" if only is None else f"{only.words} is {'new' if was is None else 'gone'}"
        said = []
        if was.caption != now.caption:
            said.append(f'is now "{now.caption or now.name}"')
        if was.name != now.name:
            said.append(f'is called "{now.name}" by the page in place of "{was.name}"')
        if _otherwise(was.kind, now.kind):
            said.append(f"is of kind {now.kind} in place of {was.kind}")
        if self.moved:
            said.append(f"moved from {was.place} to {now.place}")
        return f"{was.words} {', '.join(said)}"


def differences(good: Layout, now: Layout) -> tuple[Change, ...]:
    """What is not as it was, in the order of the screen as it is now, what is gone at the end; empty when all is.

    A field that was moved or renamed is one change: it is known again by its name on the page, else by its caption,
    else by standing in the same place under a similar caption.
    """
    pairs = _pairs(good.fields, now.fields)
    moved = _moved(pairs)
    was_of = {at: was for was, at in pairs}
    found = []
    for at, field in enumerate(now.fields):
        was = good.fields[was_of[at]] if at in was_of else None
        change = Change(was=was, now=field, moved=at in moved and was is not None and was.row != field.row)
        if was is None or change.moved or _changed(was, field):
            found.append(change)
    known = {was for was, _ in pairs}
    return (*found, *(Change(was=field) for at, field in enumerate(good.fields) if at not in known))


def in_words(changes: Sequence[Change]) -> str:
    """All changes in one line."""
    said = [change.words for change in changes[:MOST_WORDS]]
    left = len(changes) - len(said)
    return "; ".join([*said, f"and {left} more"] if left else said)


def _changed(was: LayoutField, now: LayoutField) -> bool:
    return (was.caption, was.name) != (now.caption, now.name) or _otherwise(was.kind, now.kind)


def _otherwise(was: str, now: str) -> bool:
    """Whether both kinds are known, and not the same."""
    return bool(was and now) and was != now


Key = Callable[[LayoutField], object]


def _pairs(good: Sequence[LayoutField], now: Sequence[LayoutField]) -> list[tuple[int, int]]:
    """Which field of now is which one of before: their places in the two layouts, in the order of before.

    The surest likeness comes first; what was recognised by it is left out of the next.
    """
    found: dict[int, int] = {}
    for key in (_by_all, _by_name, _by_caption):
        _match(good, now, key, found)
    taken = set(found.values())
    for at, was in enumerate(good):
        near = [place for place, field in enumerate(now) if place not in taken and field.row == was.row]
        alike = [place for place in near if at not in found and _alike(was, now[place])]
        if len(alike) == 1:
            found[at] = alike[0]
            taken.add(alike[0])
    return sorted(found.items())


def _match(good: Sequence[LayoutField], now: Sequence[LayoutField], key: Key, found: dict[int, int]) -> None:
    """Pair what has the same key; of several with one key the first with the first."""
    taken = set(found.values())
    free: dict[object, list[int]] = {}
    for at, field in enumerate(now):
        if at not in taken and key(field):
            free.setdefault(key(field), []).append(at)
    for at, was in enumerate(good):
        if at not in found and free.get(key(was)):
            found[at] = free[key(was)].pop(0)


def _by_all(field: LayoutField) -> object:
    return (field.caption, field.name)


def _by_name(field: LayoutField) -> object:
    return field.name


def _by_caption(field: LayoutField) -> object:
    return field.caption


def _alike(one: LayoutField, other: LayoutField) -> bool:
    """Whether two captions are similar enough to be one field's, before and after."""
    return SequenceMatcher(None, one.caption.casefold(), other.caption.casefold()).ratio() >= ALIKE


def _moved(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """Which places of now are out of order: all but a longest run of fields that follow one another as before.

    A field that is new or gone pushes the others up or down; they have not moved. Of two runs the one counts in which
    more stands where it stood.
    """
    best: list[tuple[tuple[int, int], list[int]]] = []
    for was, at in pairs:
        before = [run for run in best if run[1][-1] < at]
        (length, stayed), run = max(before, key=lambda one: one[0], default=((0, 0), []))
        best.append(((length + 1, stayed + (was == at)), [*run, at]))
    kept = max(best, key=lambda one: one[0], default=((0, 0), []))[1]
    return {at for _, at in pairs} - set(kept)
