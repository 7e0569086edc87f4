"""The bookings themselves: what is kept, found and changed, each change with its ledger row."""

import json
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from demo.fieldboard import codes, technicians
from demo.fieldboard.forms import Form, day_of
from demo.store import Entry, Row, Store, find_reference

_FIELDS = (
    "reference", "name", "street", "house_no", "postcode", "city", "phone", "technician", "day", "slot", "skill",
    "status", "version",
)  # fmt: skip
SCHEMA = """
CREATE TABLE IF NOT EXISTS bookings (
  number INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL,
  street TEXT NOT NULL, house_no TEXT NOT NULL, postcode TEXT NOT NULL, city TEXT NOT NULL, phone TEXT NOT NULL,
  technician TEXT NOT NULL, day TEXT NOT NULL, slot TEXT NOT NULL, skill TEXT NOT NULL, status TEXT NOT NULL,
  version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS bookings_by_reference ON bookings (reference);
CREATE INDEX IF NOT EXISTS bookings_by_day ON bookings (day);
CREATE TABLE IF NOT EXISTS changes (
  number INTEGER NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL, op TEXT NOT NULL,
  text TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (number, version));
CREATE TABLE IF NOT EXISTS off (technician TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (technician, day));
"""
REMARKS_MAX = 70
LONGEST_LAG = 600
MOST_ROWS = 200
COLLEAGUE = "meier"
_BLANK: Row = {
    "reference": "TEL-1", "name": "Nobody", "street": "Hafenweg", "house_no": "1", "postcode": "28195",
    "city": "Bremen", "phone": "0421 555 0100", "skill": "1", "status": codes.BOOKED, "version": 1,
}  # fmt: skip


