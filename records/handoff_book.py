"""A handoff workflow's writes: the handoff, its clocks, questions, events and notices, in one fenced transaction."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.clock import Clock, Ticked, after
from handoff.states import OPEN, HandoffState
from records import failures, holds, questions, told
from records.bookkeeping import DecisionTaken, NoticeIntent, run_ordinal, to_send
from records.case import Case
from records.events import Happened, append
from records.handoff import DeskPresence, Handoff, HandoffClock, HandoffQuestion, QuestionState
from records.questions import QuestionAsked, QuestionClosed
from records.told import Tell
from records.trail import Decision


class HandoffWrite(BaseModel):
    """One write of a handoff's workflow: everything in it is committed together or not at all.

    `columns` are the handoff's (all of them at its first write, which inserts it); `clocks` are the ones that moved, by
    name. `due_at`, when given, counts for the case's due time too, which its open handoffs set (none
    open: nothing is due). `item_id` is the entry that it is about: its lease follows who has the handoff.
    """

    model_config = ConfigDict(frozen=True)

    handoff_id: uuid.UUID
    case_id: uuid.UUID
    run_id: str
    seq: int
    at: datetime
    item_id: uuid.UUID | None = None
    columns: dict[str, Any] = Field(default_factory=dict)
    clocks: dict[str, Clock] = Field(default_factory=dict)
    events: tuple[Happened, ...] = ()
    asked: tuple[QuestionAsked, ...] = ()
    closed: tuple[QuestionClosed, ...] = ()
    tells: tuple[Tell, ...] = ()
    decision: DecisionTaken | None = None
    notice: NoticeIntent | None = None


async def apply(session: AsyncSession, write: HandoffWrite, *, console_url: str) -> bool:
    """Do the write unless this handoff has seen it, or a later one, already; True when it was done now."""
    ordinal = await run_ordinal(session, write.case_id, write.run_id, write.at)
    had = await _holder(session, write) if write.item_id and "picked_up_by" in write.columns else None
    if not await _moved(session, write, ordinal) and not await _inserted(session, write, ordinal):
        return False
    for name, clock in write.clocks.items():
        await _keep_clock(session, write, name, clock)
    for asked in write.asked:
        await questions.make(session, asked, write.at, console_url=console_url)
    for closed in write.closed:
        await questions.close(session, closed, write.at)
    _add(session, write)
    if "due_at" in write.columns:
        await _case_due(session, write)
    if write.item_id and "picked_up_by" in write.columns:
        await holds.follow(session, write.item_id, had=had, has=write.columns["picked_up_by"])
    await told.tell(session, write.at, *write.tells)
    await append(session, write.case_id, write.at, *write.events)
    return True


def _add(session: AsyncSession, write: HandoffWrite) -> None:
    if write.decision is not None:
        session.add(Decision(case_id=write.case_id, at=write.at, **write.decision.model_dump()))
    if write.notice is not None:
        session.add(to_send(write.case_id, write.notice, write.at))


async def _moved(session: AsyncSession, write: HandoffWrite, ordinal: int) -> bool:
    """Update the row when it is there and the write is newer than what it has seen."""
    fence = text("(run_ordinal, seq) < (:at_ordinal, :at_seq)").bindparams(at_ordinal=ordinal, at_seq=write.seq)
    columns = Handoff.model_validate({**_blank(write), **write.columns})
    values = {name: getattr(columns, name) for name in write.columns if name != "id"}
    moved = await (await session.connection()).execute(
        update(Handoff)
        .where(col(Handoff.id) == write.handoff_id, fence)
        .values(**values, run_id=write.run_id, run_ordinal=ordinal, seq=write.seq)
        .returning(col(Handoff.id))
    )
    return moved.scalar_one_or_none() is not None


async def _inserted(session: AsyncSession, write: HandoffWrite, ordinal: int) -> bool:
    """Insert the row unless it is there; only a first write holds every column."""
    if "packet" not in write.columns:
        return False
    made = Handoff.model_validate({**_blank(write), **write.columns})
    made.run_id, made.run_ordinal, made.seq = write.run_id, ordinal, write.seq
    statement = insert(Handoff).values(**made.model_dump()).on_conflict_do_nothing().returning(col(Handoff.id))
    return (await (await session.connection()).execute(statement)).scalar_one_or_none() is not None


async def _holder(session: AsyncSession, write: HandoffWrite) -> str | None:
    found = select(Handoff.picked_up_by).where(Handoff.id == write.handoff_id)
    return (await session.exec(found)).one_or_none()


async def _keep_clock(session: AsyncSession, write: HandoffWrite, name: str, clock: Clock) -> None:
    values = _kept(clock)
    row = {
        "id": uuid.uuid4(),
        "handoff_id": write.handoff_id,
        "case_id": write.case_id,
        "name": name,
        "kind": clock.target.kind.value,
        "started_at": clock.started_at,
        **values,
    }
    statement = insert(HandoffClock).values(**row)
    same_clock = ["handoff_id", "name"]
    await (await session.connection()).execute(statement.on_conflict_do_update(index_elements=same_clock, set_=values))


def _kept(clock: Clock) -> dict[str, Any]:
    return {
        "state": clock.state.value,
        "due_at": clock.due_at(),
        "risk_at": clock.risk_due_at(),
        "breached_at": clock.breached_at,
        "ended_at": clock.ended_at,
        "outcome": clock.outcome,
        "clock": clock.model_dump(mode="json"),
    }


async def _case_due(session: AsyncSession, write: HandoffWrite) -> None:
    """The one column of a case that its open handoffs write: when the first of them is due.

    Once none is open nothing is due: a decision in time would be shown as overdue seconds after it was made.
    """
    first = select(func.min(Handoff.due_at)).where(Handoff.case_id == write.case_id, col(Handoff.ended_at).is_(None))
    due = (await session.exec(first)).one()
    await (await session.connection()).execute(
        update(Case).where(col(Case.id) == write.case_id, col(Case.closed_at).is_(None)).values(due_at=due)
    )
    await failures.due(session, write.case_id, due)


def _blank(write: HandoffWrite) -> dict[str, Any]:
    """The required columns, so that those that are written can be validated (texts become dates and states)."""
    return {
        "id": write.handoff_id,
        "case_id": write.case_id,
        "queue": "",
        "state": "offered",
        "packet": {},
        "offered_at": write.at,
        "due_at": write.at,
    }


async def last_seen(session: AsyncSession, handoff_id: uuid.UUID, email: str) -> datetime | None:
    """When this person last had the handoff's workbench open; None when they never had."""
    found = select(DeskPresence.seen_at).where(DeskPresence.handoff_id == handoff_id, DeskPresence.email == email)
    return (await session.exec(found)).one_or_none()


