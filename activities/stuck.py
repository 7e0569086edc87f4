"""What the packet of a stuck entry is made of, read from the records."""

import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from records import stuck
from records.database import Database
from records.stuck import Stuck

__all__ = ["Entry", "Stuck", "StuckEntries"]


class Entry(BaseModel):
    """Which item."""

    model_config = ConfigDict(frozen=True)

    item_id: uuid.UUID


class StuckEntries:
    """One local activity, short and repeatable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="read_stuck_entry")
    async def read(self, asked: Entry) -> Stuck:
        """The item's case, what is passed along, and what is confirmed."""
        async with self._database.session() as session:
            return await stuck.read(session, asked.item_id)
