"""Who acts: the person behind an Update, read anew from the records; nothing an Update says of itself is believed."""

import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from core.faults import Refused
from records import holds, queues
from records.access import Action, may
from records.database import Database
from records.holds import Holder
from records.people import User

__all__ = ["Action", "People", "Verified", "VerifyActor"]


class NotAllowed(Refused):
    """You do not have the right to do this."""

    code = "not_allowed"


class VerifyActor(BaseModel):
    """Who wants to do what; with which work item or which queue's handoff, where it is about one."""

    model_config = ConfigDict(frozen=True)

    by: uuid.UUID
    action: Action
    item_id: uuid.UUID | None = None
    queue: str = ""
    to_queue: str = ""


class Verified(BaseModel):
    """The person, as shown to others; `holder` is who has the work item at this moment."""

    model_config = ConfigDict(frozen=True)

    email: str
    name: str
    role: str = ""
    holder: Holder | None = None
    queue_known: bool = True
    """Whether the queue that it is to go to is there."""


class People:
    """Local activity that reads a person's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="verify_actor")
    async def verify(self, asked: VerifyActor) -> Verified:
        """The person, if they may; NotAllowed when they may not, are unknown or disabled."""
        async with self._database.session() as session:
            person = await session.get(User, asked.by)
            if person is None or person.disabled_at is not None or not may(person.role, asked.action):
                raise NotAllowed
            if asked.queue and not await queues.within_reach(session, person, asked.queue):
                raise NotAllowed
            holder = await holds.renewed(session, asked.item_id, asked.by) if asked.item_id is not None else None
            there = not asked.to_queue or await queues.known(session, asked.to_queue)
        return Verified(email=person.email, name=person.name, role=person.role.value, holder=holder, queue_known=there)
