"""The judge of a drill: the ledger against what was asked, the order of each record, writes nobody asked for."""

import itertools
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from baton.drill.entries import Part, Planned
from baton.sweep.judge import WAITING, Accepted, Ledger, Row
from core.work_item import FINAL, NEEDS_PERSON, State
from records.work_item import Attempt, WorkItem

IN_THE_DOOR = timedelta(seconds=2)
"""A try that was let in this moment learns of a hold only once it has begun."""


@dataclass(frozen=True)
class Shut:
    """From when to when nothing but a probe was to knock on a way."""

    route: str
    began: datetime
    ended: datetime

    def holds(self, tried: Attempt) -> bool:
        """Whether that try went that way, and began while it was shut."""
        return tried.route == self.route and self.began + IN_THE_DOOR < tried.started_at < self.ended


def against_ledger(
    part: Part, planned: Sequence[Planned], items: Sequence[WorkItem], rows: list[Row]
) -> dict[str, Any]:
    """What was lost, entered twice or entered wrongly, with the words for each."""
    ledger, by_id = Ledger(rows), {item.id: item for item in items}
    verdicts = []
    for one in planned:
        item = by_id.get(one.intent.id)
        verdicts.append((one, item, ledger.judge(_accepted(part, one, item))))
    strangers = ledger.strangers({item.reference for item in items})
    troubles = [
        f"{one.intent.target_key}, entry {one.turn + 1}, {item.reference if item else 'no item'}: {trouble}"
        for one, item, verdict in verdicts
        for trouble in (verdict.lost, verdict.duplicated, verdict.wrong)
        if trouble
    ]
    return {
        "lost": sum(bool(verdict.lost) for *_, verdict in verdicts),
        "duplicated": sum(bool(verdict.duplicated) for *_, verdict in verdicts),
        "wrong_record": sum(bool(verdict.wrong) for *_, verdict in verdicts),
        "troubles": troubles + [f"In the ledger, and nobody asked for it: {stranger}" for stranger in strangers],
    }


def order(items: Sequence[WorkItem], rows: Iterable[Row], before: Collection[uuid.UUID] = ()) -> list[str]:
    """What is out of order: an entry that is in the ledger before one of the same record that came before it.

    What was clicked for `before` anything was held went in the order in which bots came free for it.
    """
    place = {row["reference"]: row["seq"] for row in rows}
    by_key: dict[str, list[WorkItem]] = defaultdict(list)
    for item in sorted(items, key=lambda one: (one.created_at, one.id)):
        if item.reference in place:
            by_key[item.target_key].append(item)
    return [
        f"{key}: {later.reference} was entered before {earlier.reference}"
        for key, line in by_key.items()
        for earlier, later in itertools.pairwise(line)
        if place[later.reference] < place[earlier.reference] and later.id not in before
    ]


def write_probes(items: Sequence[WorkItem], tries: Iterable[Attempt], shut: list[Shut], rows: list[Row]) -> int:
    """Changes that nobody asked for, and clicks of tries that began while nothing was to knock."""
    known = {item.reference for item in items}
    unasked = [row for row in rows if row["reference"] not in known]
    clicks = [one for one in tries if one.submitted_at is not None and any(span.holds(one) for span in shut)]
    return len(unasked) + len(clicks)


def ends(items: Sequence[WorkItem], held: set[Any], promised: timedelta) -> dict[str, Any]:
    """How the entries ended, and whether the promises were kept."""
    person = [item for item in items if item.state in NEEDS_PERSON]
    settled = [item for item in items if item.state in FINAL | NEEDS_PERSON]
    kept = sum((item.ended_at or item.updated_at) - item.created_at <= promised for item in settled)
    return {
        "entered": sum(item.state is State.DONE for item in items),
        "adopted": sum(item.state is State.DONE and item.adopted for item in items),
        "to_person": len(person),
        "waiting": sum(item.state in WAITING for item in items),
        "unknown_resolved": sum(item.state is State.DONE and item.doubts > 0 for item in items),
        "held": len(held),
        "drained": sum(item.id in held and item.state in FINAL for item in items),
        "promises_kept": kept,
        "promises_missed": len(items) - kept,
    }


def _accepted(part: Part, one: Planned, item: WorkItem | None) -> Accepted:
    target = part.target
    reference, state = (item.reference, item.state) if item else ("", None)
    return Accepted(
        target.system,
        target.operation,
        one.intent.target_key,
        one.entry,
        reference,
        state,
        part.role.gives_key,
        part.role.ledger,
    )
