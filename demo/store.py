"""The data file of one demo system, and its ledger: one SQLite file, one transaction per change, a JSONL mirror."""

import fcntl
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

Row = dict[str, Any]

_REFERENCE = re.compile(r"BTN-[A-Z0-9]+")
_LEDGER_TABLE = "CREATE TABLE IF NOT EXISTS ledger (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)"


class FolderInUseError(Exception):
    """Another process keeps its data in this folder."""


def find_reference(text: str | None) -> str | None:
    """The first Baton reference in what somebody typed, or None."""
    found = _REFERENCE.search(text or "")
    return found.group(0) if found else None


@dataclass(frozen=True)
class Entry:
    """What a committed change leaves in the ledger, before it has its number and time."""

    account: str
    operation: str
    key: str
    reference: str | None
    before: Row | None
    after: Row
    confirmation: str


class Store:
    """Opens the data folder of one system; refuses a folder that another process holds.

    `connection` is for reading and for the statements inside `change()`. One process, one thread: what runs between two
    awaits is not interrupted by another request.
    """

    def __init__(self, folder: Path, system: str, schema: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.system = system
        self._lock = _take_folder(folder)
        # A rollback journal and FULL, not a write-ahead log: Debian 12's SQLite still has the log's corruption race.
        self.connection = sqlite3.connect(folder / f"{system}.sqlite", isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(schema)
        self.connection.execute(_LEDGER_TABLE)
        self._mirror = folder / "ledger.jsonl"
        self._mirrored = self._heal_mirror()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, without a ledger row: for seeds."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def change(self) -> Iterator[list[Entry]]:
        """A change and its ledger rows in one transaction; append an Entry per change; the mirror follows."""
        entries: list[Entry] = []
        with self.transaction() as connection:
            yield entries
            for entry in entries:
                seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM ledger").fetchone()[0]
                connection.execute("INSERT INTO ledger VALUES (?, ?)", (seq, self._line(seq, entry)))
        self._append_to_mirror()

    def ledger(self) -> list[Row]:
        """Every committed change, oldest first."""
        return [json.loads(line) for line in self._lines_after(0)]

    def close(self) -> None:
        """Lets go of the file and of the folder."""
        self.connection.close()
        self._lock.close()

    def _line(self, seq: int, entry: Entry) -> str:
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        return json.dumps({"seq": seq, "at": at, "system": self.system, **vars(entry)}, ensure_ascii=False)

    def _lines_after(self, seq: int) -> list[str]:
        rows = self.connection.execute("SELECT line FROM ledger WHERE seq > ? ORDER BY seq", (seq,))
        return [row["line"] for row in rows]

    def _append_to_mirror(self) -> None:
        lines = self._lines_after(self._mirrored)
        with self._mirror.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        self._mirrored += len(lines)

    def _heal_mirror(self) -> int:
        """Writes the mirror anew when it is not what the data file says: a kill came between commit and mirror."""
        lines = self._lines_after(0)
        text = "".join(line + "\n" for line in lines)
        if not self._mirror.exists() or self._mirror.read_text(encoding="utf-8", errors="replace") != text:
            fresh = self._mirror.with_suffix(".new")
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._mirror)
        return len(lines)


def _take_folder(folder: Path) -> TextIO:
    lock = (folder / ".in-use").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        lock.close()
        raise FolderInUseError(folder) from busy
    return lock
