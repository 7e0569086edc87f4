"""The tickets themselves: what is kept, found and changed, each change with its ledger row."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.store import Entry, Row, Store, find_reference

SCHEMA = "CREATE TABLE IF NOT EXISTS tickets (number INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT NOT NULL);"
STATES = ("open", "in_progress", "solved")


class StaleVersionError(Exception):
    """The ticket has moved on since the caller read it."""


@dataclass(frozen=True)
class Change:
    """What a PATCH asks for; None leaves a thing as it is."""

    state: str | None
    note: str | None
    reference: str | None
    version: int | None


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
                "created_at": now, "updated_at": now, "changes": [],
            }  # fmt: skip
            self._write(ticket)
            reference = find_reference(fields["external_reference"])
            after = _without_changes(ticket)
            entries.append(Entry(account, "open_ticket", ticket["id"], reference, None, after, ticket["id"]))
        return ticket

    def get(self, ticket_id: str) -> Row | None:
        """One ticket by its id, T-000123."""
        number = ticket_id.removeprefix("T-")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        row = self._store.connection.execute("SELECT ticket FROM tickets WHERE number = ?", (int(number),)).fetchone()
        return json.loads(row["ticket"]) if row else None

    def find(self, external_reference: str | None, order_no: str | None) -> list[Row]:
        """Tickets that bear these, oldest first; all when neither is given."""
        rows = self._store.connection.execute("SELECT ticket FROM tickets ORDER BY number")
        wanted = {"external_reference": external_reference, "order_no": order_no}
        tickets: list[dict[str, Any]] = [json.loads(row["ticket"]) for row in rows]
        return [t for t in tickets if all(value is None or t[name] == value for name, value in wanted.items())]

    def update(self, ticket: Row, change: Change, account: str) -> Row:
        """Commits a change of state or a note; StaleVersionError when the caller names an older version."""
        if change.version is not None and change.version != ticket["version"]:
            raise StaleVersionError
        version = ticket["version"] + 1
        note = {
            "reference": change.reference, "state": change.state, "note": change.note,
            "version": version, "at": _now(), "account": account,
        }  # fmt: skip
        after = {
            **ticket, "state": change.state or ticket["state"], "version": version,
            "updated_at": note["at"], "changes": [*ticket["changes"], note],
        }  # fmt: skip
        with self._store.change() as entries:
            self._write(after)
            entries.append(
                Entry(
                    account=account,
                    operation="update_ticket",
                    key=ticket["id"],
                    reference=find_reference(change.reference),
                    before=_without_changes(ticket),
                    after=_without_changes(after),
                    confirmation=f"{ticket['id']}/{version}",
                )
            )
        return after

    def _write(self, ticket: Row) -> None:
        text = json.dumps(ticket, ensure_ascii=False)
        number = int(ticket["id"].removeprefix("T-"))
        self._store.connection.execute("UPDATE tickets SET ticket = ? WHERE number = ?", (text, number))


def _without_changes(ticket: Row) -> Row:
    return {name: value for name, value in ticket.items() if name != "changes"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
