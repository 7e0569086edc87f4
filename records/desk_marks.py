"""What a row of the desk tells beside its case: its tightest clock, and what came since its holder last looked."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage
from handoff.states import HandoffState
from records.case import Case
from records.desk import AtDesk
from records.handoff import DeskPresence, Handoff, HandoffClock
from records.trail import Event
from records.waiting_act import WaitingAct

NEWS = ("handoff.answered", "customer.replied", "handoff.question_expired", "handoff.came_back", "case.noted")
"""What came for whoever has the case."""


class Mark(BaseModel):
    """The clock that is over first (its name, state and due time; without a due time all of them stand), and the name
    of the newest thing that its holder has not seen."""

    model_config = ConfigDict(frozen=True)

    clock: str = ""
    state: str = ""
    due_at: datetime | None = None
    news: str = ""
    news_at: datetime | None = None
    kept: str = ""
    """What its holder did and Temporal has not heard yet."""


class Promised(BaseModel):
    """A case that somebody decided and whose entry is not done yet."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    case: Case
    handoff: Handoff


async def marks(session: AsyncSession, rows: Sequence[AtDesk]) -> dict[uuid.UUID, Mark]:
    """The mark of each of these handoffs."""
    news = await _news(session, [row for row in rows if row.handoff.picked_up_by])
    tightest = await _tightest(session, [row.handoff.id for row in rows])
    kept = await _kept(session, [row.handoff.id for row in rows])
    return {
        one: Mark(**tightest.get(one, {}), **news.get(one, {}), kept=kept.get(one, ""))
        for one in (row.handoff.id for row in rows)
    }


async def promised(session: AsyncSession, email: str, *, size: int) -> list[Promised]:
    """What this person decided and is not keyed or told yet, the oldest promise first."""
    asked = (
        select(Case, Handoff)
        .join(Handoff, col(Handoff.case_id) == col(Case.id))
        .where(
            Handoff.completed_by == email,
            Handoff.state == HandoffState.COMPLETED,
            col(Case.stage).in_((Stage.RESOLVING, Stage.TELLING)),
        )
        .order_by(col(Handoff.ended_at))
        .limit(size)
    )
    newest = {case.id: Promised(case=case, handoff=handoff) for case, handoff in await session.exec(asked)}
    return list(newest.values())


async def kinds(session: AsyncSession) -> list[tuple[str, str, int]]:
    """What is open, by queue and kind: what the desk can be narrowed to."""
    asked = (
        select(Handoff.queue, Handoff.kind, func.count())
        .where(col(Handoff.ended_at).is_(None))
        .group_by(col(Handoff.queue), col(Handoff.kind))
        .order_by(col(Handoff.queue), col(Handoff.kind))
    )
    return [(queue, kind, count) for queue, kind, count in await session.exec(asked)]


async def _tightest(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    clocks = (
        select(HandoffClock)
        .where(col(HandoffClock.handoff_id).in_(ids), col(HandoffClock.ended_at).is_(None))
        .order_by(col(HandoffClock.due_at).desc().nulls_first())
    )
    return {
        clock.handoff_id: {"clock": clock.name, "state": clock.state, "due_at": clock.due_at}
        for clock in await session.exec(clocks)
    }


async def _kept(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The last act on each that waits for Temporal, as people call it."""
    of = {f"handoff/{one}": one for one in ids}
    waits = (
        select(WaitingAct.workflow_id, WaitingAct.title)
        .where(col(WaitingAct.workflow_id).in_(of), col(WaitingAct.settled_at).is_(None))
        .order_by(col(WaitingAct.place))
    )
    return {of[workflow_id]: title for workflow_id, title in await session.exec(waits)}


async def _news(session: AsyncSession, rows: Sequence[AtDesk]) -> dict[uuid.UUID, dict[str, Any]]:
    """The newest event of each case that somebody else brought after its holder last had the workbench open."""
    if not rows:
        return {}
    seen = select(DeskPresence).where(col(DeskPresence.handoff_id).in_([row.handoff.id for row in rows]))
    looked = {(one.handoff_id, one.email): one.seen_at for one in await session.exec(seen)}
    came = (
        select(Event)
        .where(col(Event.case_id).in_([row.case.id for row in rows]), col(Event.name).in_(NEWS))
        .order_by(col(Event.id))
    )
    newest = {event.case_id: event for event in await session.exec(came)}
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for row in rows:
        handoff, event = row.handoff, newest.get(row.case.id)
        holder = handoff.picked_up_by or ""
        since = looked.get((handoff.id, holder)) or handoff.picked_up_at
        if event is not None and since is not None and event.at > since and event.actor != holder:
            found[handoff.id] = {"news": event.name, "news_at": event.at}
    return found
