"""Stand-in systems that answer at once: behind the bots' own seam, so that only what lies around an entry is measured.

Both sides of the comparison work on them: Baton through `perform` and `read_record`, the bare workflow through its own
activities. An order that was marked as failed is found delivered when it is read the next time: such a case runs
through its journey and closes without a person.
"""

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bots.kit.contract import Captured, Hands, Job, Route, RouteKey
from core.outcome import Sighting
from core.work_item import Kind
from systems.registry import SYSTEMS

OUT_FOR_DELIVERY, FAILED, DELIVERED = "30", "50", "40"

Record = dict[str, Any]


class Desk:
    """One system in memory: records by their key, and entries by our reference."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.entries: dict[str, dict[str, str]] = {}
        self.numbers = itertools.count(1)


class DeskHands:
    """One open job; every verb answers at once."""

    browser_pid: int | None = None
    browser_started: float | None = None

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._job: Job | None = None

    async def find(self, job: Job) -> Sighting:
        """The record for a change, our own entry for a create."""
        self._job = job
        return self._sight(job)

    async def enter(self, job: Job) -> None:
        """Nothing to type."""
        self._job = job

    async def filled(self, job: Job) -> dict[str, str]:
        """What was typed."""
        return dict(job.part.image)

    async def submit(self, job: Job) -> str:
        """Keep the entry; a running number."""
        image = job.part.image
        self._desk.entries[job.reference] = image
        if job.operation.kind is Kind.CHANGE:
            self._desk.records[job.operation.target(job.entry)].update(image)
        return f"C-{next(self._desk.numbers):06d}"

    async def read_back(self, job: Job) -> Sighting:
        """The record as it is now."""
        return self._sight(job)

    async def read(self, what: str, key: str) -> dict[str, object]:
        """A whole order. One that was marked has been delivered meanwhile."""
        assert what == "order", what
        record = self._desk.records.setdefault(key, new_order(key))
        if record["status"] == FAILED:
            record["status"] = DELIVERED
        return dict(record)

    async def capture(self, taken: str) -> list[Captured]:
        """What was sent, as a small JSON document."""
        if self._job is None:
            return []
        sent = {"operation": self._job.operation.name, "entry": self._job.entry.model_dump(mode="json")}
        return [Captured(kind="snapshot", taken=taken, name="request.json", data=json.dumps(sent, indent=2).encode())]

    def _sight(self, job: Job) -> Sighting:
        if job.operation.kind is Kind.CREATE:
            found = self._desk.entries.get(job.reference)
        else:
            found = self._desk.records[job.operation.target(job.entry)]
        if found is None:
            return Sighting()
        wanted = {field.name: str(found[field.name]) for field in job.part.fields}
        return Sighting(records=[wanted], ours=[job.reference in self._desk.entries])


class DeskRoute:
    """A route to a desk, as the bot worker takes it."""

    name = "memory"
    version = "benchmark-1"

    def __init__(self, system: str) -> None:
        self.system = system
        self._desk = Desk()

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A job's hands."""
        step(f"open as {account}")
        yield DeskHands(self._desk)

    async def kill(self, account: str) -> None:
        """No process belongs to it."""

    async def close(self) -> None:
        """Nothing is open."""


def new_routes() -> dict[RouteKey, Route]:
    """Both systems, empty, for one side of the comparison."""
    return {RouteKey(system.name, system.route): DeskRoute(system.name) for system in SYSTEMS.values()}


def new_order(order_no: str) -> Record:
    """An order that is out for delivery."""
    return {
        "order_no": order_no,
        "customer_no": "K-10234",
        "name": "Greta Lindqvist",
        "street": "Hafenweg",
        "house_no": "12a",
        "postcode": "28195",
        "city": "Bremen",
        "phone": "0421 555 0123",
        "email": "greta@example.org",
        "tier": "A",
        "status": OUT_FOR_DELIVERY,
        "reason": "",
        "attempt": "0",
        "parcels": ["P-88112345"],
        "delivery_date": "20.11.2026",
        "window": "9",
        "remarks": "",
    }
