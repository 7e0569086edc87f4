"""Reading and writing work items: every write names the fence it holds, and a stale one writes nothing."""

import hashlib
import json
import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import FINAL, NEEDS_PERSON, Kind, Priority, State, may_move
from failure.signature import Trouble
from records import failures, holds, operation_holds
from records.events import Happened, append
from records.work_item import ItemPart, WorkItem, WorkItemRevision
from systems.base import PRODUCTION, content_hash

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Intent(BaseModel):
    """What is to be done on a system, before any browser opens; `occurrence` is the case and its step."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    case_id: uuid.UUID | None = None
    system: str
    operation: str
    kind: Kind
    target_key: str
    occurrence: str
    content: dict[str, Any]
    before: dict[str, str] | None = None
    author: str = "baton"
    route: str = "bot"
    environment: str = PRODUCTION
    priority: Priority = Priority.NORMAL
    watched: bool = False


class ItemView(BaseModel):
    """A work item with the content of its newest revision, as one answer."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    case_id: uuid.UUID | None
    system: str
    operation: str
    kind: Kind
    target_key: str
    occurrence: str
    reference: str
    route: str = "bot"
    environment: str = PRODUCTION
    priority: Priority = Priority.NORMAL
    state: State
    fence: int
    revision: int
    attempts: int
    parts_done: int = 0
    content: dict[str, Any]
    before: dict[str, str] | None = None
    confirmation: str | None = None
    result: dict[str, Any] | None = None
    adopted: bool = False
    code: str = ""
    signature: str = ""
    held_behind: uuid.UUID | None = None
    through_hold: bool = False
    differences: list[dict[str, str]] | None = None
    doubts: int = 0
    reentries: int = 0
    next_look_at: datetime | None = None
    watched: bool = False
    filled: dict[str, Any] | None = None
    approved: dict[str, Any] | None = None


async def create(session: AsyncSession, intent: Intent, now: datetime) -> ItemView:
    """Keep an intent; the same identity again gives the item that is there already."""
    item = WorkItem(
        **intent.model_dump(exclude={"content", "author"}),
        place=await _place(session, intent),
        reference=_reference(intent),
        state=State.READY,
        wait_since=now,
        created_at=now,
        updated_at=now,
    )
    connection = await session.connection()
    statement = insert(WorkItem).values(**item.model_dump())
    made = await connection.execute(
        statement.on_conflict_do_nothing(constraint="uq_work_items_identity").returning(col(WorkItem.id))
    )
    if made.scalar_one_or_none() is not None:
        session.add(_revision(item.id, 1, intent.content, intent.author, "", now))
        await append(session, item.case_id, now, told("item.created", item))
        await session.flush()
        return _viewed(item, intent.content)
    known = await session.exec(
        select(WorkItem).where(
            WorkItem.system == intent.system,
            WorkItem.environment == intent.environment,
            WorkItem.operation == intent.operation,
            WorkItem.target_key == intent.target_key,
            WorkItem.occurrence == intent.occurrence,
        )
    )
    found = known.one()
    await _propose(session, found, intent, now)
    return await view(session, found.id)


def _reference(intent: Intent) -> str:
    """What our bots type into the record: the same for the same intent, whenever it is kept.

    Records that were restored from a backup make their later entries anew, and find by it what was entered before.
    The case is in it: the number of another database's case names another intent.
    """
    names = (intent.case_id, intent.system, intent.environment, intent.operation, intent.target_key, intent.occurrence)
    digest = hashlib.sha256(json.dumps([str(name) for name in names]).encode()).digest()
    return "BTN-" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


_ROW_PLACE = text(
    "SELECT files.started_at + rows.number * interval '1 microsecond'"
    " FROM entry_rows AS rows JOIN entry_files AS files ON files.id = rows.file_id WHERE rows.item_id = :item"
)


async def _place(session: AsyncSession, intent: Intent) -> datetime | None:
    """Where a row of a file stands in the original order: as the file was started, row by row."""
    if intent.case_id is not None:
        return None
    found: datetime | None = (
        await (await session.connection()).execute(_ROW_PLACE, {"item": intent.id})
    ).scalar_one_or_none()
    return found


async def _propose(session: AsyncSession, item: WorkItem, intent: Intent, now: datetime) -> None:
    """Other content for the same intent, which nobody asked for, is kept for a person to see; it is never keyed."""
    asked = content_hash(intent.content)
    known = await session.exec(select(WorkItemRevision.content_hash).where(WorkItemRevision.item_id == item.id))
    if asked in set(known) or (item.proposed is not None and content_hash(item.proposed["content"]) == asked):
        return
    item.proposed = {"content": intent.content, "author": intent.author, "at": now.isoformat()}
    item.updated_at = now
    await append(session, item.case_id, now, told("item.change_proposed", item, actor=intent.author))
    await session.flush()


