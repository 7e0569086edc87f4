"""The tickets themselves: what is kept, found and changed, each change with its ledger row."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.store import Entry, Row, Store, find_reference

SCHEMA = "CREATE TABLE IF NOT EXISTS tickets (number INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT NOT NULL);"
LISTS = ("changes", "callbacks", "removed_callbacks")
SLOTS = ("08-12", "12-16", "16-20")


class StaleVersionError(Exception):
    """The ticket has moved on since the caller read it."""


@dataclass(frozen=True)
class Change:
    """What a PATCH asks for; None leaves a thing as it is."""

    state: str | None
    note: str | None
    reference: str | None
    version: int | None


@dataclass(frozen=True)
class Callback:
    """When a customer wants to be rung, and where."""

    phone: str
    day: str
    slot: str
    note: str
    reference: str


class Tickets:
    """All tickets of this desk. Takes duplicates happily."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, fields: Row, account: str) -> Row:
        """A new ticket, whatever tickets there are already."""
        now = _now()
        with self._store.change() as entries:
            cursor = self._store.connection.execute("INSERT INTO tickets (ticket) VALUES ('{}')")
            ticket = {
                "id": f"T-{cursor.lastrowid:06}", "state": "open", "version": 1, **fields,
                "created_at": now, "updated_at": now, "changes": [], "callbacks": [], "removed_callbacks": [],
            }  # fmt: skip
            self._write(ticket)
            reference = find_reference(fields["external_reference"])
            after = _bare(ticket)
            entries.append(Entry(account, "open_ticket", ticket["id"], reference, None, after, ticket["id"]))
        return ticket

    def get(self, ticket_id: str) -> Row | None:
        """One ticket by its id, T-000123."""
        number = ticket_id.removeprefix("T-")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        row = self._store.connection.execute("SELECT ticket FROM tickets WHERE number = ?", (int(number),)).fetchone()
        return _read(row["ticket"]) if row else None

    def find(self, external_reference: str | None, order_no: str | None) -> list[Row]:
        """Tickets that bear these, oldest first; all when neither is given."""
        rows = self._store.connection.execute("SELECT ticket FROM tickets ORDER BY number")
        wanted = {"external_reference": external_reference, "order_no": order_no}
        tickets: list[dict[str, Any]] = [_read(row["ticket"]) for row in rows]
        return [t for t in tickets if all(value is None or t[name] == value for name, value in wanted.items())]

    def search(self, reference: str, order_no: str, younger_than: str) -> list[Row]:
        """Tickets whose reference and order number contain these, newest first; one opened later is not there yet."""
        return [
            ticket
            for ticket in reversed(self.find(None, None))
            if reference.lower() in ticket["external_reference"].lower()
            and order_no in ticket["order_no"]
            and ticket["created_at"] <= younger_than
        ]

    def update(self, ticket: Row, change: Change, account: str) -> Row:
        """Commits a change of state or a note; StaleVersionError when the caller names an older version."""
        _check_version(ticket, change.version)
        version, now = ticket["version"] + 1, _now()
        note = {
            "reference": change.reference, "state": change.state, "note": change.note,
            "version": version, "at": now, "account": account,
        }  # fmt: skip
        changes = {"state": change.state or ticket["state"], "changes": [*ticket["changes"], note]}
        after = self._moved(ticket, now, changes)
        reference = find_reference(change.reference)
        number = f"{ticket['id']}/{version}"
        self._keep(after, Entry(account, "update_ticket", ticket["id"], reference, _bare(ticket), _bare(after), number))
        return after

    def add_callback(self, ticket: Row, wanted: Callback, account: str, version: int | None = None) -> Row:
        """Commits one more callback, whatever callbacks there are already; the callback with its number."""
        _check_version(ticket, version)
        now = _now()
        count = len(ticket["callbacks"]) + len(ticket["removed_callbacks"]) + 1
        made = {"version": ticket["version"] + 1, "at": now, "account": account}
        callback = {"no": f"C-{count}", **vars(wanted), **made}
        after = self._moved(ticket, now, {"callbacks": [*ticket["callbacks"], callback]})
        reference = find_reference(wanted.reference)
        number = f"{ticket['id']}/{callback['no']}"
        self._keep(after, Entry(account, "add_callback", ticket["id"], reference, None, vars(wanted), number))
        return callback

    def remove_callback(
        self, ticket: Row, number: str, reference: str, account: str, version: int | None = None
    ) -> Row | None:
        """Commits the removal of one callback: it, with its `removal`; None when the ticket has no such callback."""
        gone = next((callback for callback in ticket["callbacks"] if callback["no"] == number), None)
        if gone is None:
            return None
        _check_version(ticket, version)
        now = _now()
        removal = {"reference": reference, "version": ticket["version"] + 1, "at": now, "account": account}
        removed = {**gone, "removal": removal}
        left = [callback for callback in ticket["callbacks"] if callback["no"] != number]
        changes = {"callbacks": left, "removed_callbacks": [*ticket["removed_callbacks"], removed]}
        after = self._moved(ticket, now, changes)
        key, moved_to = f"{ticket['id']}/{number}", f"{ticket['id']}/{after['version']}"
        self._keep(after, Entry(account, "remove_callback", key, find_reference(reference), gone, {}, moved_to))
        return removed

    def _moved(self, ticket: Row, now: str, changes: Row) -> Row:
        return {**ticket, **changes, "version": ticket["version"] + 1, "updated_at": now}

    def _keep(self, ticket: Row, entry: Entry) -> None:
        """The ticket and its ledger row in one transaction."""
        with self._store.change() as entries:
            self._write(ticket)
            entries.append(entry)

    def _write(self, ticket: Row) -> None:
        text = json.dumps(ticket, ensure_ascii=False)
        number = int(ticket["id"].removeprefix("T-"))
        self._store.connection.execute("UPDATE tickets SET ticket = ? WHERE number = ?", (text, number))


def _read(text: str) -> Row:
    ticket: Row = {name: [] for name in LISTS}  # a ticket of an older desk lacks some
    return {**ticket, **json.loads(text)}


def _check_version(ticket: Row, version: int | None) -> None:
    if version is not None and version != ticket["version"]:
        raise StaleVersionError


def _bare(ticket: Row) -> Row:
    return {name: value for name, value in ticket.items() if name not in LISTS}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