async def abandon(session: AsyncSession, handoff_id: uuid.UUID, at: datetime) -> None:
    """Close an open handoff that no workflow carries any more, with its clocks; one that has ended stays as it is."""
    handoff = await session.get(Handoff, handoff_id)
    if handoff is None or handoff.state not in OPEN:
        return
    handoff.state, handoff.ended_at = HandoffState.WITHDRAWN, at
    entry = handoff.packet.get("entry")
    if entry and handoff.picked_up_by:
        await holds.follow(session, uuid.UUID(entry["item_id"]), had=handoff.picked_up_by, has=None)
    stopped = Ticked(what="stopped", at=at, reason="its workflow was ended outside Baton")
    asked = select(HandoffQuestion.id).where(HandoffQuestion.handoff_id == handoff_id)
    for question in (await session.exec(asked)).all():
        await questions.close(session, QuestionClosed(id=question, state=QuestionState.WITHDRAWN), at)
    clocks = select(HandoffClock).where(HandoffClock.handoff_id == handoff_id, col(HandoffClock.ended_at).is_(None))
    happened = [Happened(name="handoff.lost", data={"handoff": str(handoff_id)})]
    for row in await session.exec(clocks):
        row.sqlmodel_update(_kept(after(Clock.model_validate(row.clock), stopped)))
        data = {"handoff": str(handoff_id), "clock": row.name, "tick": stopped.model_dump(mode="json")}
        happened.append(Happened(name="clock.stopped", data=data))
    await append(session, handoff.case_id, at, *happened)
