"""The steps of a bulk action: look at what is on its way, send the next things, keep how it stands."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities import bulk_writes
from core.faults import NotYet
from fallbacks.pressing import press
from records import bulk_approval, bulk_feed, bulk_silent, outbox
from records.bulk_action import BulkFate, BulkItem, BulkStage, BulkState, Proof
from records.bulk_came import GONE, NO_ANSWER_YET, UNANSWERED, Came
from records.bulk_feed import Fed, Noted
from records.database import Database

__all__ = ["BulkRows", "BulkSend", "BulkStage", "BulkState", "Fed", "Feed", "Noted", "Others", "Proof", "Send", "Stood"]

ANSWER = timedelta(seconds=10)
"""How long one thing may take to answer, before the next one's turn; it is asked again under the same id."""
GLANCE = timedelta(seconds=1)
"""How long Temporal may take to say whether something runs; it is asked again at the next look."""


class NobodyAnswers(NotYet):
    """Temporal does not answer at this moment; what was to be sent is sent again, and counts once."""

    code = NO_ANSWER_YET


class Feed(BaseModel):
    """Look as of `at`: at most `room` things are next, and `in_flight` on their way together."""

    model_config = ConfigDict(frozen=True)

    bulk_id: uuid.UUID
    at: datetime
    room: int
    in_flight: int


class Send(BaseModel):
    """Send these things in this order; by `proof` one counts as done when it took the word, or when its entry is in."""

    model_config = ConfigDict(frozen=True)

    bulk_id: uuid.UUID
    ordinals: tuple[int, ...]
    at: datetime
    proof: Proof


class Stood(BaseModel):
    """How many were sent; fewer than asked for when somebody paused or cancelled meanwhile."""

    model_config = ConfigDict(frozen=True)

    sent: int


class Others(BaseModel):
    """Who else could answer a request for approval at this moment, asked for by this person."""

    model_config = ConfigDict(frozen=True)

    asked_by: str
    at: datetime
    names: tuple[str, ...] = ()


class BulkRows:
    """What the workflow reads and writes of its rows; each may run twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="bulk_feed")
    async def feed(self, asked: Feed) -> Fed:
        """What came of the things on their way, and which come next."""
        async with self._database.session() as session:
            quiet = await bulk_silent.quiet(session, asked.bulk_id, asked.at)
        gone = await asyncio.gather(*(_is_gone(workflow_id) for _, workflow_id in quiet))
        async with self._database.session() as session:
            for ordinal in (ordinal for (ordinal, _), over in zip(quiet, gone, strict=True) if over):
                await bulk_feed.keep(session, asked.bulk_id, ordinal, GONE, asked.at)
            return await bulk_feed.feed(session, asked.bulk_id, asked.room, asked.in_flight, asked.at)

    @activity.defn(name="bulk_note")
    async def note(self, noted: Noted) -> None:
        """Keep how the action stands."""
        async with self._database.session() as session:
            await bulk_feed.note(session, noted)

    @activity.defn(name="bulk_others")
    async def others(self, asked: Others) -> Others:
        """Who else may approve, and is there."""
        async with self._database.session() as session:
            names = await bulk_approval.available(session, asked.asked_by, asked.at)
        return asked.model_copy(update={"names": tuple(names)})


class BulkSend:
    """Sends Updates, one after the other; each under an id of its own, so that a second try is the same word."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="bulk_send")
    async def send(self, wanted: Send) -> Stood:
        """Send them until somebody pauses or cancels; what was sent before a worker died is not sent again."""
        sent = 0
        for ordinal in wanted.ordinals:
            async with self._database.session() as session:
                state = await bulk_feed.goes_on(session, wanted.bulk_id)
                thing = await bulk_feed.thing(session, wanted.bulk_id, ordinal)
                alone = await bulk_feed.left_alone(session, thing.item_id, str(thing.act.get("by", "")))
            if state is not BulkState.RUNNING:
                break
            asked_before = thing.state is BulkFate.SENT and thing.code == NO_ANSWER_YET
            if thing.state is BulkFate.WAITING or asked_before:
                left = alone and not asked_before  # one that may have taken the word is asked whatever comes
                came = Came(BulkFate.SKIPPED, alone, "held") if left else await self._sent(thing, wanted)
                if not (asked_before and came is UNANSWERED):  # since when it is silent stands there
                    async with self._database.session() as session:
                        await bulk_feed.keep(session, wanted.bulk_id, ordinal, came, wanted.at, told=not left)
            sent += 1
            activity.heartbeat()
        return Stood(sent=sent)

    async def _sent(self, thing: BulkItem, wanted: Send) -> Came:
        """What came of sending one. NobodyAnswers when Temporal is away."""
        if not thing.workflow_id:
            async with self._database.session() as session:
                return await self._written(session, thing, wanted)
        try:
            said = await self._update(thing)
        except WorkflowUpdateFailedError as refusal:
            cause = refusal.cause
            if isinstance(cause, ApplicationError):
                return Came(BulkFate.REFUSED, cause.message, cause.type or "refused")
            return UNANSWERED
        except RPCError as trouble:
            if trouble.status is not RPCStatusCode.NOT_FOUND:
                raise NobodyAnswers from None
            return UNANSWERED if await self._begins(thing) else await self._over(thing)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return UNANSWERED
        return Came(BulkFate.SENT if wanted.proof is Proof.ENTERED else BulkFate.DONE, said)

    async def _begins(self, thing: BulkItem) -> bool:
        """Whether it has not begun yet: what the relay is still to start is told once it runs."""
        async with self._database.session() as session:
            return await outbox.begins(session, thing.workflow_id)

    async def _over(self, thing: BulkItem) -> Came:
        """Nothing of it runs any more: what became of it, as far as the records tell."""
        async with self._database.session() as session:
            state = await bulk_feed.state_of(session, thing.item_id)
        what = f"is {state.value.replace('_', ' ')}" if state is not None else "has ended"
        return Came(BulkFate.REFUSED, f"It {what} meanwhile; nothing was changed.", "not_running")

    async def _written(self, session: AsyncSession, thing: BulkItem, wanted: Send) -> Came:
        done, said = await bulk_writes.write(session, thing, wanted.at)
        return Came(BulkFate.DONE if done else BulkFate.REFUSED, said)

    async def _update(self, thing: BulkItem) -> str:
        handle = activity.client().get_workflow_handle(thing.workflow_id)
        key = f"bulk/{thing.bulk_id}/{thing.ordinal}"
        async with asyncio.timeout(ANSWER.total_seconds()):
            told: Any = await press(handle, thing.update, thing.act, key=key, rpc_timeout=ANSWER)
        return str(told.get("message", "")) if isinstance(told, dict) else ""


async def _is_gone(workflow_id: str) -> bool:
    """Whether nothing of that id runs, for sure."""
    try:
        seen = await activity.client().get_workflow_handle(workflow_id).describe(rpc_timeout=GLANCE)
    except RPCError as trouble:
        return trouble.status is RPCStatusCode.NOT_FOUND
    return seen.status is not WorkflowExecutionStatus.RUNNING
