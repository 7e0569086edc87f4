"""What a run that is begun anew asks of the records before it does anything."""

import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from records import looking_back
from records.database import Database
from records.looking_back import Past, PastEvent, PastHandoff, PastItem

__all__ = ["LookBack", "Past", "PastEvent", "PastHandoff", "PastItem", "Recovery"]


class LookBack(BaseModel):
    """Which case is begun anew."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID


class Recovery:
    """A local activity that only reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="look_back")
    async def look_back(self, asked: LookBack) -> Past:
        """What is known of the case."""
        async with self._database.session() as session:
            return await looking_back.look_back(session, asked.case_id)