def _revision(
    item_id: uuid.UUID, number: int, content: dict[str, Any], author: str, why: str, now: datetime
) -> WorkItemRevision:
    return WorkItemRevision(
        item_id=item_id,
        number=number,
        content=content,
        content_hash=content_hash(content),
        author=author,
        why=why,
        at=now,
    )


def told(name: str, item: WorkItem | ItemView, *, actor: str = "baton", **data: Any) -> Happened:
    """An event about an item, with its standard tags."""
    tags = {"operation": item.operation, "reference": item.reference, **data}
    return Happened(name=name, actor=actor, system=item.system, item_id=item.id, data=tags)


async def view(session: AsyncSession, item_id: uuid.UUID) -> ItemView:
    """The item as it stands; NoResultFound when there is none."""
    item = (
        await session.exec(select(WorkItem).where(WorkItem.id == item_id).execution_options(populate_existing=True))
    ).one()
    revision = await session.get_one(WorkItemRevision, (item_id, item.revision))
    return _viewed(item, revision.content)


def _viewed(item: WorkItem, content: dict[str, Any]) -> ItemView:
    return ItemView(content=content, **item.model_dump(exclude={"content"}))


class PartIn(BaseModel):
    """A commit of an item that is in: what the system confirmed, how it stands there, whether it was there already."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    confirmation: str | None = None
    result: dict[str, str] = {}
    adopted: bool = False


class Move(BaseModel):
    """One arrow of an item, taken by whoever holds `fence`.

    `values` are further columns; `content` makes a new revision; `part` says that the next part is in. The fence grows
    with every move that the item's workflow makes (`bump`), and stays while one works. `held_by` has it from now on.
    `trouble` is what a try met that ended so.
    """

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    to: State
    event: str
    actor: str = "baton"
    bump: bool = True
    values: dict[str, Any] = {}
    data: dict[str, Any] = {}
    content: dict[str, Any] | None = None
    part: PartIn | None = None
    held_by: uuid.UUID | None = None
    why: str = ""
    trouble: Trouble | None = None


async def move(session: AsyncSession, wanted: Move, now: datetime) -> bool:
    """Take the arrow; False, and nothing written, when the fence is stale. ValueError for an arrow that is none."""
    item = (await session.exec(select(WorkItem).where(WorkItem.id == wanted.item_id).with_for_update())).one()
    if item.fence != wanted.fence:
        return False
    if item.state is not wanted.to and not may_move(item.state, wanted.to):
        raise ValueError(f"no arrow leads from {item.state} to {wanted.to}")
    changes: dict[str, Any] = {"state": wanted.to, "updated_at": now}
    changes |= _arriving(item, wanted.to, now) | operation_holds.change(wanted.to, wanted.actor)
    changes |= wanted.values | holds.change(wanted.held_by, wanted.to)
    if item.through_hold and wanted.event == "item.done":
        await operation_holds.passed(session, item, now)
    if wanted.part is not None:
        changes["parts_done"] = item.parts_done + 1
        session.add(ItemPart(item_id=item.id, number=item.parts_done + 1, at=now, **wanted.part.model_dump()))
    if wanted.bump:
        changes.update(fence=item.fence + 1, lease_holder=None, lease_until=None)
    if wanted.to in FINAL:
        changes["ended_at"] = now
    if wanted.content is not None:
        changes.update(revision=item.revision + 1, reentries=0, proposed=None)
        session.add(_revision(item.id, item.revision + 1, wanted.content, wanted.actor, wanted.why, now))
    item.sqlmodel_update(changes)
    await append(session, item.case_id, now, told(wanted.event, item, actor=wanted.actor, **wanted.data))
    await session.flush()
    await failures.follow(session, item, now, trouble=wanted.trouble, actor=wanted.actor, event=wanted.event)
    return True


def _arriving(item: WorkItem, to: State, now: datetime) -> dict[str, Any]:
    """What changes with the state; the images of a conflict stay as long as it waits for a person."""
    if item.state is to:
        return {}
    images = {} if {item.state, to} <= NEEDS_PERSON else {"wanted": None, "seen": None}
    doubt = to is State.UNKNOWN
    waits = {"wait_kind": "look" if doubt else "nothing", "next_look_at": None, "wait_since": now}
    return {**images, **waits, "doubts": item.doubts + doubt}


async def mark_wait(
    session: AsyncSession, item_id: uuid.UUID, fence: int, kind: str, until: datetime | None, now: datetime
) -> None:
    """Note what an item waits for between attempts, for people to read; nothing else changes."""
    item = (await session.exec(select(WorkItem).where(WorkItem.id == item_id).with_for_update())).one()
    if item.fence != fence:
        return
    since = item.wait_since if item.wait_kind == kind else now
    item.sqlmodel_update({"wait_kind": kind, "next_look_at": until, "wait_since": since, "updated_at": now})
    await append(session, item.case_id, now)
