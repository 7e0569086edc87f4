"""What lies on the workbench of one handoff beside its packet: questions, clocks, what happened, what was prepared."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.handoff import Handoff, HandoffClock, HandoffQuestion
from records.people import User
from records.trail import Event

EVENTS = 300
"""The newest events that a workbench shows; an ordinary case has about forty."""
ADDRESSES = 20


@dataclass(frozen=True)
class OnBench:
    """Questions are oldest first, clocks as they run out, events oldest first."""

    questions: list[HandoffQuestion]
    clocks: list[HandoffClock]
    events: list[Event]
    names: dict[str, str]

    def of(self, name: str, handoff_id: uuid.UUID, kind: str = "") -> list[Event]:
        """The events of this name about that handoff, oldest first; of notes those of one kind."""
        about = str(handoff_id)
        return [
            event
            for event in self.events
            if event.name == name and event.data.get("handoff") == about and kind in ("", event.data.get("kind"))
        ]


async def read(session: AsyncSession, handoff: Handoff) -> OnBench:
    """Everything at once."""
    questions = select(HandoffQuestion).where(HandoffQuestion.handoff_id == handoff.id)
    clocks = select(HandoffClock).where(HandoffClock.handoff_id == handoff.id)
    newest = select(Event).where(Event.case_id == handoff.case_id).order_by(col(Event.id).desc()).limit(EVENTS)
    events = list(await session.exec(newest))[::-1]
    actors = {event.actor for event in events if "@" in event.actor}
    actors |= {email for email in (handoff.picked_up_by, handoff.assigned_to, handoff.completed_by) if email}
    return OnBench(
        questions=list(await session.exec(questions.order_by(col(HandoffQuestion.asked_at)))),
        clocks=list(await session.exec(clocks.order_by(col(HandoffClock.due_at).nulls_last(), HandoffClock.name))),
        events=events,
        names=await names(session, actors),
    )


async def names(session: AsyncSession, emails: Collection[str]) -> dict[str, str]:
    """People's names by e-mail address."""
    if not emails:
        return {}
    found = await session.exec(select(User.email, User.name).where(col(User.email).in_(emails)))
    return dict(found.all())


async def addresses(session: AsyncSession) -> list[str]:
    """Where depots and carriers were asked lately, the latest first."""
    lately = func.max(HandoffQuestion.asked_at)
    asked = (
        select(HandoffQuestion.to_address)
        .where(col(HandoffQuestion.to_kind).in_(("depot", "carrier")), HandoffQuestion.to_address != "")
        .group_by(col(HandoffQuestion.to_address))
        .order_by(lately.desc())
        .limit(ADDRESSES)
    )
    return list(await session.exec(asked))
