"""Every table, imported once, so that migrations and tests see the whole schema."""

from sqlmodel import SQLModel

from records import case, figures, handoff, lease, notice, outbox, pace, people, submission, trail, work_item

metadata = SQLModel.metadata
__all__ = [
    "case",
    "figures",
    "handoff",
    "lease",
    "metadata",
    "notice",
    "outbox",
    "pace",
    "people",
    "submission",
    "trail",
    "work_item",
]
