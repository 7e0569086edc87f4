"""The bare peer's steps: ordinary activities that do the same and write the same rows, in the plainest way.

Each activity is one transaction, an entry two (before and after the system was touched). There is no outbox, lease,
fence, codec or search attribute: what those cost is part of what is measured.
"""

import secrets
import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from bots.kit.contract import Captured, Hands, Job, Route, RouteKey
from core import clock
from core.work_item import State
from decisions import root_cause
from decisions.root_cause import Cause, CauseInputs
from records import evidence_store
from records.case import Case, CaseRun
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import Intent
from records.trail import Decision, Event
from records.work_item import Attempt, WorkItem, WorkItemRevision
from systems.base import content_hash
from systems.registry import operation_of


class BareWrite(BaseModel):
    """Columns of the case, events by name, and a decision: one transaction."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    run_id: str
    at: datetime
    case: dict[str, Any] = {}
    events: tuple[str, ...] = ()
    inputs: CauseInputs | None = None
    verdict: Cause | None = None


class BareEntry(BaseModel):
    """What to enter, and under which reference; `item_id` is None where nothing is kept."""

    model_config = ConfigDict(frozen=True)

    intent: Intent
    item_id: uuid.UUID | None = None
    reference: str


class BareSteps:
    """The activities of the bare workflow."""

    def __init__(self, database: Database, routes: dict[RouteKey, Route], store: EvidenceStore) -> None:
        self._database = database
        self._routes = routes
        self._store = store

    @activity.defn(name="bare_write")
    async def write(self, wanted: BareWrite) -> None:
        """One bookkeeping write."""
        async with self._database.session() as session:
            known = select(CaseRun.ordinal).where(CaseRun.case_id == wanted.case_id, CaseRun.run_id == wanted.run_id)
            if (await session.exec(known)).one_or_none() is None:
                session.add(CaseRun(case_id=wanted.case_id, run_id=wanted.run_id, ordinal=1, first_write_at=wanted.at))
            columns = {**wanted.case, "updated_at": wanted.at}
            await (await session.connection()).execute(
                update(Case).where(col(Case.id) == wanted.case_id).values(**columns)
            )
            if wanted.inputs is not None and wanted.verdict is not None:
                session.add(_decision(wanted.case_id, wanted.at, wanted.inputs, wanted.verdict))
            session.add_all([_event(name, wanted.case_id, wanted.at) for name in wanted.events])

    @activity.defn(name="bare_decide")
    async def decide(self, inputs: CauseInputs) -> Cause:
        """The root cause, by the same rules."""
        return root_cause.decide(inputs)

    @activity.defn(name="bare_create_item")
    async def create_item(self, intent: Intent) -> BareEntry:
        """Keep what is intended."""
        now, reference = clock.now(), f"BTN-{secrets.token_hex(5).upper()}"
        async with self._database.session() as session:
            kept = intent.model_dump(exclude={"content", "author"})
            session.add(
                WorkItem(**kept, reference=reference, state=State.READY, wait_since=now, created_at=now, updated_at=now)
            )
            await session.flush()
            session.add(
                WorkItemRevision(
                    item_id=intent.id,
                    number=1,
                    content=intent.content,
                    content_hash=content_hash(intent.content),
                    author=intent.author,
                    at=now,
                )
            )
            session.add(_event("item.created", intent.case_id, now, intent))
        return BareEntry(intent=intent, item_id=intent.id, reference=reference)

    @activity.defn(name="bare_read_order")
    async def read_order(self, order_no: str) -> dict[str, Any]:
        """The order as it is now."""
        async with self._routes[RouteKey("orderdesk", "bot")].open("bot01", _quiet) as hands:
            return await hands.read("order", order_no)

    @activity.defn(name="bare_enter")
    async def enter(self, entry: BareEntry) -> str:
        """Look, enter, submit, read back; the confirmation."""
        intent = entry.intent
        operation = operation_of(intent.system, intent.operation)
        job = Job.of(operation, operation.entry.model_validate(intent.content), entry.reference)
        async with self._routes[RouteKey(intent.system, intent.route)].open("bot01", _quiet) as hands:
            if entry.item_id is None:
                return (await _keyed(job, hands))[0]
            attempt = await self._begun(intent)
            confirmation, captured = await _keyed(job, hands)
        await self._ended(intent, attempt, confirmation, captured)
        return confirmation

    async def _begun(self, intent: Intent) -> Attempt:
        now = clock.now()
        attempt = Attempt(item_id=intent.id, number=1, fence=1, started_at=now, account="bot01")
        async with self._database.session() as session:
            await _move(session, intent, now, state=State.RUNNING, attempts=1)
            session.add(attempt)
            session.add(_event("attempt.enter", intent.case_id, now, intent))
        return attempt

    async def _ended(self, intent: Intent, attempt: Attempt, confirmation: str, captured: list[Captured]) -> None:
        rows = []
        for count, one in enumerate(captured, start=1):
            path = f"{intent.case_id}/{attempt.id}/{count:02d}-{one.taken}-{one.name}"
            await self._store.put(path, one.data)
            found = {"kind": one.kind, "taken": one.taken, "at": clock.now(), "case_id": intent.case_id}
            rows.append(evidence_store.reference(path, one.data, **found, item_id=intent.id, attempt_id=attempt.id))
        now = clock.now()
        async with self._database.session() as session:
            session.add_all(rows)
            await _move(session, intent, now, state=State.DONE, confirmation=confirmation, ended_at=now)
            ended = {"submitted_at": now, "ended_at": now, "outcome": "done"}
            await (await session.connection()).execute(
                update(Attempt).where(col(Attempt.id) == attempt.id).values(**ended)
            )
            told = ("item.done", "attempt.done")
            session.add_all([_event(name, intent.case_id, now, intent) for name in told])


async def _keyed(job: Job, hands: Hands) -> tuple[str, list[Captured]]:
    await hands.find(job)
    await hands.enter(job)
    captured = await hands.capture("before_submit")
    confirmation = await hands.submit(job)
    captured += await hands.capture("after_submit")
    await hands.read_back(job)
    return confirmation, captured


async def _move(session: AsyncSession, intent: Intent, now: datetime, **columns: Any) -> None:
    values = {**columns, "updated_at": now}
    await (await session.connection()).execute(update(WorkItem).where(col(WorkItem.id) == intent.id).values(**values))


def _event(name: str, case_id: uuid.UUID | None, at: datetime, intent: Intent | None = None) -> Event:
    tags = {"operation": intent.operation} if intent else {}
    system, item = (intent.system, intent.id) if intent else ("", None)
    return Event(name=name, case_id=case_id, item_id=item, system=system, actor="bare", at=at, data=tags)


def _decision(case_id: uuid.UUID, at: datetime, inputs: CauseInputs, verdict: Cause) -> Decision:
    return Decision(
        case_id=case_id,
        rule=verdict.rule,
        version=verdict.version,
        inputs=inputs.model_dump(),
        verdict=verdict.model_dump(),
        at=at,
    )


def _quiet(_step: str) -> None:
    """Nobody listens to the steps."""
