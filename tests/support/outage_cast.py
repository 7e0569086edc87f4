"""The order desk is out: cases that wait for it, their customers, and a handoff of one of them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from core.case import Stage, WaitsFor
from core.work_item import Kind, State
from handoff.packet import Customer, Packet
from handoff.states import HandoffState
from records.case import Case
from records.database import Database
from records.handoff import Handoff
from records.health import Outage
from records.notice import Notice
from records.outbox import OutboxRow
from records.work_item import WorkItem


@dataclass
class OutOfOrder:
    """An outage of the order desk in the records, as its breaker and its cases' workflows leave it."""

    database: Database
    now: datetime
    outage_id: uuid.UUID = field(default_factory=uuid.uuid4)
    made: int = 0

    async def begins(self, *, ago: timedelta = timedelta(hours=1)) -> None:
        """It went out so long ago."""
        began = self.now - ago
        out = Outage(
            id=self.outage_id,
            system="orderdesk",
            environment="production",
            route="bot",
            began_at=began,
            detected_at=began,
            code="system_down",
        )
        async with self.database.session() as session:
            session.add(out)

    async def ends(self) -> None:
        """It is back, and nothing waits for it any more."""
        async with self.database.session() as session:
            (await session.get_one(Outage, self.outage_id)).ended_at = self.now
            for item in await session.exec(select(WorkItem)):
                item.wait_kind = "nothing"

    async def case(self, stage: Stage = Stage.MARKING, **columns: Any) -> Case:
        """A case with an entry that waits for the order desk."""
        self.made += 1
        number, at = f"FD-{self.made:06}", self.now - timedelta(hours=2)
        case = Case(
            number=number, journey="failed-delivery", business_key=number, subject_key=number, stage=stage,
            order_no=f"47{self.made:05}", customer_name=f"Customer {self.made}", opened_at=at, updated_at=at,
            wait_kind=WaitsFor.NOTHING, wait_since=at, due_at=self.now + timedelta(hours=self.made),
        )  # fmt: skip
        async with self.database.session() as session:
            session.add(case)
        await self.entry(case.id, case.order_no, **columns)
        return case

    async def entry(self, case_id: uuid.UUID, order_no: str, **columns: Any) -> None:
        """An entry of a case, which waits for the order desk."""
        at = self.now - timedelta(hours=2)
        item = {
            "system": "orderdesk", "operation": "mark_failed_delivery", "kind": Kind.CHANGE, "target_key": order_no,
            "occurrence": f"{case_id}/mark", "reference": f"BTN-{order_no}", "state": State.READY,
            "wait_kind": "held_system", "wait_since": at, "created_at": at, "updated_at": at,
        }  # fmt: skip
        async with self.database.session() as session:
            session.add(WorkItem(case_id=case_id, **{**item, **columns}))

    async def handoff(self, case: Case, email: str = "kim@example.org", **customer: Any) -> Handoff:
        """An open handoff of it to service, with who the customer is."""
        known = Customer(name=case.customer_name, email=email, **customer)
        packet = Packet(case_number=case.number, happened="Nobody home.", customer=known)
        handoff = Handoff(
            case_id=case.id, queue="service", state=HandoffState.OFFERED, offered_at=self.now, due_at=self.now,
            packet=packet.model_dump(mode="json"), policy="service", policy_version="1",
        )  # fmt: skip
        async with self.database.session() as session:
            session.add(handoff)
        return handoff

    async def row(self) -> Outage:
        """The outage as it is kept."""
        async with self.database.session() as session:
            return await session.get_one(Outage, self.outage_id)

    async def mails(self) -> list[Notice]:
        """What customers are to read, in order."""
        async with self.database.session() as session:
            return list(await session.exec(select(Notice).order_by(col(Notice.created_at), Notice.occurrence)))

    async def words(self) -> list[dict[str, Any]]:
        """What handoffs are told, in order."""
        asked = select(OutboxRow).where(OutboxRow.signal == "outage").order_by(col(OutboxRow.created_at))
        async with self.database.session() as session:
            return [row.argument for row in await session.exec(asked)]
