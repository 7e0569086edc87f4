"""Every table, imported once, so that migrations and tests see the whole schema."""

from sqlmodel import SQLModel

from records import (
    account_holds,
    bot_process,
    case,
    entry_file,
    feedback,
    figures,
    handoff,
    lease,
    notice,
    outbox,
    pace,
    payload_keys,
    people,
    queues,
    received_mail,
    submission,
    told,
    told_preference,
    trail,
    watches,
    work_item,
)

metadata = SQLModel.metadata
__all__ = [
    "account_holds",
    "bot_process",
    "case",
    "entry_file",
    "feedback",
    "figures",
    "handoff",
    "lease",
    "metadata",
    "notice",
    "outbox",
    "pace",
    "payload_keys",
    "people",
    "queues",
    "received_mail",
    "submission",
    "told",
    "told_preference",
    "trail",
    "watches",
    "work_item",
]
