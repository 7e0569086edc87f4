"""Stand-in systems that several bot processes share, and a ledger of what each kept: one row for each submit.

Nothing in the ledger forbids a second row, as nothing in a legacy system does: what is twice can be counted. A submit
is kept first and answered a moment later, so that a bot can be killed when its entry is in and nobody knows it yet.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from benchmarks.desk import DELIVERED, FAILED, Desk, DeskHands, DeskRoute, Record, new_order
from bots.kit.contract import Hands, Job, Route, RouteKey
from core.outcome import Sighting
from core.work_item import Kind
from systems.registry import SYSTEMS

ANSWER_SECONDS = 0.2
"""From an entry that is kept to its answer: as long as a page."""
PATIENT_SECONDS = 120
"""For the others' writes; a file takes one at a time."""
TABLES = """
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, operation TEXT, reference TEXT, image TEXT);
CREATE TABLE IF NOT EXISTS records (system TEXT, key TEXT, record TEXT, PRIMARY KEY (system, key));
"""


class Ledger:
    """The file of all systems."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._opened()) as connection:
            connection.executescript(TABLES)

    def keep(self, system: str, job: Job) -> str:
        """One more row, and the record that it changes; a running number."""
        image = job.part.image
        with closing(self._opened()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = (job.operation.name, job.reference, json.dumps(image))
            made = connection.execute("INSERT INTO entries (operation, reference, image) VALUES (?, ?, ?)", row)
            if job.operation.kind is Kind.CHANGE:
                key = job.operation.target(job.entry)
                self._put(connection, system, key, {**self._get(connection, system, key), **image})
            connection.execute("COMMIT")
            return f"C-{made.lastrowid:06d}"

    def entry(self, reference: str) -> dict[str, str] | None:
        """What was kept under our reference."""
        with closing(self._opened()) as connection:
            query = "SELECT image FROM entries WHERE reference = ? ORDER BY id DESC"
            found = connection.execute(query, (reference,)).fetchone()
        return json.loads(found[0]) if found else None

    def record(self, system: str, key: str) -> Record:
        """A record as it is now."""
        with closing(self._opened()) as connection:
            return self._get(connection, system, key)

    def order(self, system: str, key: str) -> Record:
        """A whole order. One that was marked has been delivered meanwhile."""
        with closing(self._opened()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            record = self._get(connection, system, key) or new_order(key)
            record["status"] = DELIVERED if record["status"] == FAILED else record["status"]
            self._put(connection, system, key, record)
            connection.execute("COMMIT")
        return record

    def counts(self) -> dict[str, tuple[int, int]]:
        """Rows and different references by operation."""
        query = "SELECT operation, count(*), count(DISTINCT reference) FROM entries GROUP BY operation"
        with closing(self._opened()) as connection:
            return {name: (rows, references) for name, rows, references in connection.execute(query)}

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=PATIENT_SECONDS, isolation_level=None)

    @staticmethod
    def _get(connection: sqlite3.Connection, system: str, key: str) -> Record:
        query = "SELECT record FROM records WHERE system = ? AND key = ?"
        found = connection.execute(query, (system, key)).fetchone()
        return json.loads(found[0]) if found else {}

    @staticmethod
    def _put(connection: sqlite3.Connection, system: str, key: str, record: Record) -> None:
        row = (system, key, json.dumps(record))
        connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", row)


class LedgerHands(DeskHands):
    """One open job on the shared file."""

    def __init__(self, system: str, ledger: Ledger) -> None:
        super().__init__(Desk())
        self._system = system
        self._ledger = ledger

    async def submit(self, job: Job) -> str:
        """Keep it, and answer a moment later."""
        number = self._ledger.keep(self._system, job)
        await asyncio.sleep(ANSWER_SECONDS)
        return number

    async def read(self, what: str, key: str) -> dict[str, object]:
        """A whole order."""
        assert what == "order", what
        return dict(self._ledger.order(self._system, key))

    def _sight(self, job: Job) -> Sighting:
        entered = self._ledger.entry(job.reference)
        if job.operation.kind is Kind.CREATE:
            found: Record | None = entered
        else:
            found = self._ledger.record(self._system, job.operation.target(job.entry))
        if found is None:
            return Sighting()
        wanted = {field.name: str(found.get(field.name, "")) for field in job.part.fields}
        return Sighting(records=[wanted], ours=[entered is not None])


class LedgerRoute(DeskRoute):
    """A route to the shared file, as the bot worker takes it."""

    def __init__(self, system: str, ledger: Ledger) -> None:
        super().__init__(system)
        self._ledger = ledger

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A job's hands."""
        step(f"open as {account}")
        yield LedgerHands(self.system, self._ledger)


def ledger_routes(path: Path) -> dict[RouteKey, Route]:
    """Every system, on one file."""
    ledger = Ledger(path)
    return {RouteKey(system.name, system.route): LedgerRoute(system.name, ledger) for system in SYSTEMS.values()}
