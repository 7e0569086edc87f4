"""A work item's own bookkeeping between its attempts: create, settle, move, wait."""

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from core.faults import WorkerLost
from core.settings import Settings
from records import items, settling
from records.database import Database
from records.items import Intent, ItemView, Move, PartIn
from systems.registry import SYSTEMS

__all__ = ["Intent", "ItemView", "Items", "Move", "PartIn"]


class CreateItem(BaseModel):
    """An intent to keep before anything else happens."""

    model_config = ConfigDict(frozen=True)

    intent: Intent
    at: datetime


class Created(BaseModel):
    """The item, and how patient its system wants us to be (seconds)."""

    model_config = ConfigDict(frozen=True)

    item: ItemView
    settle_seconds: float
    heartbeat_seconds: float


class SettleItem(BaseModel):
    """An attempt that began at `fence` did not report; `code` says why not, when it could still say so itself."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    at: datetime
    code: str = WorkerLost.code


class MoveItem(BaseModel):
    """An arrow that the item's workflow takes."""

    model_config = ConfigDict(frozen=True)

    move: Move
    at: datetime


class WaitItem(BaseModel):
    """What the item waits for until its next try."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID
    fence: int
    kind: str
    until: datetime | None
    at: datetime


class Items:
    """Local activities on work items; each may run twice and then changes nothing the second time."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    @activity.defn(name="create_item")
    async def create(self, asked: CreateItem) -> Created:
        """Keep the intent; the same one again gives the item that is there."""
        async with self._database.session() as session:
            item = await items.create(session, asked.intent, asked.at)
        return Created(
            item=item,
            settle_seconds=self._settings.settle_seconds or _patience(item),
            heartbeat_seconds=self._settings.heartbeat_seconds,
        )

    @activity.defn(name="settle_item")
    async def settle(self, asked: SettleItem) -> ItemView:
        """Where the item stands after an attempt that did not report."""
        async with self._database.session() as session:
            return await settling.settle(session, asked.item_id, asked.fence, asked.at, asked.code)

    @activity.defn(name="move_item")
    async def move(self, asked: MoveItem) -> ItemView:
        """Take the arrow unless the fence is stale; how the item stands now, either way."""
        async with self._database.session() as session:
            await items.move(session, asked.move, asked.at)
            return await items.view(session, asked.move.item_id)

    @activity.defn(name="wait_item")
    async def wait(self, asked: WaitItem) -> None:
        """Note what the item waits for."""
        async with self._database.session() as session:
            await items.mark_wait(session, asked.item_id, asked.fence, asked.kind, asked.until, asked.at)


def _patience(item: ItemView) -> float:
    """Until when an entry can no longer turn up: the system has committed, and its screens show it (seconds)."""
    system = SYSTEMS[item.system]
    return system.settle_seconds + system.operations[item.operation].lag_seconds
