"""How an open handoff stands, made again from its row, its clocks and its questions for the run that takes it up."""

import uuid
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.handoff import Handoff, HandoffClock, HandoffQuestion, QuestionState
from records.people import User
from records.trail import Event

OFFERED_AGAIN = ("handoff.released", "handoff.transferred", "handoff.assigned", "handoff.idle_released")
"""Each of them is another round, with an acceptance clock of its own."""
NOT_ASIDE = (*OFFERED_AGAIN, "handoff.picked_up", "handoff.taken_up", "handoff.came_back")
ASIDE = "time"


async def standing(session: AsyncSession, row: Handoff, now: datetime) -> dict[str, Any]:
    """Everything but the policy, as JSON; what was told on the ladder is told once anyway, by its occurrence."""
    holder = await _user(session, row.picked_up_by)
    clocks = await _clocks(session, row.id)
    questions = await _questions(session, row.id)
    events = await _events(session, row)
    aside = _aside(events)
    pauses = {key: f"waits for the {one['to_kind']}" for key, one in questions.items() if one["pauses"]}
    if aside and aside["pauses"]:
        pauses[ASIDE] = f"put aside: {aside['why']}"
    acknowledged = [one.at for one in events if one.name == "handoff.acknowledged"]
    return {
        "state": row.state.value,
        "queue": row.queue,
        "packet": row.packet,
        "holder": str(holder) if holder else None,
        "holder_email": row.picked_up_by or "",
        "assigned_to": row.assigned_to or "",
        "clocks": clocks,
        "rounds": 1 + sum(one.name in OFFERED_AGAIN for one in events),
        "pauses": pauses,
        "questions": questions,
        "comes_back_at": aside["at"] if aside else None,
        "comes_back_why": aside["why"] if aside else "",
        "last_act_at": now.isoformat(),
        "acknowledged_at": acknowledged[-1].isoformat() if acknowledged else None,
        "told": _told(events),
    }


def _told(events: list[Event]) -> dict[str, list[dict[str, Any]]]:
    """The rungs of the ladder that were told, by clock, as far as their events say."""
    told: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event.name == "handoff.escalated" and "step" in event.data:
            told.setdefault(event.data["clock"], []).append({"step": event.data["step"], "at": event.at.isoformat()})
    return told


async def _user(session: AsyncSession, email: str | None) -> uuid.UUID | None:
    return (await session.exec(select(User.id).where(User.email == (email or "")))).one_or_none()


async def _clocks(session: AsyncSession, handoff_id: uuid.UUID) -> dict[str, Any]:
    asked = select(HandoffClock).where(HandoffClock.handoff_id == handoff_id)
    rows = await session.exec(asked.order_by(col(HandoffClock.started_at), col(HandoffClock.name)))
    return {row.name: row.clock for row in rows}


async def _questions(session: AsyncSession, handoff_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    asked = select(HandoffQuestion).where(
        HandoffQuestion.handoff_id == handoff_id, HandoffQuestion.state == QuestionState.OPEN
    )
    return {
        str(one.id): {"to_kind": one.to_kind, "expires_at": one.expires_at.isoformat(), "pauses": one.pauses}
        for one in await session.exec(asked.order_by(col(HandoffQuestion.asked_at)))
    }


async def _events(session: AsyncSession, row: Handoff) -> list[Event]:
    asked = select(Event).where(Event.case_id == row.case_id, col(Event.name).startswith("handoff."))
    found = await session.exec(asked.order_by(col(Event.id)))
    return [one for one in found if one.data.get("handoff") == str(row.id)]


def _aside(events: list[Event]) -> dict[str, Any] | None:
    """Until when its holder has put it aside, if they still have."""
    aside = None
    for event in events:
        if event.name == "handoff.comes_back":
            aside = event.data
        elif event.name in NOT_ASIDE:
            aside = None
    return aside
