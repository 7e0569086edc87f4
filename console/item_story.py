"""What an item's page tells beyond its state: parts, images, the filled form, what is known after a doubt, history."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import holds
from records.holds import Holder
from records.work_item import ItemPart, WorkItem, WorkItemRevision
from systems.base import Operation


@dataclass(frozen=True)
class Row:
    """One field in several images, `differs`: the reader must look at it."""

    label: str
    values: tuple[str, ...]
    differs: bool = False


@dataclass(frozen=True)
class Story:
    """What is kept beside an item's row."""

    revisions: list[WorkItemRevision] = field(default_factory=list)
    parts: list[ItemPart] = field(default_factory=list)
    holder: Holder | None = None


async def stories(session: AsyncSession, items: Sequence[WorkItem]) -> dict[uuid.UUID, Story]:
    """The stories of these items; every item has one."""
    ids = [item.id for item in items]
    revisions: dict[uuid.UUID, list[WorkItemRevision]] = defaultdict(list)
    newest = select(WorkItemRevision).where(col(WorkItemRevision.item_id).in_(ids))
    for revision in await session.exec(newest.order_by(col(WorkItemRevision.number).desc())):
        revisions[revision.item_id].append(revision)
    parts: dict[uuid.UUID, list[ItemPart]] = defaultdict(list)
    entered = select(ItemPart).where(col(ItemPart.item_id).in_(ids)).order_by(col(ItemPart.number))
    for part in await session.exec(entered):
        parts[part.item_id].append(part)
    holders = await holds.holders(session, ids)
    return {item: Story(revisions[item], parts[item], holders.get(item)) for item in ids}


def parts(
    operation: Operation, content: dict[str, Any], entered: Sequence[ItemPart]
) -> list[tuple[str, ItemPart | None]]:
    """Every commit of the entry by its title, with what is kept of it once it is in; empty where there is only one."""
    named = operation.parts_of(operation.entry.model_validate(content))
    if len(named) == 1:
        return []
    known = {part.number: part for part in entered}
    return [(part.title, known.get(number)) for number, part in enumerate(named, 1)]


def images(item: WorkItem, operation: Operation) -> list[Row]:
    """Before, ours and on the screen, field by field; empty without a conflict."""
    if not item.seen or not item.wanted:
        return _named(item)
    labels = {one.name: one.label for one in operation.fields}
    before, ours, seen = (_texts(image) for image in (item.before, item.wanted, item.seen))
    differing = {str(found.get("field")) for found in item.differences or [] if isinstance(found, dict)}
    names = [*(name for name in labels if name in ours), *(name for name in {**ours, **seen} if name not in labels)]
    return [
        Row(
            labels.get(name, name.replace("_", " ").capitalize()),
            (before.get(name, ""), ours.get(name, ""), seen.get(name, "")),
            differs=name in differing,
        )
        for name in names
    ]


def _named(item: WorkItem) -> list[Row]:
    """The differing fields alone, as far as they are known."""
    before = _texts(item.before)
    return [
        Row(
            str(found["label"]),
            (before.get(str(found["field"]), ""), str(found["wanted"]), str(found["seen"])),
            differs=True,
        )
        for found in item.differences or []
        if isinstance(found, dict)
    ]


def filled(item: WorkItem, operation: Operation) -> list[Row]:
    """The form as the bot filled it; where it was approved otherwise, with what was approved."""
    labels = {one.name: one.label for one in operation.fields}
    values = _texts((item.filled or {}).get("values"))
    approved = {str(one["field"]): str(one["wanted"]) for one in item.differences or [] if isinstance(one, dict)}
    return [
        Row(labels.get(name, name.replace("_", " ").capitalize()), (value, approved.get(name, "")), name in approved)
        for name, value in values.items()
    ]


def proposal(item: WorkItem, operation: Operation, content: dict[str, Any]) -> list[Row]:
    """Other content for the same intent that nobody asked for: ours and the proposed, field by field."""
    if not item.proposed:
        return []
    other = _texts(item.proposed.get("content"))
    ours = _texts(content)
    labels = {one.name: one.label for one in operation.fields}
    return [
        Row(
            labels.get(name, name.replace("_", " ").capitalize()),
            (ours.get(name, ""), other.get(name, "")),
            ours.get(name) != other.get(name),
        )
        for name in {**ours, **other}
    ]


def _texts(image: Any) -> dict[str, str]:
    return {str(name): "" if value is None else str(value) for name, value in (image or {}).items()}
