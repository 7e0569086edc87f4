"""How everything stands, read in a few statements: what waits longest and what is wrong, for `baton status`."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Wait, WaitsFor
from core.work_item import NEEDS_PERSON, State
from handoff.states import HandoffState
from records.case import Case
from records.handoff import Handoff
from records.notice import Notice, NoticeState
from records.waits import waits
from records.work_item import WorkItem

LOOKED_AT = 2_000
"""Open cases whose wait is worked out, oldest first; more would take seconds and change the answer little."""

MAIL_PATIENCE = timedelta(minutes=2)
"""A mail takes seconds; one that is still on its way after this is stuck."""


class Waiting(BaseModel):
    """An open case and what it waits for."""

    model_config = ConfigDict(frozen=True)

    number: str
    wait: Wait


class Trouble(BaseModel):
    """So many work items of a system stand in this state for this reason."""

    model_config = ConfigDict(frozen=True)

    system: str
    state: State
    code: str
    count: int


class MailTrouble(BaseModel):
    """So many notices stand in this state where none should; when the oldest of them was written."""

    model_config = ConfigDict(frozen=True)

    state: NoticeState
    count: int
    oldest: datetime


async def longest_waits(session: AsyncSession, limit: int) -> list[Waiting]:
    """The open cases that wait longest for something; those that Baton works on come last."""
    still_open = select(Case).where(col(Case.closed_at).is_(None)).order_by(col(Case.opened_at)).limit(LOOKED_AT)
    cases = (await session.exec(still_open)).all()
    found = await waits(session, cases)
    waiting = [Waiting(number=case.number, wait=found[case.id]) for case in cases]
    waiting.sort(key=lambda one: (one.wait.kind is WaitsFor.NOTHING, one.wait.since))
    return waiting[:limit]


async def item_troubles(session: AsyncSession) -> list[Trouble]:
    """Work items that need a person or a look, grouped, the largest group first."""
    found = await session.exec(
        select(WorkItem.system, WorkItem.state, WorkItem.code, func.count())
        .where(col(WorkItem.state).in_([*NEEDS_PERSON, State.UNKNOWN]))
        .group_by(col(WorkItem.system), col(WorkItem.state), col(WorkItem.code))
        .order_by(func.count().desc(), col(WorkItem.system), col(WorkItem.code))
    )
    return [Trouble(system=system, state=State(state), code=code, count=count) for system, state, code, count in found]


async def mail_troubles(session: AsyncSession, now: datetime) -> list[MailTrouble]:
    """Mails that are in doubt or refused, and those that are stuck on their way."""
    stuck = col(Notice.state).in_([NoticeState.WAITING, NoticeState.SENDING]) & (
        col(Notice.created_at) < now - MAIL_PATIENCE
    )
    found = await session.exec(
        select(Notice.state, func.count(), func.min(Notice.created_at))
        .where(or_(col(Notice.state).in_([NoticeState.UNKNOWN, NoticeState.REFUSED]), stuck))
        .group_by(col(Notice.state))
    )
    return [MailTrouble(state=NoticeState(state), count=count, oldest=oldest) for state, count, oldest in found]


async def overdue_handoffs(session: AsyncSession, now: datetime) -> int:
    """Handoffs that are open past their time."""
    late = select(func.count()).where(
        col(Handoff.state).in_([HandoffState.OFFERED, HandoffState.PICKED_UP]), col(Handoff.due_at) < now
    )
    return (await session.exec(late)).one()
