"""The judge of a sweep: the ledgers of the systems, against what was accepted."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from core.work_item import FINAL, NEEDS_PERSON, Kind, State
from systems.base import Entry
from systems.part import Part
from systems.registry import operation_of

Row = dict[str, Any]
_PART = re.compile(r"P\d+$")
WAITING = frozenset({State.READY, State.UNKNOWN, State.DEFERRED})
"""States that are neither an end nor a person's, but seen by everybody and bound to move."""


@dataclass(frozen=True)
class Accepted:
    """An intent that was accepted, and how its item stands now; None: there is no item.

    `gives_key`: the system numbers what is made, so that its key cannot be known before. `ledger`: what the system
    calls it.
    """

    system: str
    operation: str
    key: str
    entry: Entry
    reference: str
    state: State | None
    gives_key: bool = False
    ledger: tuple[str, ...] = ()

    @property
    def wanted(self) -> dict[str, Part]:
        """Each commit that is meant, by the reference that it carries."""
        parts = operation_of(self.system, self.operation).parts_of(self.entry)
        if len(parts) == 1:
            return {self.reference: parts[0]}
        return {f"{self.reference}P{number}": part for number, part in enumerate(parts, 1)}


@dataclass(frozen=True)
class Verdict:
    """What is wrong with one intent; all empty when nothing is."""

    lost: str = ""
    duplicated: str = ""
    wrong: str = ""

    @property
    def well(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong."""
        return not (self.lost or self.duplicated or self.wrong)


class Ledger:
    """The committed rows, by reference."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            self._rows[row["system"], row["reference"] or ""].append(row)

    def judge(self, accepted: Accepted, *, at_rest: bool = True) -> Verdict:
        """Hold one intent against the ledger; until everything is `at_rest`, what still moves is not lost."""
        wanted = accepted.wanted if accepted.reference else {}
        found = {mark: self._rows.get((accepted.system, mark), []) for mark in wanted}
        twice = [f"{mark} {len(rows)} times" for mark, rows in found.items() if len(rows) > 1]
        wrong = [told for mark, rows in found.items() for row in rows for told in _wrong(accepted, wanted[mark], row)]
        moving = accepted.state is not None and accepted.state not in FINAL and not at_rest
        return Verdict("" if moving else _lost(accepted, found), ", ".join(twice), ", ".join(wrong))

    def strangers(self, known: Collection[str]) -> list[str]:
        """Rows with a reference like ours that no work item has; `known` are the references of all items."""
        marks = [(system, mark) for system, mark in self._rows if mark and mark not in known]
        return [f"{system} {mark}" for system, mark in marks if _PART.sub("", mark) not in known]


def _lost(accepted: Accepted, found: dict[str, list[Row]]) -> str:
    """Neither in the ledger, nor with a person, nor waiting where everybody sees it."""
    if accepted.state is None:
        return "accepted, and there is no item"
    missing = [mark for mark, rows in found.items() if not rows]
    if not missing or accepted.state in NEEDS_PERSON or accepted.state in WAITING:
        return ""
    if accepted.state in FINAL:
        return f"{accepted.state.value}, and the ledger has no {' and no '.join(missing)}"
    return f"still {accepted.state.value}, and nothing moves"


def _wrong(accepted: Accepted, part: Part, row: Row) -> list[str]:
    """In what a row is not what was asked for; only fields that the ledger keeps can be compared."""
    told = []
    if row["operation"] not in (accepted.ledger or (accepted.operation,)):
        told.append(f"{row['operation']} in place of {accepted.operation}")
    if not accepted.gives_key and row["key"] != accepted.key:
        told.append(f"on {row['key']} in place of {accepted.key}")
    shown = row["before"] if part.kind is Kind.REMOVE else row["after"]
    seen = {name: str(value) for name, value in (shown or {}).items()}
    kept = {name: value for name, value in part.image.items() if name in seen}
    return told + [f"{one.field} {one.seen!r} in place of {one.wanted!r}" for one in part.differences(seen, kept)]
