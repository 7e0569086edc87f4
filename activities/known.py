"""What was last read of a record, for as long as its system cannot be read; a write looks for itself all the same."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from records import last_known
from records.database import Database
from records.last_known import Record

__all__ = ["Record"]


class LastRead(BaseModel):
    """The record's fields as they were read then; None when it was never read, or too long ago to be kept."""

    model_config = ConfigDict(frozen=True)

    fields: dict[str, Any] | None = None
    read_at: datetime | None = None


class LastValues:
    """A local activity that reads our records only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="last_values")
    async def find(self, record: Record) -> LastRead:
        """What is known of the record."""
        async with self._database.session() as session:
            found = await last_known.find(session, record)
        return LastRead() if found is None else LastRead(fields=found.fields, read_at=found.read_at)
