"""Keeping what came of a look-up: short writes, repeatable."""

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from records import look_ups
from records.database import Database
from records.look_up import LookUpState
from records.look_ups import Came

__all__ = ["Came", "KeepLookUp", "LookUpState", "LookUps"]


class KeepLookUp(BaseModel):
    """What came of it, under which title, asked for by whom."""

    model_config = ConfigDict(frozen=True)

    came: Came
    title: str
    actor: str


class LookUps:
    """What the workflow of a look-up writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="keep_look_up")
    async def keep(self, kept: KeepLookUp) -> None:
        """Keep how it stands by now."""
        async with self._database.session() as session:
            await look_ups.keep(session, kept.came, kept.title, kept.actor)
