"""The people of a drill, once its trouble is over: a halted line goes on, an entry that needs somebody goes again."""

import contextlib
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass, field

from sqlmodel import col, select
from temporalio.client import Client, RPCError, WorkflowUpdateFailedError

from baton.drill.runner import Says
from core import clock
from core.work_item import NEEDS_PERSON
from fallbacks.drains import DrainRefused, Drains
from records import access
from records.access import NewUser
from records.database import Database
from records.health import Outage
from records.people import Role
from records.work_item import WorkItem
from workflows.acts import RetryItem
from workflows.work_item import WorkItemWorkflow

SUPERVISOR = "supervisor@drill.example"
TRIES = 2
"""How often a person has an entry go again: what is refused once more then stays with them."""


@dataclass
class Met:
    """What people had to do: how often a line had halted, and why each entry needed somebody."""

    halts: int = 0
    codes: dict[uuid.UUID, str] = field(default_factory=dict)


class Staff:
    """One supervisor, who does what a person would: has an entry looked for, and entered if need be, the first of each
    record first."""

    def __init__(self, database: Database, client: Client, says: Says) -> None:
        self._database = database
        self._client = client
        self._says = says
        self._who: uuid.UUID | None = None
        self._tries: Counter[uuid.UUID] = Counter()
        self.met = Met()

    async def work(self) -> None:
        """Whatever there is to be done now."""
        await self._go_on()
        asked = select(WorkItem).where(col(WorkItem.ended_at).is_(None)).order_by(col(WorkItem.created_at))
        async with self._database.session() as session:
            open_now = list(await session.exec(asked))
        first: set[str] = set()
        for item in open_now:
            needed = item.state in NEEDS_PERSON
            if needed:
                self.met.codes.setdefault(item.id, item.code)
            if needed and item.target_key not in first and self._tries[item.id] < TRIES:
                self._tries[item.id] += 1
                await self._retry(item.id)
            first.add(item.target_key)

    async def _go_on(self) -> None:
        asked = select(Outage.id).where(col(Outage.halted_why) != "", col(Outage.ended_at).is_not(None))
        async with self._database.session() as session:
            halted = list(await session.exec(asked))
        for outage_id in halted:
            with contextlib.suppress(DrainRefused):
                await self._says(await Drains(self._database).go_on(outage_id, SUPERVISOR, clock.now()))
                self.met.halts += 1

    async def _retry(self, item_id: uuid.UUID) -> None:
        """Refused, it stays with a person, and the report says so."""
        handle = self._client.get_workflow_handle(f"item/{item_id}")
        with contextlib.suppress(WorkflowUpdateFailedError, RPCError):
            await handle.execute_update(WorkItemWorkflow.retry, RetryItem(by=await self._supervisor()))

    async def _supervisor(self) -> uuid.UUID:
        if self._who is None:
            new = NewUser(email=SUPERVISOR, role=Role.SUPERVISOR, password=secrets.token_urlsafe(16))
            async with self._database.session() as session:
                self._who = (await access.create_user(session, new, clock.now())).id
        return self._who
