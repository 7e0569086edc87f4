"""What is kept about a work item that needs a person, for the packet it is passed on with."""

import uuid

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handoff.packet import Customer, Done, Packet
from records.case import Case
from records.handoff import Handoff
from records.work_item import ItemPart, WorkItem

BOT = "bot"
"""The kind of handoff by which an entry comes to a person; its case may have another one open at the same time."""


class Stuck(BaseModel):
    """The case of an item, what it passed along last, what is in of it, part by part.

    `handoff` is the open one of this very item, left by an earlier run of its workflow.
    """

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    case_number: str
    order_no: str = ""
    customer: Customer = Customer()
    passed: Packet | None = None
    entered: tuple[Done, ...] = ()
    handoff: uuid.UUID | None = None


async def read(session: AsyncSession, item_id: uuid.UUID) -> Stuck:
    """The item's story; it hangs on a case."""
    item = await session.get_one(WorkItem, item_id)
    case = await session.get_one(Case, item.case_id)
    entered = select(ItemPart).where(ItemPart.item_id == item_id).order_by(col(ItemPart.number))
    return Stuck(
        case_id=case.id,
        case_number=case.number,
        order_no=case.order_no,
        customer=Customer(customer_no=case.customer_no, name=case.customer_name, tier=case.tier),
        passed=await _passed(session, case.id),
        entered=tuple(
            Done(what=part.title, by="bot", at=part.at, reference=part.confirmation or "")
            for part in await session.exec(entered)
        ),
        handoff=(await of_items(session, [item_id])).get(item_id),
    )


async def _passed(session: AsyncSession, case_id: uuid.UUID) -> Packet | None:
    newest = (
        select(Handoff.packet)
        .where(Handoff.case_id == case_id, Handoff.kind != BOT)
        .order_by(col(Handoff.offered_at).desc())
        .limit(1)
    )
    packet = (await session.exec(newest)).one_or_none()
    return Packet.model_validate(packet) if packet is not None else None


async def of_items(session: AsyncSession, item_ids: list[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The open handoffs by which these items wait for somebody: item to handoff."""
    about = col(Handoff.packet)["entry"]["item_id"].astext
    found = select(Handoff.id, about).where(
        Handoff.kind == BOT, col(Handoff.ended_at).is_(None), about.in_([str(item_id) for item_id in item_ids])
    )
    return {uuid.UUID(item_id): handoff_id for handoff_id, item_id in await session.exec(found)}
