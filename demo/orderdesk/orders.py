"""The orders themselves: what is kept, found and changed, each change with its ledger row."""

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.orderdesk import codes
from demo.orderdesk.forms import Screen
from demo.store import Entry, Row, Store, find_reference

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  order_no TEXT PRIMARY KEY, customer_no TEXT NOT NULL, name TEXT NOT NULL, street TEXT NOT NULL,
  house_no TEXT NOT NULL, postcode TEXT NOT NULL, city TEXT NOT NULL, phone TEXT NOT NULL, email TEXT NOT NULL,
  tier TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, attempt INTEGER NOT NULL, parcels TEXT NOT NULL,
  delivery_date TEXT NOT NULL, window TEXT NOT NULL, remarks TEXT NOT NULL, version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_no);
CREATE TABLE IF NOT EXISTS changes (
  change_no INTEGER PRIMARY KEY AUTOINCREMENT, order_no TEXT NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL,
  op TEXT NOT NULL, text TEXT NOT NULL, version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS changes_by_order ON changes (order_no);
CREATE TABLE IF NOT EXISTS records (
  number TEXT PRIMARY KEY, order_no TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL, remark TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_by_order ON records (order_no);
"""
REMARKS_MAX = 400
REMARK_LINE_MAX = 120
LONGEST_LAG = 600
WIDTH = {"street": 30, "house_no": 6, "city": 25, "carrier": 20}
_CHANGED_FIELDS = (
    "status", "reason", "attempt", "delivery_date", "window",
    "street", "house_no", "postcode", "city", "remarks", "version",
)  # fmt: skip
_BLANK: Row = {
    "customer_no": "K-10000", "name": "Nobody", "street": "Hafenweg", "house_no": "1", "postcode": "28195",
    "city": "Bremen", "phone": "", "email": "nobody@example.org", "tier": "B", "status": "30", "reason": "",
    "attempt": 0, "parcels": [], "delivery_date": "17.11.2026", "window": "9", "remarks": "", "version": 1,
    "blocks": [],
}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """All that the desk shows of one order: its fields, its changes (newest first), its records by kind."""

    order: Row
    changes: list[Row]
    records: dict[str, list[Row]]


class Orders:
    """All orders of this desk; knows nothing of locks and sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before: list[tuple[float, Sheet]] = []

    def seed(self, orders: Iterable[Row]) -> None:
        """Fills a new data file; one that has orders stays as it is."""
        if self._store.connection.execute("SELECT 1 FROM orders").fetchone():
            return
        with self._store.transaction() as connection:
            connection.execute("INSERT INTO changes VALUES (1000, '', '', '', '', '', 0)")
            connection.execute("DELETE FROM changes")
            for order in orders:
                row = {**_BLANK, **order}
                for block in row.pop("blocks"):
                    self._add_block(row["order_no"], block)
                row["parcels"] = json.dumps(row["parcels"])
                columns = ", ".join(row)
                marks = ", ".join(f":{column}" for column in row)
                connection.execute(f"INSERT INTO orders ({columns}) VALUES ({marks})", row)  # noqa: S608 - own columns

    def get(self, order_no: str) -> Row | None:
        """One order, its parcels as a list."""
        row = self._store.connection.execute("SELECT * FROM orders WHERE order_no = ?", (order_no,)).fetchone()
        return _order(row) if row else None

    def sheet(self, order_no: str, lag: float = 0) -> Sheet | None:
        """All of one order, as it stood `lag` seconds ago (a search that lags behind)."""
        horizon = time.monotonic() - lag
        for at, sheet in self._before if lag else []:
            if sheet.order["order_no"] == order_no and at > horizon:
                return sheet
        order = self.get(order_no)
        return Sheet(order, self._changes(order_no), self._records(order_no)) if order else None

    def of_customer(self, customer_no: str, name: str) -> list[Row]:
        """Orders of a customer number, of a part of a name, or of both."""
        rows = self._store.connection.execute("SELECT * FROM orders ORDER BY order_no")
        return [
            _order(row)
            for row in rows
            if (not customer_no or row["customer_no"].casefold() == customer_no.casefold())
            and (not name or name.casefold() in row["name"].casefold())
        ]

    def overtaken_by(self, order_no: str, version: int, user: str) -> str | None:
        """Who else saved this order after that version; one's own saves do not count."""
        row = self._store.connection.execute(
            "SELECT account FROM changes WHERE order_no = ? AND version > ? AND account <> ? ORDER BY change_no DESC",
            (order_no, version, user),
        ).fetchone()
        return row["account"] if row else None

    def block(self, order_no: str, block: str = "CR") -> None:
        """Puts a delivery block on an order, as the credit department does."""
        if order_no:
            with self._store.transaction():
                self._add_block(order_no, block)

    def save(self, sheet: Sheet, screen: Screen, fields: dict[str, Any], remark: str, account: str) -> str:
        """Commits a change and its ledger row, gives its number; the same twice is committed twice."""
        order, line = sheet.order, " ".join(remark.split())[:REMARK_LINE_MAX]
        cut = {name: value[: WIDTH[name]] if name in WIDTH else value for name, value in fields.items()}
        changed = {} if screen.record or screen.op == "UNBL" else cut
        after = {**order, **changed, "remarks": _append(order["remarks"], line), "version": order["version"] + 1}
        self._remember(sheet)
        with self._store.change() as entries:
            number = screen.prefix + self._write(after, screen.op, line, account)
            was: Row | None = {name: order[name] for name in _CHANGED_FIELDS}
            now: Row = {name: after[name] for name in _CHANGED_FIELDS}
            if screen.record:
                was, now = None, self._add(number, order["order_no"], screen.record, cut, line)
            elif screen.op == "UNBL":
                was, now = self._remove_block(order["order_no"], cut["block"]), {}
            reference = find_reference(line)
            entries.append(Entry(account, screen.operation, order["order_no"], reference, was, now, number))
        return number

    def _changes(self, order_no: str) -> list[Row]:
        rows = self._store.connection.execute(
            "SELECT * FROM changes WHERE order_no = ? ORDER BY change_no DESC", (order_no,)
        )
        return [{**dict(row), "change_no": f"{row['change_no']:07}"} for row in rows]

    def _records(self, order_no: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {"refund": [], "return": [], "line": [], "block": []}
        rows = self._store.connection.execute("SELECT * FROM records WHERE order_no = ? ORDER BY rowid", (order_no,))
        for row in rows:
            found[row["kind"]].append({"number": row["number"], "text": row["remark"], **json.loads(row["fields"])})
        for head in found["return"]:
            head["lines"] = sum(line["return_no"] == head["number"] for line in found["line"])
        return found

    def _write(self, after: Row, op: str, line: str, account: str) -> str:
        connection = self._store.connection
        assignments = ", ".join(f"{name} = :{name}" for name in _CHANGED_FIELDS)
        statement = f"UPDATE orders SET {assignments} WHERE order_no = :order_no"  # noqa: S608 - a fixed list
        connection.execute(statement, {name: value for name, value in after.items() if name != "parcels"})
        at = datetime.now(UTC).strftime("%d.%m.%Y %H:%M:%S")
        cursor = connection.execute(
            "INSERT INTO changes (order_no, at, account, op, text, version) VALUES (?, ?, ?, ?, ?, ?)",
            (after["order_no"], at, account, op, line, after["version"]),
        )
        return f"{cursor.lastrowid:07}"

    def _add(self, number: str, order_no: str, kind: str, fields: Row, line: str) -> Row:
        statement = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)"
        text = json.dumps(fields, ensure_ascii=False)
        self._store.connection.execute(statement, (number, order_no, kind, text, line))
        return {"number": number, **fields, "text": line}

    def _add_block(self, order_no: str, block: str) -> None:
        self._add(f"{order_no}/{block}", order_no, "block", {"block": block, "why": codes.BLOCK[block]}, "")

    def _remove_block(self, order_no: str, block: str) -> Row:
        gone = next(found for found in self._records(order_no)["block"] if found["block"] == block)
        self._store.connection.execute("DELETE FROM records WHERE number = ?", (gone["number"],))
        return {"block": block, "why": gone["why"]}

    def _remember(self, sheet: Sheet) -> None:
        now = time.monotonic()
        self._before = [(at, kept) for at, kept in self._before if now - at < LONGEST_LAG]
        self._before.append((now, sheet))


def _order(row: sqlite3.Row) -> Row:
    return {**dict(row), "parcels": json.loads(row["parcels"])}


def _append(remarks: str, line: str) -> str:
    lines = [*remarks.splitlines(), *([line] if line else [])]
    while len("\n".join(lines)) > REMARKS_MAX:
        lines.pop(0)
    return "\n".join(lines)
