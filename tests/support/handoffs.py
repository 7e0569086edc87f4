"""Handoffs without a journey around them: a bare case, its handoff's workflow, and people who act on it."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from temporalio.client import Client, WorkflowHandle

from core.case import Stage, WaitsFor
from handoff.packet import Customer, Packet
from records import clocks
from records.case import Case
from records.clocks import Checked
from records.database import Database
from records.handoff import Handoff, HandoffClock
from records.told import Told as Telling
from records.trail import Event
from tests.support.journey import listening
from tests.support.patience import PATIENCE
from tests.support.pressing import pressed
from workflows.acts import QUEUE
from workflows.handoff import HandoffWorkflow
from workflows.handoff_acts import HandoffEnd, HandoffStart


@dataclass(frozen=True)
class Offered:
    """One handoff: its records, and its workflow."""

    id: uuid.UUID
    case_id: uuid.UUID
    number: str
    database: Database
    handle: WorkflowHandle[Any, HandoffEnd]

    async def act(self, name: str, argument: Any, **options: Any) -> str:
        """An Update; the sentence it answers."""
        return await pressed(self.handle, name, argument, **options)

    async def row(self) -> Handoff:
        """The handoff as it is kept."""
        async with self.database.session() as session:
            return await session.get_one(Handoff, self.id)

    async def clocks(self) -> dict[str, HandoffClock]:
        """Its clocks, by name."""
        async with self.database.session() as session:
            found = await session.exec(select(HandoffClock).where(HandoffClock.handoff_id == self.id))
            return {clock.name: clock for clock in found}

    async def events(self, name: str = "") -> list[Event]:
        """The case's events in order, all or of one name."""
        async with self.database.session() as session:
            found = await session.exec(select(Event).where(Event.case_id == self.case_id).order_by(col(Event.id)))
            return [event for event in found if not name or event.name == name]

    async def told(self) -> list[tuple[str, str]]:
        """Who was told what, in order: kind and person."""
        async with self.database.session() as session:
            found = await session.exec(
                select(Telling).where(Telling.handoff_id == self.id).order_by(col(Telling.created_at), Telling.kind)
            )
            return [(one.kind, one.person) for one in found]


async def offered(client: Client, database: Database, now: datetime, **words: Any) -> Offered:
    """A handoff that has been offered; `words` are fields of its start."""
    number = f"FD-9{uuid.uuid4().int % 100_000:05d}"
    start = HandoffStart(id=uuid.uuid4(), case_number=number, **_words(words))
    async with database.session() as session:
        session.add(_bare(start, now))
    handle = await client.start_workflow(HandoffWorkflow.run, start, id=f"handoff/{start.id}", task_queue=QUEUE)
    await _there(database, start.id)
    return Offered(start.id, start.case_id, start.case_number, database, handle)


async def _there(database: Database, handoff_id: uuid.UUID) -> None:
    """Before it is offered, people's acts are refused: they are to try again in a moment."""
    async with asyncio.timeout(PATIENCE), listening(database.url) as notified:
        while True:
            async with database.session() as session:
                if await session.get(Handoff, handoff_id) is not None:
                    return
            await notified()


def _words(words: dict[str, Any]) -> dict[str, Any]:
    customer = Customer(name="Grethe Holm", email="grethe@example.org", tier=words.pop("tier", "B"))
    packet = Packet(
        case_number="FD-900000", happened="Nobody home.", customer=customer, allowed=("reschedule", "refund", "close")
    )
    return {"case_id": uuid.uuid4(), "packet": packet, "why": "The delivery failed.", **words}


def _bare(start: HandoffStart, now: datetime) -> Case:
    return Case(
        id=start.case_id,
        number=start.case_number,
        journey="failed-delivery",
        business_key=start.case_number,
        subject_key=start.case_number,
        stage=Stage.WITH_SERVICE,
        opened_at=now,
        updated_at=now,
        wait_kind=WaitsFor.NOTHING,
        wait_since=now,
    )


async def checked(database: Database) -> Checked:
    """Every kept clock against the one that its events tell of."""
    async with database.session() as session:
        return await clocks.check(session)
