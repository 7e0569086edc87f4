"""Entries that were made after a change of the order desk, each with its try and its screens."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.work_item import Kind, State
from records import items, system_changes
from records.database import Database
from records.system_change import SystemChange
from records.system_changes import Noted
from records.trail import Evidence
from records.work_item import Attempt, WorkItem
from systems.registry import operation_of
from tests.support.director import picture

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CHANGED = NOW - timedelta(hours=6)
FIRST = 4_700_500


async def noted(database: Database, operation: str = "", at: datetime = CHANGED) -> SystemChange:
    """A change of the order desk."""
    said = Noted(
        system="orderdesk",
        environment="production",
        operation=operation,
        screen="",
        at=at,
        time_zone="UTC",
        what="Reason code is called Cause now.",
        said_by="The vendor",
    )
    async with database.session() as session:
        return await system_changes.note(session, said, str(uuid.uuid4()), "it@example.org", NOW)


async def done(database: Database, count: int, folder: Path | None = None, **changes: Any) -> list[uuid.UUID]:
    """So many failed deliveries marked after the change, a minute apart, read back as entered, with two screens each.

    Their pictures go into `folder`; `changes` are columns of the items.
    """
    shot = picture()
    if folder is not None:
        _put(folder, shot)
    made = []
    async with database.session() as session:
        for number in range(count):
            at = CHANGED + timedelta(minutes=number)
            item = await items.create(session, intent(str(FIRST + number)), at)
            row = await session.get_one(WorkItem, item.id)
            row.sqlmodel_update({"state": State.DONE, "ended_at": at, "confirmation": f"C{number}"})
            row.sqlmodel_update({"result": image(FIRST + number), **changes})
            how: dict[str, Any] = {"bot_version": "orderdesk-2", "outcome": "done", "started_at": at}
            tried = Attempt(item_id=item.id, number=1, fence=1, **how)
            session.add(tried)
            await session.flush()
            for taken, masked in (("before_submit", 0), ("after_submit", 2)):
                kept: dict[str, Any] = {
                    "path": "screen.png",
                    "size": len(shot),
                    "sha256": hashlib.sha256(shot).hexdigest(),
                    "at": at,
                }
                about: dict[str, Any] = {"item_id": item.id, "attempt_id": tried.id, "kind": "screenshot"}
                session.add(Evidence(**kept, **about, taken=taken, masked=masked))
            made.append(item.id)
    return made


def _put(folder: Path, shot: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "screen.png").write_bytes(shot)


async def done_elsewhere(database: Database) -> None:
    """One that was done before the change, one that is not done, one elsewhere, one of another operation."""
    async with database.session() as session:
        for order, values in (
            ("4700001", {"state": State.DONE, "ended_at": CHANGED - timedelta(seconds=1)}),
            ("4700002", {"state": State.READY}),
            ("4700003", {"state": State.DONE, "ended_at": NOW, "environment": "test"}),
            ("4700004", {"state": State.DONE, "ended_at": NOW, "operation": "reschedule"}),
        ):
            item = await items.create(session, intent(order), NOW)
            (await session.get_one(WorkItem, item.id)).sqlmodel_update(values)


def content(order: str) -> dict[str, Any]:
    """A failed delivery."""
    return {"order_no": order, "reason_code": "12", "attempt": 1}


def image(order: int) -> dict[str, str]:
    """How it reads on the screen."""
    operation = operation_of("orderdesk", "mark_failed_delivery")
    return operation.image(operation.entry.model_validate(content(str(order))))


def intent(order: str) -> items.Intent:
    """What was to be done."""
    return items.Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="mark_failed_delivery",
        kind=Kind.CHANGE,
        target_key=order,
        occurrence=f"{order}/mark",
        content=content(order),
    )
