"""Acts of people that wait for Temporal: kept with their outbox row in one transaction, and what came of each."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.work_item import FINAL
from records import events, outbox
from records.bulk import path_of as path_of_bulk
from records.case import Case
from records.handoff import Handoff
from records.outbox import OutboxRow
from records.people import User
from records.stuck import BOT
from records.told import Tell, tell
from records.waiting_act import WaitingAct
from records.work_item import WorkItem

KIND = "late_act"
"""As what people are told of the answer."""


class Asked(BaseModel):
    """What to keep: the Update of this workflow, under its form's key, and who asks."""

    model_config = ConfigDict(frozen=True)

    workflow_id: str
    act: str
    title: str
    key: str
    by: uuid.UUID
    argument: dict[str, Any]


class About(BaseModel):
    """What a workflow is about: its name and page for people, its case if it has one, whether it is open still."""

    model_config = ConfigDict(frozen=True)

    name: str
    path: str
    open: bool
    case_id: uuid.UUID | None = None


async def keep(session: AsyncSession, asked: Asked, now: datetime) -> None:
    """Keep it and wake the relay; the same key twice is kept once."""
    row = OutboxRow(
        workflow_type="",
        workflow_id=asked.workflow_id,
        update=asked.act,
        key=asked.key,
        task_queue="",
        argument=asked.argument,
        created_at=now,
        next_try_at=now,
    )
    once = insert(OutboxRow).values(**row.model_dump()).on_conflict_do_nothing().returning(col(OutboxRow.id))
    connection = await session.connection()
    if (await connection.execute(once)).first() is None:
        return
    what = await about(session, asked.workflow_id)
    person = (await session.exec(select(User.email).where(User.id == asked.by))).one()
    session.add(
        WaitingAct(
            outbox_id=row.id,
            workflow_id=asked.workflow_id,
            act=asked.act,
            title=asked.title,
            person=person,
            case_id=what.case_id,
            about=what.name,
            path=what.path,
            kept_at=now,
        )
    )
    if what.case_id is not None:
        kept = events.Happened(name="act.kept", actor=person, data={"title": asked.title})
        await events.append(session, what.case_id, now, kept)
    await connection.execute(text(f"NOTIFY {outbox.CHANNEL}"))


async def stands(session: AsyncSession, workflow_id: str) -> bool:
    """Whether something that was asked of this workflow before is still to be delivered."""
    waits = select(WaitingAct.place).where(WaitingAct.workflow_id == workflow_id, col(WaitingAct.settled_at).is_(None))
    return (await session.exec(waits.limit(1))).first() is not None


async def settle(session: AsyncSession, row: OutboxRow, done: bool, said: str, now: datetime) -> None:
    """What the workflow answered, once: whoever asked is told, and a refusal stands on the case."""
    act = (
        await session.exec(
            select(WaitingAct)
            .where(WaitingAct.outbox_id == row.id, col(WaitingAct.settled_at).is_(None))
            .with_for_update()
        )
    ).one_or_none()
    if act is None:
        return
    act.settled_at, act.done, act.said = now, done, said
    word = "is done" if done else "was refused"
    told = Tell(
        kind=KIND,
        occurrence=f"act/{row.id}",
        to=f"person:{act.person}",
        text=f"{act.about}: “{act.title}”, kept while Temporal was away, {word}. {said}".strip(),
        path=act.path,
        case_id=act.case_id,
    )
    await tell(session, now, told)
    if act.case_id is not None and done:
        await events.announce(session, act.case_id)
    elif act.case_id is not None:
        refused = events.Happened(name="act.refused", actor=act.person, data={"title": act.title, "why": said})
        await events.append(session, act.case_id, now, refused)


async def of_case(session: AsyncSession, case_id: uuid.UUID) -> Sequence[WaitingAct]:
    """What still waits about a case, in the order of its delivery."""
    return await _waiting(session, col(WaitingAct.case_id) == case_id)


async def of_page(session: AsyncSession, path: str) -> Sequence[WaitingAct]:
    """What still waits about the thing that this page shows, in the order of its delivery."""
    return await _waiting(session, col(WaitingAct.path) == path)


async def _waiting(session: AsyncSession, which: Any) -> Sequence[WaitingAct]:
    waits = select(WaitingAct).where(which, col(WaitingAct.settled_at).is_(None)).order_by(col(WaitingAct.place))
    return (await session.exec(waits)).all()


async def about(session: AsyncSession, workflow_id: str) -> About:
    """What the workflow of this id is about."""
    kind, _, name = workflow_id.rpartition("/")
    if kind == "bulk":
        return About(name="Bulk action", path=path_of_bulk(uuid.UUID(name)), open=False)
    if kind == "legacy-entry":
        return About(name="File of entries", path=f"/entries/{name}", open=False)
    if kind == "handoff":
        return await _of_handoff(session, uuid.UUID(name))
    if kind == "item":
        return await _of_item(session, uuid.UUID(name))
    case = (await session.exec(select(Case).where(Case.number == name))).one()
    return About(name=case.number, path=f"/cases/{case.number}", case_id=case.id, open=case.closed_at is None)


async def _of_handoff(session: AsyncSession, handoff_id: uuid.UUID) -> About:
    handoff = await session.get_one(Handoff, handoff_id)
    case = await session.get_one(Case, handoff.case_id)
    path = f"/desk/handoffs/{handoff.id}" if handoff.kind == BOT else f"/desk/{case.number}"
    return About(name=case.number, path=path, case_id=case.id, open=handoff.ended_at is None)


async def _of_item(session: AsyncSession, item_id: uuid.UUID) -> About:
    item = await session.get_one(WorkItem, item_id)
    still_open = item.state not in FINAL
    if item.case_id is None:
        return About(name=item.reference, path=f"/items/{item.id}", open=still_open)
    case = await session.get_one(Case, item.case_id)
    return About(name=case.number, path=f"/cases/{case.number}#item-{item.id}", case_id=case.id, open=still_open)
