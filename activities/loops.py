"""Service loops: what a customer came with before is looked up when their case is offered to a person."""

import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from handoff.service_loop import LoopFound
from records import loops
from records.database import Database

__all__ = ["LoopAsked", "LoopFound", "Loops"]


class LoopAsked(BaseModel):
    """The case that is about to be offered; its customer and cause are read from the records."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID


class Loops:
    """Local activity that looks for earlier cases of the same customer with the same cause."""

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._days = days

    @activity.defn(name="earlier_cases")
    async def earlier(self, asked: LoopAsked) -> LoopFound:
        """The earlier cases within the set time; none when it is the first, or customer or cause are not known."""
        async with self._database.session() as session:
            return await loops.earlier(session, asked.case_id, self._days)
