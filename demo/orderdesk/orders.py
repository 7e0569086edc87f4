"""The orders themselves: what is kept, found and changed, each change with its ledger row."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
"""
OPERATIONS = {"FAIL": "mark_failed_delivery", "DATE": "reschedule", "ADDR": "correct_address"}
REMARKS_MAX = 400
REMARK_LINE_MAX = 120
WIDTH = {"street": 30, "house_no": 6, "city": 25}
_CHANGED_FIELDS = (
    "status", "reason", "attempt", "delivery_date", "window",
    "street", "house_no", "postcode", "city", "remarks", "version",
)  # fmt: skip
_BLANK: Row = {
    "customer_no": "K-10000", "name": "Nobody", "street": "Hafenweg", "house_no": "1", "postcode": "28195",
    "city": "Bremen", "phone": "", "email": "nobody@example.org", "tier": "B", "status": "30", "reason": "",
    "attempt": 0, "parcels": [], "delivery_date": "17.11.2026", "window": "9", "remarks": "", "version": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Saved:
    """A committed change, as its screen tells it."""

    change_no: str


class Orders:
    """All orders of this desk; knows nothing of locks and sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def seed(self, orders: Iterable[Row]) -> None:
        """Fills a new data file; one that has orders stays as it is."""
        if self._store.connection.execute("SELECT 1 FROM orders").fetchone():
            return
        with self._store.transaction() as connection:
            connection.execute("INSERT INTO changes VALUES (1000, '', '', '', '', '', 0)")
            connection.execute("DELETE FROM changes")
            for order in orders:
                row = {**_BLANK, **order}
                row["parcels"] = json.dumps(row["parcels"])
                columns = ", ".join(row)
                marks = ", ".join(f":{column}" for column in row)
                connection.execute(f"INSERT INTO orders ({columns}) VALUES ({marks})", row)  # noqa: S608 - own columns

    def get(self, order_no: str) -> Row | None:
        """One order, its parcels as a list."""
        row = self._store.connection.execute("SELECT * FROM orders WHERE order_no = ?", (order_no,)).fetchone()
        return _order(row) if row else None

    def of_customer(self, customer_no: str, name: str) -> list[Row]:
        """Orders of a customer number, of a part of a name, or of both."""
        rows = self._store.connection.execute("SELECT * FROM orders ORDER BY order_no")
        return [
            _order(row)
            for row in rows
            if (not customer_no or row["customer_no"].casefold() == customer_no.casefold())
            and (not name or name.casefold() in row["name"].casefold())
        ]

    def changes(self, order_no: str) -> list[Row]:
        """The saved changes of an order, newest first."""
        rows = self._store.connection.execute(
            "SELECT * FROM changes WHERE order_no = ? ORDER BY change_no DESC", (order_no,)
        )
        return [{**dict(row), "change_no": f"{row['change_no']:07}"} for row in rows]

    def overtaken_by(self, order_no: str, version: int, user: str) -> str | None:
        """Who else saved this order after that version; one's own saves do not count."""
        row = self._store.connection.execute(
            "SELECT account FROM changes WHERE order_no = ? AND version > ? AND account <> ? ORDER BY change_no DESC",
            (order_no, version, user),
        ).fetchone()
        return row["account"] if row else None

    def save(self, order: Row, op: str, fields: dict[str, Any], remark: str, account: str) -> Saved:
        """Commits a change and its ledger row; the same twice is committed twice."""
        line = " ".join(remark.split())[:REMARK_LINE_MAX]
        cut = {name: value[: WIDTH[name]] if name in WIDTH else value for name, value in fields.items()}
        after = {**order, **cut, "remarks": _append(order["remarks"], line), "version": order["version"] + 1}
        with self._store.change() as entries:
            change_no = self._write(after, op, line, account)
            entries.append(
                Entry(
                    account=account,
                    operation=OPERATIONS[op],
                    key=order["order_no"],
                    reference=find_reference(line),
                    before={name: order[name] for name in _CHANGED_FIELDS},
                    after={name: after[name] for name in _CHANGED_FIELDS},
                    confirmation=change_no,
                )
            )
        return Saved(change_no)

    def _write(self, after: Row, op: str, line: str, account: str) -> str:
        connection = self._store.connection
        assignments = ", ".join(f"{name} = :{name}" for name in _CHANGED_FIELDS)
        statement = f"UPDATE orders SET {assignments} WHERE order_no = :order_no"  # noqa: S608 - a fixed list
        connection.execute(statement, _bindable(after))
        at = datetime.now(UTC).strftime("%d.%m.%Y %H:%M:%S")
        cursor = connection.execute(
            "INSERT INTO changes (order_no, at, account, op, text, version) VALUES (?, ?, ?, ?, ?, ?)",
            (after["order_no"], at, account, op, line, after["version"]),
        )
        return f"{cursor.lastrowid:07}"


def _order(row: sqlite3.Row) -> Row:
    return {**dict(row), "parcels": json.loads(row["parcels"])}


def _bindable(order: Row) -> Row:
    return {name: value for name, value in order.items() if name != "parcels"}


def _append(remarks: str, line: str) -> str:
    lines = [*remarks.splitlines(), *([line] if line else [])]
    while len("\n".join(lines)) > REMARKS_MAX:
        lines.pop(0)
    return "\n".join(lines)
