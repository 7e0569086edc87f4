"""An outage of the order desk as the records hold it, a line behind it, and bots that enter what is let go."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import select

from core.work_item import Kind, Priority
from records import health, items, operation_holds
from records.case import Case
from records.database import Database
from records.health import Outage
from records.holding_back import hold_back
from records.items import Intent, ItemView
from records.operation_holds import OperationHold
from records.outbox import OutboxRow
from records.work_item import WorkItem
from systems.way import OutageStage, Way, WayState

WAY = Way("orderdesk")


@dataclass
class Line:
    """Everything of one outage; `entered` is the ledger, in its order: record, place."""

    database: Database
    outage_id: uuid.UUID
    hold_id: uuid.UUID
    entered: list[tuple[str, datetime, uuid.UUID]] = field(default_factory=list)

    async def stands(self, state: WayState, now: datetime) -> None:
        """The way stands so from now on."""
        async with self.database.session() as session:
            (await health.locked(session, WAY, now)).state = state

    async def over(self, now: datetime) -> None:
        """The way answers again: the outage and its hold have ended."""
        await self.stands(WayState.UP, now)
        async with self.database.session() as session:
            outage = await session.get_one(Outage, self.outage_id)
            outage.ended_at, outage.stage = now, OutageStage.DRAINING
            hold = await session.get_one(OperationHold, self.hold_id)
            hold.ended_at, hold.ended_by = now, "baton"

    async def add(
        self,
        record: str,
        at: datetime,
        *,
        case_id: uuid.UUID | None = None,
        priority: Priority = Priority.NORMAL,
        operation: str = "mark_failed_delivery",
    ) -> ItemView:
        """One more entry, as its workflow keeps it."""
        wanted = Intent(
            id=uuid.uuid4(),
            case_id=case_id,
            system="orderdesk",
            operation=operation,
            kind=Kind.CHANGE,
            target_key=record,
            occurrence=str(uuid.uuid4()),
            content={"order_no": record, "reason_code": "12", "attempt": 1},
            priority=priority,
        )
        async with self.database.session() as session:
            return await items.create(session, wanted, at)

    async def tried(self, item: ItemView, now: datetime) -> bool:
        """Whether a bot would try it now; else it stands in line."""
        async with self.database.session() as session:
            return not await hold_back(session, await items.view(session, item.id), now)

    async def held(self, record: str, at: datetime, **how: Any) -> ItemView:
        """One more that stands in line."""
        item = await self.add(record, at, **how)
        assert not await self.tried(item, at)
        return item

    async def let_go(self) -> list[uuid.UUID]:
        """The entries whose workflows were told that it is their turn, each as often as it was told."""
        async with self.database.session() as session:
            rows = await session.exec(select(OutboxRow.workflow_id).where(OutboxRow.signal == "let_go"))
            return [uuid.UUID(workflow_id.removeprefix("item/")) for workflow_id in rows]

    async def row(self, item: ItemView | uuid.UUID) -> WorkItem:
        """How it stands."""
        async with self.database.session() as session:
            return await session.get_one(WorkItem, item if isinstance(item, uuid.UUID) else item.id)

    async def outage(self) -> Outage:
        """How the outage stands."""
        async with self.database.session() as session:
            return await session.get_one(Outage, self.outage_id)

    async def hold(self) -> OperationHold:
        """Its hold."""
        async with self.database.session() as session:
            return await session.get_one(OperationHold, self.hold_id)

    async def enter(self, now: datetime, chance: random.Random | None = None) -> int:
        """Bots enter what was let go, all or some of it; how many those are."""
        async with self.database.session() as session:
            going = (await (await session.connection()).execute(_GOING)).all()
            done = [one for one in going if chance is None or chance.random() < 0.6]
            await (await session.connection()).execute(_ENTER, {"ids": [one.id for one in done], "now": now})
        self.entered += [(one.target_key, one.place, one.id) for one in done]
        return len(done)

    async def end_as(self, item: ItemView, outcome: str, code: str, now: datetime) -> None:
        """A bot tried it, and it ended so: the try is kept, and the item waits for a person, or is in."""
        to = {"done": "done", "refused": "refused", "broken": "broken", "unknown": "unknown"}[outcome]
        async with self.database.session() as session:
            connection = await session.connection()
            await connection.execute(_TRY, {"item": item.id, "outcome": outcome, "code": code, "now": now})
            values = {"item": item.id, "to": to, "code": code, "ended": now if to == "done" else None}
            await connection.execute(_END, values)


_GOING = text(
    "SELECT id, target_key, coalesce(place, created_at) AS place FROM work_items"
    " WHERE through_hold AND state = 'ready' ORDER BY random()"
)
_ENTER = text(
    "UPDATE work_items SET state = 'done', ended_at = :now, held_behind = NULL, through_hold = false"
    " WHERE id = ANY(:ids)"
)
_TRY = text(
    "INSERT INTO attempts (id, item_id, number, purpose, fence, revision, route, bot_version, host, boot_id, pid_space,"
    " account, step, part, started_at, ended_at, outcome, code, detail)"
    " SELECT gen_random_uuid(), :item, count(*) + 1, 'enter', count(*) + 1, 1, 'bot', '1', '', '', '', '', '', 0,"
    " :now, :now, :outcome, :code, '' FROM attempts WHERE item_id = :item"
)
_END = text(
    "UPDATE work_items SET state = :to, code = :code, ended_at = :ended, held_behind = NULL, through_hold = false"
    " WHERE id = :item"
)


async def an_outage(database: Database, now: datetime) -> Line:
    """The order desk went away just now."""
    outage = Outage(**WAY._asdict(), began_at=now, detected_at=now, code="system_down", stage=OutageStage.STANDING)
    hold = OperationHold(
        **WAY._asdict(),
        operation=operation_holds.WHOLE_WAY,
        outage_id=outage.id,
        since=now,
        threshold=3,
        probes=False,
        probed_at=now,
    )
    async with database.session() as session:
        session.add(outage)
        await session.flush()
        session.add(hold)
        await session.flush()
        outage.hold_id = hold.id
    line = Line(database, outage.id, hold.id)
    await line.stands(WayState.DOWN, now)
    return line


async def due(database: Database, case_id: uuid.UUID, at: datetime | None) -> None:
    """What was promised of a case."""
    async with database.session() as session:
        (await session.get_one(Case, case_id)).due_at = at


def busiest(moments: list[datetime], within: timedelta = timedelta(minutes=1)) -> int:
    """The most of these moments that lie in one stretch of that length."""
    return max((sum(first <= one < first + within for one in moments) for first in moments), default=0)
