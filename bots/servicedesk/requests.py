"""What is sent to the service desk's API for each operation, and what its answers say: pure, for `api.py` to drive."""

from typing import Any
from urllib.parse import quote

from bots.kit.contract import Job
from core.faults import RecordNotFound
from core.outcome import Sighting
from systems.servicedesk import AddCallback, OpenTicket, RemoveCallback, UpdateTicket

Request = tuple[str, str, dict[str, Any] | None]
"""Method, path, and the JSON that goes along."""


def ticket_path(ticket_id: str) -> str:
    """Where a ticket is."""
    return f"/api/tickets/{quote(ticket_id, safe='')}"


def search(job: Job) -> Request:
    """What shows whether the entry is there: our tickets by reference, or the ticket that it belongs to."""
    if isinstance(job.entry, UpdateTicket | AddCallback | RemoveCallback):
        return "GET", ticket_path(job.entry.ticket_id), None
    return "GET", f"/api/tickets?external_reference={job.reference}", None


def change(job: Job) -> Request:
    """What makes the entry, once. TypeError for an operation that the desk does not have."""
    entry = job.entry
    if isinstance(entry, OpenTicket):
        content = entry.model_dump(exclude={"case_ref"})
        return "POST", "/api/tickets", {"external_reference": job.reference, **content}
    if isinstance(entry, UpdateTicket):
        sent = {"state": entry.state, "note": entry.note, "reference": job.reference}
        return "PATCH", ticket_path(entry.ticket_id), sent
    if isinstance(entry, AddCallback):
        content = entry.model_dump(mode="json", exclude={"ticket_id"})
        return "POST", f"{ticket_path(entry.ticket_id)}/callbacks", {**content, "reference": job.reference}
    if isinstance(entry, RemoveCallback):
        number = quote(entry.callback_no, safe="")
        return "DELETE", f"{ticket_path(entry.ticket_id)}/callbacks/{number}?reference={job.reference}", None
    raise TypeError(f"the service desk cannot {job.operation.name}")


def confirmation(job: Job, answer: Any) -> str | None:
    """The confirmation number in the answer to a change: T-000123, T-000123/2, T-000123/C-1; None when it has none."""
    if not isinstance(answer, dict):
        return None
    entry = job.entry
    if isinstance(entry, AddCallback):
        return _number(entry.ticket_id, answer.get("no"))
    if isinstance(entry, RemoveCallback):
        return _number(entry.ticket_id, _of(answer.get("removal"), "version"))
    if isinstance(entry, UpdateTicket):
        return _number(entry.ticket_id, answer.get("version")) if answer.get("id") else None
    return str(answer["id"]) if answer.get("id") else None


def sight(job: Job, answer: Any) -> Sighting:
    """What the answer to a search shows of the entry. Raises RecordNotFound for a callback that never was."""
    if isinstance(job.entry, OpenTicket):
        return _sight_tickets(job, answer)
    lists = _lists(answer)
    if lists is None:
        return Sighting(readable=False)
    changes, callbacks, removed = lists
    if isinstance(job.entry, RemoveCallback):
        return _sight_removal(job, job.entry, callbacks, removed)
    if isinstance(job.entry, AddCallback):
        if any(callback.get("reference") == job.reference for callback in removed):
            return Sighting(readable=False)  # it was there and was taken away: a person looks
        return _sight_ours(job, job.entry.ticket_id, callbacks, "no")
    return _sight_ours(job, str(answer.get("id")), changes, "version")


def _sight_tickets(job: Job, found: Any) -> Sighting:
    """Every ticket that bears our reference, and no other: the search is not trusted to be exact."""
    if not _are_records(found):
        return Sighting(readable=False)
    mine = [ticket for ticket in found if ticket.get("external_reference") == job.reference]
    return _sight(job, mine, str(mine[0].get("id", "")) if mine else None)


def _sight_ours(job: Job, ticket_id: str, lines: list[dict[str, Any]], numbered: str) -> Sighting:
    mine = [line for line in lines if line.get("reference") == job.reference]
    return _sight(job, mine, f"{ticket_id}/{mine[0].get(numbered)}" if mine else None)


def _sight_removal(
    job: Job, entry: RemoveCallback, callbacks: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> Sighting:
    """The callback that is to go. One that was never there cannot have been taken back."""
    there = [callback for callback in callbacks if callback.get("no") == entry.callback_no]
    if there:
        return Sighting(records=[_fields(job, callback) for callback in there], ours=[False] * len(there))
    gone = [callback for callback in removed if callback.get("no") == entry.callback_no]
    if not gone:
        raise RecordNotFound(f"{entry.ticket_id}/{entry.callback_no}")
    ours = _of(gone[0].get("removal"), "reference") == job.reference
    return Sighting(confirmation=_number(entry.ticket_id, _of(gone[0].get("removal"), "version")) if ours else None)


def _lists(ticket: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]] | None:
    """Changes, callbacks and removed callbacks of a ticket; None when the answer is no ticket."""
    if not isinstance(ticket, dict):
        return None
    found = [ticket.get(name) for name in ("changes", "callbacks", "removed_callbacks")]
    if not all(_are_records(part) for part in found):
        return None
    return found[0] or [], found[1] or [], found[2] or []


def _are_records(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(record, dict) for record in found)


def _number(ticket_id: str, part: Any) -> str | None:
    return f"{ticket_id}/{part}" if part else None


def _of(record: Any, name: str) -> Any:
    return record.get(name) if isinstance(record, dict) else None


def _sight(job: Job, records: list[dict[str, Any]], number: str | None) -> Sighting:
    return Sighting(
        records=[_fields(job, record) for record in records], ours=[True] * len(records), confirmation=number
    )


def _fields(job: Job, seen: dict[str, Any]) -> dict[str, str]:
    return {field.name: str(seen.get(field.name) or "") for field in job.part.fields}
