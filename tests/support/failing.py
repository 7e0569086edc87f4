"""Entries that fail, written as a bot's tries write them: one item each, claimed and ended under its fence."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, select

from core.work_item import Kind, State
from failure.signature import Trouble
from records import attempts, items
from records.attempts import Runner
from records.database import Database
from records.failure import Failure, FailureGroup
from records.intake import Receipt
from records.items import Intent, ItemView, Move

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RUNNER = Runner(host="here", boot_id="boot", worker_pid=4711, bot_version="1")
MOVED_FIELD = Trouble(screen="S31 DELIVERY FAILURE", step="enter", drift=({"kind": "gone", "caption": "Reason code"},))


@dataclass(frozen=True)
class Entries:
    """The entries of one case on the order desk."""

    database: Database
    case: Receipt

    async def new(self, order_no: str, at: datetime = NOON) -> ItemView:
        """One that is ready."""
        wanted = Intent(
            id=uuid.uuid4(),
            case_id=self.case.case_id,
            system="orderdesk",
            operation="mark_failed_delivery",
            kind=Kind.CHANGE,
            target_key=order_no,
            occurrence=f"{self.case.case_number}/{order_no}",
            content={"order_no": order_no, "reason_code": "12", "attempt": 1},
        )
        async with self.database.session() as session:
            return await items.create(session, wanted, at)

    async def tried(
        self,
        item: ItemView,
        to: State,
        *,
        code: str = "element_missing",
        trouble: Trouble | None = MOVED_FIELD,
        at: datetime = NOON,
    ) -> ItemView:
        """A bot tries it, and leaves it so."""
        known = await self.view(item.id)
        async with self.database.session() as session:
            attempt = await attempts.claim(session, known.id, known.fence, RUNNER, 60, at)
        assert attempt is not None
        if to in (State.UNKNOWN, State.DONE):
            async with self.database.session() as session:
                await attempts.guard(session, attempt, at)
        done = {"code": "", "confirmation": "C-1"} if to is State.DONE else {"code": code}
        return await self.moved(item, to, fence=attempt.fence, bump=False, values=done, trouble=trouble, at=at)

    async def failed(self, order_no: str, **how: object) -> ItemView:
        """A new one whose first try broke."""
        return await self.tried(await self.new(order_no), State.BROKEN, **how)  # type: ignore[arg-type]

    async def moved(self, item: ItemView, to: State, *, at: datetime = NOON, **more: object) -> ItemView:
        """Take an arrow as the item's workflow does."""
        known = await self.view(item.id)
        move = Move.model_validate({"item_id": item.id, "fence": known.fence, "to": to, "event": "test", **more})
        async with self.database.session() as session:
            assert await items.move(session, move, at)
        return await self.view(item.id)

    async def view(self, item_id: uuid.UUID) -> ItemView:
        """How it stands."""
        async with self.database.session() as session:
            return await items.view(session, item_id)

    async def failure(self, item: ItemView) -> Failure:
        """Its newest failure."""
        newest = select(Failure).where(Failure.item_id == item.id).order_by(col(Failure.opened_at).desc()).limit(1)
        async with self.database.session() as session:
            return (await session.exec(newest)).one()

    async def group(self, item: ItemView) -> FailureGroup:
        """The group of its newest failure."""
        failure = await self.failure(item)
        async with self.database.session() as session:
            return await session.get_one(FailureGroup, failure.group_id)