class Bookings:
    """All bookings of this board; knows nothing of sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._saved: dict[tuple[int, int], float] = {}

    def seed(self, bookings: Iterable[Row]) -> None:
        """Fills a new data file; one that has bookings stays as it is."""
        if self._store.connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'bookings'").fetchone():
            return
        with self._store.transaction() as connection:
            connection.execute("INSERT INTO sqlite_sequence VALUES ('bookings', 100)")
            for booking in bookings:
                self._write(None, {**_BLANK, **booking}, "BOOK", "", COLLEAGUE)

    def get(self, booking_no: str, lag: float = 0) -> Row | None:
        """One booking as it stood `lag` seconds ago, with its `changes`, newest first; None when there was none."""
        number = _number(booking_no)
        row = self._row(number)
        if row is None:
            return None
        changes = [dict(change) for change in self._changes(number) if self._visible(number, change["version"], lag)]
        if not changes:
            return None
        shown = [{**change, "change_no": _confirmation(number, change["version"])} for change in changes]
        return {**row, **json.loads(changes[0]["fields"]), "changes": shown}

    def find(self, reference: str, lag: float = 0) -> list[Row]:
        """The bookings whose reference begins so, in any case, oldest first."""
        begins = reference.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._store.connection.execute(
            "SELECT number FROM bookings WHERE reference LIKE ? ESCAPE '\\' ORDER BY number LIMIT ?",
            (f"{begins}%", MOST_ROWS),
        )
        found = [self.get(booking_no(row["number"]), lag) for row in rows.fetchall()]
        return [booking for booking in found if booking is not None]

    def on(self, days: list[str]) -> dict[tuple[str, str, str], str]:
        """Who has which slot on these days: technician, day and slot to booking number."""
        marks = ", ".join("?" for _ in days)
        rows = self._store.connection.execute(
            f"SELECT number, technician, day, slot FROM bookings WHERE status = ? AND day IN ({marks})",  # noqa: S608
            (codes.BOOKED, *days),
        )
        return {(row["technician"], row["day"], row["slot"]): booking_no(row["number"]) for row in rows}

    def off(self, technician: str, day: date, slot: str) -> bool:
        """Whether that technician does not work then."""
        if technicians.ALL[technician].off(day, slot):
            return True
        there = (technician, day.strftime("%d.%m.%Y"))
        statement = "SELECT 1 FROM off WHERE technician = ? AND day = ?"
        return self._store.connection.execute(statement, there).fetchone() is not None

    def send_home(self, technician: str, day: str) -> None:
        """That technician is off on that day from now on; what is booked stays."""
        with self._store.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO off VALUES (?, ?)", (technician, day))

    def refusal(self, place: Row, skill: str, own: str, today: date) -> str:
        """Why the board does not take that place; nothing when it does. `own` is the booking that is moved."""
        technician, day, slot = place["technician"], day_of(place["day"]), place["slot"]
        if day < today:
            return codes.PAST
        if self.off(technician, day, slot):
            return codes.OFF
        if skill not in technicians.ALL[technician].skills:
            return codes.UNSKILLED
        holder = self.on([place["day"]]).get((technician, place["day"], slot), own)
        return "" if holder == own else codes.TAKEN

    def overtaken_by(self, booking: Row, version: int, user: str) -> str | None:
        """Who else saved this booking after that version; one's own saves do not count."""
        others = [row["account"] for row in booking["changes"] if row["version"] > version and row["account"] != user]
        return others[0] if others else None

    def save(self, booking: Row | None, form: Form, fields: dict[str, Any], remark: str, account: str) -> str:
        """Commits a booking or a change with its ledger row, gives its number; the same twice is committed twice."""
        line = " ".join(remark.split())[:REMARKS_MAX]
        with self._store.change() as entries:
            before = None if booking is None else _plain(booking)
            version = 1 if before is None else before["version"] + 1
            base = {"status": codes.BOOKED} if before is None else before
            after = {**base, **fields, "version": version}
            number = self._write(None if booking is None else booking["number"], after, form.op, line, account)
            confirmation = _confirmation(number, version)
            reference = find_reference(line)
            entries.append(Entry(account, form.operation, after["reference"], reference, before, after, confirmation))
        self._remember(number, version)
        return confirmation

    def _row(self, number: int) -> Row | None:
        row = self._store.connection.execute("SELECT * FROM bookings WHERE number = ?", (number,)).fetchone()
        return {**dict(row), "booking_no": booking_no(number)} if row else None

    def _changes(self, number: int) -> list[Any]:
        statement = "SELECT * FROM changes WHERE number = ? ORDER BY version DESC"
        return self._store.connection.execute(statement, (number,)).fetchall()

    def _visible(self, number: int, version: int, lag: float) -> bool:
        return self._saved.get((number, version), 0.0) <= time.monotonic() - lag if lag else True

    def _remember(self, number: int, version: int) -> None:
        now = time.monotonic()
        self._saved = {key: at for key, at in self._saved.items() if now - at < LONGEST_LAG}
        self._saved[number, version] = now

    def _write(self, number: int | None, fields: Row, op: str, line: str, account: str) -> int:
        connection, kept = self._store.connection, {name: fields[name] for name in _FIELDS}
        if number is None:
            columns, marks = ", ".join(kept), ", ".join(f":{name}" for name in kept)
            statement = f"INSERT INTO bookings ({columns}) VALUES ({marks})"  # noqa: S608 - own columns
            number = int(connection.execute(statement, kept).lastrowid or 0)
        else:
            assignments = ", ".join(f"{name} = :{name}" for name in kept)
            statement = f"UPDATE bookings SET {assignments} WHERE number = :number"  # noqa: S608 - own columns
            connection.execute(statement, {**kept, "number": number})
        at = datetime.now(UTC).strftime("%d.%m.%Y %H:%M:%S")
        change = (number, kept["version"], at, account, op, line, json.dumps(kept, ensure_ascii=False))
        connection.execute("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)", change)
        return number


def booking_no(number: int) -> str:
    """A booking's number as the board shows it."""
    return f"B-{number:06}"


def _number(text: str) -> int:
    digits = text.upper().removeprefix("B-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _confirmation(number: int, version: int) -> str:
    return booking_no(number) if version == 1 else f"{booking_no(number)}/{version}"


def _plain(booking: Row) -> Row:
    return {name: booking[name] for name in _FIELDS}
