"""What is known of a case when it is begun anew: what was asked of systems, people and customers, and its outcome."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import State
from handoff.states import OPEN, HandoffState
from records.case import Case
from records.handoff import Handoff
from records.items import Intent
from records.notice import Notice, NoticeState
from records.outbox import OutboxRow
from records.trail import Decision, Event
from records.work_item import WorkItem, WorkItemRevision

UNSENT = (NoticeState.WAITING, NoticeState.WITHDRAWN)
ENTRY_KIND = "bot"
"""Handoffs of that kind belong to an entry, and its workflow takes them up."""


class PastItem(BaseModel):
    """An entry that was asked for: its intent as it is kept, and where it stands."""

    model_config = ConfigDict(frozen=True)

    intent: Intent
    state: State
    confirmation: str = ""


class PastHandoff(BaseModel):
    """A handoff that was offered: what it would start with again, and how it ended, once it has."""

    model_config = ConfigDict(frozen=True)

    number: int
    start: dict[str, Any]
    offered_at: datetime
    end: dict[str, Any] | None = None


class PastEvent(BaseModel):
    """Something on the timeline that a journey goes by."""

    model_config = ConfigDict(frozen=True)

    name: str
    actor: str
    at: datetime
    data: dict[str, Any]


class PastSignal(BaseModel):
    """What the case was told from outside."""

    model_config = ConfigDict(frozen=True)

    name: str
    at: datetime
    argument: dict[str, Any]


class Past(BaseModel):
    """Everything that a new run of a case's workflow looks at before it does anything.

    `items` by occurrence; of the mails `notices` names all, `waiting` those that did not go yet.
    """

    model_config = ConfigDict(frozen=True)

    ticket_no: str = ""
    items: dict[str, PastItem] = {}
    handoffs: tuple[PastHandoff, ...] = ()
    notices: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    mailed_at: datetime | None = None
    decisions: dict[str, dict[str, Any]] = {}
    events: tuple[PastEvent, ...] = ()
    signals: tuple[PastSignal, ...] = ()


REOPENED = "case.reopened"
GONE_BY = (
    REOPENED,
    "case.withdrawn",
    "return.answered",
    "order.confirmed",
    "order.correction_missed",
    "booking.stands",
    "booking.vanished",
)
"""The events that a journey goes by; everything else stands in rows of its own."""


async def look_back(session: AsyncSession, case_id: uuid.UUID) -> Past:
    """The case as it is known now."""
    case = await session.get_one(Case, case_id)
    notices = await _notices(session, case_id)
    return Past(
        ticket_no=case.ticket_no,
        items=await _items(session, case_id),
        handoffs=await _handoffs(session, case),
        notices=tuple(one.occurrence for one in notices),
        waiting=tuple(one.occurrence for one in notices if one.state is NoticeState.WAITING),
        mailed_at=max((one.created_at for one in notices if one.state not in UNSENT), default=None),
        decisions=await _decisions(session, case_id),
        events=await _events(session, case_id),
        signals=await _signals(session, case),
    )


async def _events(session: AsyncSession, case_id: uuid.UUID) -> tuple[PastEvent, ...]:
    """Those of the round that it is in: what was before an answer opened it again is over."""
    asked = select(Event).where(Event.case_id == case_id, col(Event.name).in_(GONE_BY)).order_by(col(Event.id))
    found: list[PastEvent] = []
    for one in await session.exec(asked):
        found = [] if one.name == REOPENED else [*found, PastEvent.model_validate(one, from_attributes=True)]
    return tuple(found)


async def _items(session: AsyncSession, case_id: uuid.UUID) -> dict[str, PastItem]:
    asked = (
        select(WorkItem, WorkItemRevision.content)
        .join(WorkItemRevision, (col(WorkItemRevision.item_id) == WorkItem.id))
        .where(WorkItem.case_id == case_id, WorkItemRevision.number == WorkItem.revision)
        .order_by(col(WorkItem.created_at))
    )
    found = {}
    for item, content in await session.exec(asked):
        intent = Intent.model_validate({**item.model_dump(include=set(Intent.model_fields)), "content": content})
        found[item.occurrence] = PastItem(intent=intent, state=item.state, confirmation=item.confirmation or "")
    return found


async def _handoffs(session: AsyncSession, case: Case) -> tuple[PastHandoff, ...]:
    """One for each number: where a reset has offered it twice, the one that somebody has."""
    asked = select(Handoff).where(Handoff.case_id == case.id, Handoff.kind != ENTRY_KIND)
    rows = list(await session.exec(asked.order_by(col(Handoff.offered_at))))
    rows.sort(key=lambda row: (row.number, row.state in OPEN, row.state is HandoffState.PICKED_UP))
    kept = {row.number: row for row in rows}
    return tuple([await _past(session, row, case) for _, row in sorted(kept.items())])


async def _past(session: AsyncSession, row: Handoff, case: Case) -> PastHandoff:
    ended = await end(session, row)
    return PastHandoff(number=row.number, start=handoff_start(row, case), offered_at=row.offered_at, end=ended)


def handoff_start(row: Handoff, case: Case) -> dict[str, Any]:
    """What a handoff's workflow starts with when it takes this one up."""
    names = {"id", "case_id", "number", "kind", "queue", "offered_by", "why", "channel", "persona", "priority"}
    entry = row.packet.get("entry") or {}
    return {
        **row.model_dump(mode="json", include=names),
        "case_number": case.number,
        "giver": case.submitted_by if row.kind == "service" else "",
        "packet": row.packet,
        "item_id": entry.get("item_id"),
        "taken_up": True,
        "carried_by": f"{case.journey}/{case.number}",
    }


async def end(session: AsyncSession, row: Handoff) -> dict[str, Any] | None:
    """How a handoff ended; None while it is open. What is decided with an entry is no decision of a case."""
    if row.ended_at is None:
        return None
    asked = select(Event.data).where(Event.case_id == row.case_id, Event.name == f"handoff.{row.state.value}")
    last = ([data for data in await session.exec(asked) if data.get("handoff") == str(row.id)] or [{}])[-1]
    return {
        "state": row.state.value,
        "by": row.completed_by or row.picked_up_by or "",
        "at": row.ended_at.isoformat(),
        "resolution": None if row.kind == ENTRY_KIND else row.resolution,
        "urgent": last.get("urgent", False),
        "reason": row.returned_reason or last.get("reason", ""),
    }


async def _notices(session: AsyncSession, case_id: uuid.UUID) -> Sequence[Notice]:
    asked = select(Notice).where(Notice.case_id == case_id).order_by(col(Notice.created_at))
    return (await session.exec(asked)).all()


async def _decisions(session: AsyncSession, case_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The newest verdict that has each of its fields: a rule's name says which of its rows it was."""
    asked = select(Decision).where(Decision.case_id == case_id).order_by(col(Decision.at))
    found = {}
    for one in await session.exec(asked):
        if "cause" in one.verdict:
            found["cause"] = one.verdict
    return found


async def _signals(session: AsyncSession, case: Case) -> tuple[PastSignal, ...]:
    asked = select(OutboxRow).where(OutboxRow.workflow_id == f"{case.journey}/{case.number}", OutboxRow.signal != "")
    rows = await session.exec(asked.order_by(col(OutboxRow.created_at)))
    return tuple(PastSignal(name=row.signal, at=row.created_at, argument=row.argument) for row in rows)
