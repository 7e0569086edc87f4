"""The human step of a case: offered to the service queue, picked up, put back, resolved."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from core.case import Stage
from handoff import limits
from handoff.due import due_at
from handoff.packet import Packet
from handoff.resolution import Decision, Refund, Reschedule
from handoff.states import HandoffState
from workflows import search
from workflows.acts import Act, Release, Resolve
from workflows.book import Book, Happened, at_stage

QUEUE_NAME = "service"


class Resolved(BaseModel):
    """What was decided, and by whom."""

    model_config = ConfigDict(frozen=True)

    resolution: Decision
    by: str
    at: datetime


class ServiceHandoff:
    """One handoff after the other of one case; at most one is open."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._id: uuid.UUID | None = None
        self._state = HandoffState.WITHDRAWN
        self._holder: uuid.UUID | None = None
        self._resolved: Resolved | None = None
        self.number = 0
        self.packet: Packet | None = None

    @property
    def open(self) -> bool:
        """Whether somebody can act on it now."""
        return self._state in (HandoffState.OFFERED, HandoffState.PICKED_UP)

    async def offer(self, packet: Packet, why: str) -> Resolved:
        """Offer the case to the queue and wait until somebody has resolved it."""
        self.number += 1
        self._id, self._holder, self._resolved = workflow.uuid4(), None, None
        self._state, self.packet = HandoffState.OFFERED, packet
        due = due_at(workflow.now(), packet.customer.tier)
        columns = {
            "id": self._id,
            "number": self.number,
            "queue": QUEUE_NAME,
            "state": self._state,
            "why": why,
            "packet": packet.model_dump(mode="json"),
            "offered_at": workflow.now(),
            "due_at": due,
        }
        search.case_stage(Stage.WITH_SERVICE, due)
        await self._book.write(
            Happened(name="handoff.offered", data={"queue": QUEUE_NAME, "why": why, "number": self.number}),
            case={**at_stage(Stage.WITH_SERVICE, "service handoff"), "due_at": due},
            handoff=columns,
        )
        return await self._resolution()

    async def _resolution(self) -> Resolved:
        while self._resolved is None:
            await workflow.wait_condition(lambda: self._resolved is not None)
        return self._resolved

    async def refresh(self, packet: Packet) -> None:
        """Replace what the open handoff passes along."""
        self.packet = packet
        await self._write(packet=packet.model_dump(mode="json"))

    # -- what people do; each returns after the record is written ---------------------------------------------------

    async def pick_up(self, act: Act, email: str) -> None:
        """The person has it now."""
        self._state, self._holder = HandoffState.PICKED_UP, act.by
        await self._write(
            Happened(name="handoff.picked_up", actor=email),
            state=self._state,
            picked_up_by=email,
            picked_up_at=workflow.now(),
        )

    async def release(self, act: Release, email: str) -> None:
        """Back into the queue; the clock goes on."""
        self._state, self._holder = HandoffState.OFFERED, None
        released = Happened(name="handoff.released", actor=email, data={"reason": act.reason})
        await self._write(released, state=self._state, picked_up_by=None, picked_up_at=None)

    async def resolve(self, act: Resolve, email: str) -> None:
        """The decision is kept; the case goes on with it."""
        now = workflow.now()
        self._state = HandoffState.COMPLETED
        await self._write(
            Happened(name="handoff.completed", actor=email, data={"resolution": act.resolution.kind}),
            state=self._state,
            ended_at=now,
            completed_by=email,
            resolution=act.resolution.model_dump(mode="json"),
        )
        self._resolved = Resolved(resolution=act.resolution, by=email, at=now)

    async def _write(self, *happened: Happened, **columns: Any) -> None:
        await self._book.write(*happened, handoff={"id": self._id, **columns})

    # -- what may be done; state only, for validators ---------------------------------------------------------------

    def check_pick_up(self) -> None:
        """Raise unless it is offered."""
        if self._state is not HandoffState.OFFERED:
            raise wrong_state("This case is not waiting in the queue: somebody has it, or it has moved on.")

    def check_held(self, act: Act) -> None:
        """Raise unless this very person has it."""
        if not self.open:
            raise wrong_state("This case has been decided already.")
        if self._state is not HandoffState.PICKED_UP:
            raise wrong_state("Pick the case up first; nobody has it at the moment.")
        if self._holder != act.by:
            raise wrong_state("Somebody else has picked this case up.")

    def check_resolution(self, resolution: Decision) -> None:
        """Raise unless this kind of resolution is allowed here and makes sense today."""
        if self.packet is not None and resolution.kind not in self.packet.allowed:
            raise wrong_state("This resolution is not allowed for this case.")
        tomorrow = workflow.now().date() + timedelta(days=1)
        if isinstance(resolution, Reschedule) and resolution.delivery_date < tomorrow:
            raise wrong_state("The new delivery date must be tomorrow or later.")


def check_limit(resolution: Decision, role: str) -> None:
    """Raise when this decision is about more money than that role may decide about."""
    if isinstance(resolution, Refund):
        objection = limits.objection(role, resolution.amount)
        if objection:
            raise ApplicationError(objection, type="above_limit", non_retryable=True)


def wrong_state(message: str) -> ApplicationError:
    """A refusal that people read; nothing was changed."""
    return ApplicationError(message, type="wrong_state", non_retryable=True)
