"""Asking for a look-up, and keeping what came of it: row, outbox row and timeline in one transaction each."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.lookups import LookUp
from records import outbox
from records.events import Happened, append
from records.handoff import Handoff
from records.look_up import GOING, LookUpAsked, LookUpState

WORKFLOW = "LookUpWorkflow"
TASK_QUEUE = "baton"
SHOWN = 6
"""The newest ones of a handoff that its workbench shows."""


class Wanted(BaseModel):
    """Who wants to know what; the same one twice, while it is being read, is one look-up."""

    model_config = ConfigDict(frozen=True)

    by: str
    by_id: uuid.UUID
    key: str
    before: dict[str, Any] = {}


class Came(BaseModel):
    """What came of a look-up by `at`: it waits and why, was answered, or ended without an answer."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    at: datetime
    state: LookUpState
    code: str = ""
    answer: dict[str, Any] | None = None


async def ask(session: AsyncSession, handoff: Handoff, look_up: LookUp, wanted: Wanted, now: datetime) -> LookUpAsked:
    """Keep the question, and have it read once Temporal answers."""
    same = select(LookUpAsked).where(
        LookUpAsked.handoff_id == handoff.id,
        LookUpAsked.name == look_up.name,
        LookUpAsked.key == wanted.key,
        col(LookUpAsked.state).in_(GOING),
    )
    await session.get_one(Handoff, handoff.id, with_for_update=True)  # two presses wait for each other here
    running = (await session.exec(same)).first()
    if running is not None:
        return running
    row = LookUpAsked(
        handoff_id=handoff.id,
        case_id=handoff.case_id,
        name=look_up.name,
        key=wanted.key,
        before=wanted.before,
        asked_by=wanted.by,
        asked_at=now,
        state=LookUpState.ASKED,
    )
    session.add(row)
    session.add(_start(row, handoff, look_up, wanted, now))
    await session.flush()
    await (await session.connection()).execute(text("SELECT pg_notify(:channel, '')"), {"channel": outbox.CHANNEL})
    return row


async def keep(session: AsyncSession, came: Came, title: str, actor: str) -> None:
    """Keep what came of it, once; its end is told on the case's timeline."""
    row = await session.get_one(LookUpAsked, came.id, with_for_update=True)
    if row.state not in GOING:
        return
    row.state, row.code = came.state, came.code
    if came.state in GOING:
        return
    row.answer, row.answered_at = came.answer, came.at
    data = {"title": title, "id": str(row.id), "code": came.code}
    await append(session, row.case_id, came.at, Happened(name=f"look_up.{came.state.value}", actor=actor, data=data))


async def newest(session: AsyncSession, handoff_id: uuid.UUID) -> list[LookUpAsked]:
    """What was looked up for this handoff, the newest first."""
    asked = select(LookUpAsked).where(LookUpAsked.handoff_id == handoff_id)
    return list(await session.exec(asked.order_by(col(LookUpAsked.asked_at).desc()).limit(SHOWN)))


def _start(row: LookUpAsked, handoff: Handoff, look_up: LookUp, wanted: Wanted, now: datetime) -> outbox.OutboxRow:
    argument: Mapping[str, Any] = {
        "id": str(row.id),
        "by": str(wanted.by_id),
        "queue": handoff.queue,
        "name": look_up.name,
        "key": row.key,
    }
    return outbox.OutboxRow(
        workflow_type=WORKFLOW,
        workflow_id=f"look-up/{row.id}",
        task_queue=TASK_QUEUE,
        argument=dict(argument),
        created_at=now,
        next_try_at=now,
    )
