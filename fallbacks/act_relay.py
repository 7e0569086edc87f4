"""The relay of what people asked while Temporal was away: in order for each workflow, and each is told its answer."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from fallbacks.relay import AWAY, EngineAway, Rounds, WorkflowGone
from fallbacks.temporal_acts import Answered, LateAct, NoAnswer
from records import waiting_acts
from records.database import Database
from records.outbox import OutboxRow
from records.waiting_act import WaitingAct

NO_ANSWER = "It has not answered yet."
NOT_RUNNING = "Nothing runs for it at the moment."
_OVER = Answered(done=False, said="It has ended meanwhile; nothing was changed.")


class Deliverer(Protocol):
    """Who delivers acts: Temporal, or a stand-in."""

    async def deliver(self, act: LateAct) -> Answered:
        """Return the answer. Raises EngineAway, NoAnswer or WorkflowGone."""


class ActRelay(Rounds):
    """Carries waiting acts over to their workflows: of each workflow the oldest alone, once it was started itself."""

    def __init__(self, database: Database, deliverer: Deliverer, clock: Callable[[], datetime]) -> None:
        super().__init__(database, clock)
        self._deliverer = deliverer
        self._answers: dict[uuid.UUID, Answered] = {}

    async def _due(self, session: AsyncSession, now: datetime, limit: int) -> Sequence[OutboxRow]:
        first = (
            select(func.min(WaitingAct.place))
            .where(col(WaitingAct.settled_at).is_(None))
            .group_by(col(WaitingAct.workflow_id))
        )
        before = aliased(OutboxRow)
        unborn = select(before.id).where(
            before.workflow_id == OutboxRow.workflow_id,
            before.signal == "",
            before.update == "",
            col(before.sent_at).is_(None),
        )
        wanted = (
            select(OutboxRow)
            .join(WaitingAct, col(WaitingAct.outbox_id) == col(OutboxRow.id))
            .where(col(WaitingAct.place).in_(first), ~unborn.exists())
            .where(col(OutboxRow.sent_at).is_(None), col(OutboxRow.next_try_at) <= now)
            .order_by(col(OutboxRow.next_try_at), col(WaitingAct.place))
            .limit(limit)
            .with_for_update(skip_locked=True, of=OutboxRow)
        )
        return (await session.exec(wanted)).all()

    async def _carry(self, row: OutboxRow) -> str:
        act = LateAct(workflow_id=row.workflow_id, update=row.update, key=row.key, argument=row.argument)
        try:
            self._answers[row.id] = await self._deliverer.deliver(act)
        except EngineAway:
            return AWAY
        except NoAnswer:
            return NO_ANSWER
        except WorkflowGone:
            return await self._nothing_runs(row)
        return ""

    async def _nothing_runs(self, row: OutboxRow) -> str:
        """What is open still is taken up again, from its records if need be, and hears of it then; else it is over."""
        async with self._database.session() as session:
            if (await waiting_acts.about(session, row.workflow_id)).open:
                return NOT_RUNNING
        self._answers[row.id] = _OVER
        return ""

    async def _marked(self, session: AsyncSession, row: OutboxRow, fault: str, now: datetime) -> None:
        if not fault:
            answer = self._answers.pop(row.id)
            await waiting_acts.settle(session, row, answer.done, answer.said, now)
