"""A work item as programs see it: the same as its page tells."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from console.item_view import ItemCard


class PartAnswer(BaseModel):
    """A commit of a work item that is in."""

    model_config = ConfigDict(frozen=True)

    title: str
    confirmation: str | None
    adopted: bool


class RevisionAnswer(BaseModel):
    """One version of a work item's content: who wrote it, when and why."""

    model_config = ConfigDict(frozen=True)

    number: int
    author: str
    at: datetime
    why: str


class ItemAnswer(BaseModel):
    """A work item of a case.

    In a conflict `before`, `wanted` and `seen` are the three images. `filled` waits for approval. `proposed` is other
    content that nobody asked for. `held_by` has it until `held_until`, to key it by hand. `parts` are in, `parts_count`
    is how many there are.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    system: str
    environment: str
    operation: str
    route: str
    state: str
    reference: str
    attempts: int
    priority: str
    next_look_at: datetime | None
    confirmation: str | None
    adopted: bool
    code: str
    doubts: int
    reentries: int
    revision: int
    before: dict[str, Any] | None
    wanted: dict[str, Any] | None
    seen: dict[str, Any] | None
    differences: list[Any] | None
    proposed: dict[str, Any] | None
    watched: bool
    filled: dict[str, Any] | None
    held_by: str | None
    held_until: datetime | None
    parts_count: int
    parts: list[PartAnswer]
    revisions: list[RevisionAnswer]


REVISION = set(RevisionAnswer.model_fields)


def of(card: ItemCard) -> ItemAnswer:
    """The item of this card."""
    story, own = card.story, {"id", "held_by", "held_until"}
    return ItemAnswer(
        **card.item.model_dump(include=set(ItemAnswer.model_fields) - own),
        id=str(card.item.id),
        held_by=story.holder.name if story.holder else None,
        held_until=story.holder.until if story.holder else None,
        parts_count=max(len(card.parts), 1),
        parts=[PartAnswer(**part.model_dump(include=set(PartAnswer.model_fields))) for part in story.parts],
        revisions=[
            RevisionAnswer(**one.model_dump(include=set(RevisionAnswer.model_fields))) for one in story.revisions
        ],
    )
