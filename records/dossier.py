"""One case with everything that is kept about it, found by any of its references."""

import uuid

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Wait
from records import holds
from records.case import Case
from records.holds import Holder
from records.notice import Notice
from records.trail import Event, Evidence
from records.waits import waits
from records.work_item import WorkItem


class Dossier(BaseModel):
    """A case, what it waits for (None once it is closed), and what belongs to it, oldest first; who has which item."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    case: Case
    wait: Wait | None
    items: list[WorkItem]
    notices: list[Notice]
    events: list[Event]
    evidence: list[Evidence]
    holders: dict[uuid.UUID, Holder] = {}


async def find(session: AsyncSession, reference: str) -> list[Case]:
    """Cases by case, order, parcel, ticket or customer number, or by a bot's reference; upper or lower case."""
    wanted = reference.strip().upper()
    number = (await session.exec(select(Case).where(func.upper(col(Case.number)) == wanted))).all()
    if number:
        return list(number)
    keys = (Case.order_no, Case.parcel_no, Case.ticket_no, Case.customer_no)
    by_item = select(WorkItem.case_id).where(func.upper(col(WorkItem.reference)) == wanted)
    found = await session.exec(
        select(Case)
        .where(or_(*(func.upper(col(key)) == wanted for key in keys), col(Case.id).in_(by_item)))
        .order_by(col(Case.opened_at))
    )
    return list(found) if wanted else []


async def read(session: AsyncSession, case: Case) -> Dossier:
    """Everything about the case."""
    items = select(WorkItem).where(WorkItem.case_id == case.id).order_by(col(WorkItem.created_at))
    notices = select(Notice).where(Notice.case_id == case.id).order_by(col(Notice.created_at))
    events = select(Event).where(Event.case_id == case.id).order_by(col(Event.id))
    evidence = select(Evidence).where(Evidence.case_id == case.id).order_by(col(Evidence.at))
    found = list(await session.exec(items))
    return Dossier(
        case=case,
        wait=(await waits(session, [case])).get(case.id),
        items=found,
        holders=await holds.holders(session, [item.id for item in found]),
        notices=list(await session.exec(notices)),
        events=list(await session.exec(events)),
        evidence=list(await session.exec(evidence)),
    )
