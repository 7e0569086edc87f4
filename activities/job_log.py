"""What a job leaves behind: its browser, its steps, its evidence, its end; on the attempt's row and in the store."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from obstore.exceptions import BaseError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from activities.seat import Seat
from activities.snapshots import Snapshots
from bots.kit.contract import Captured, Hands
from bots.kit.deadline import EVIDENCE_SECONDS, within
from core import clock, tracing
from core.faults import Fault, TooSlow
from core.outcome import Outcome
from failure.difference import Layout
from records import attempts, bot_process, evidence_store, items, screen_snapshots
from records.database import Database
from records.events import append
from records.evidence_store import EvidenceStore
from records.items import ItemView
from records.screen_snapshots import ScreenSnapshot
from records.trail import Evidence
from records.work_item import Attempt
from systems.part import DataClass

log = structlog.get_logger(__name__)

GOOD = frozenset({"before_submit", "looked"})
"""Moments at which a screen is as the bot knows it: it was checked and filled, or understood."""


@dataclass(frozen=True)
class Keeping:
    """Where the logs of this process are kept, and what it knows of good screens."""

    database: Database
    store: EvidenceStore
    snapshots: Snapshots


class JobLog:
    """The log of one attempt; it never stands in the way of the entry itself."""

    def __init__(self, keeping: Keeping, item: ItemView, attempt: Attempt, seat: Seat) -> None:
        self._database = keeping.database
        self._store = keeping.store
        self._snapshots = keeping.snapshots
        self._item = item
        self._attempt = attempt
        self._seat = seat
        self._count = 0
        self._storing: asyncio.Task[None] | None = None
        seat.tell_alive = self.alive

    async def opened(self, hands: Hands) -> None:
        """Note which browser works, before anything is typed: it is what a later look must prove dead."""
        async with self._database.session() as session:
            await attempts.note(
                session,
                self._attempt.id,
                account=self._seat.account,
                browser_pid=hands.browser_pid,
                browser_started=hands.browser_started,
            )

    async def alive(self) -> None:
        """Say at which step the job is: should the process die, people read it on the attempt."""
        try:
            async with self._database.session() as session:
                await bot_process.job_alive(session, self._attempt.id, self._seat.step, list(self._seat.steps))
        except (DBAPIError, PoolTimeout) as error:
            log.warning("job.alive_untold", kind=type(error).__name__)

    async def capture(self, hands: Hands, taken: str, *, meanwhile: bool = False) -> None:
        """Keep what the screen shows now. A full or broken store leaves a mark of what was dropped; the entry goes on.

        `meanwhile`: the entry goes on while it is being stored, until the next capture at most. Should the process die
        before that, the frame that the browser's folder keeps is of this very moment.
        """
        await self.stored()
        at = clock.now()
        seen = await hands.capture(taken)
        missed = not seen and hands.browser_pid is not None
        good = None
        if taken in GOOD:
            good = await self._snapshots.read(hands, self._item, self._attempt.bot_version)
        self._storing = asyncio.create_task(self._store_all(seen, missed=missed, taken=taken, at=at, good=good))
        if not meanwhile:
            await self.stored()

    async def found(self, hands: Hands) -> None:
        """The look went well: the screen that it ended on is a good one, and is kept now and then."""
        if self._snapshots.due(hands, self._item, self._attempt.bot_version):
            await self.capture(hands, "looked", meanwhile=True)

    async def trouble(self, hands: Hands, fault: Fault) -> None:
        """Keep what the screen shows in trouble, and what changed of it since it was good."""
        await self.capture(hands, "trouble")
        if not self._seat.clicking:
            await self._snapshots.compare(hands, self._item, fault)

    async def stored(self) -> None:
        """Return once everything that was captured is stored and listed."""
        storing, self._storing = self._storing, None
        if storing is not None:
            await storing

    async def given_up(self) -> None:
        """The try ends in the middle: what was captured is stored all the same, and no trouble in that is told."""
        if self._storing is not None:
            await asyncio.wait({self._storing})

    async def _store_all(
        self, seen: list[Captured], *, missed: bool, taken: str, at: datetime, good: Layout | None
    ) -> None:
        """What stands under the masks is an object of its own, sealed with the key of what is personal."""
        rows = []
        if missed:
            rows.append(self._not_taken(taken=taken, at=at, kind="screenshot", data_class=DataClass.PUBLIC.value))
        for captured in seen:
            row = uuid.uuid4()
            kept: dict[str, Any] = {
                "kind": captured.kind,
                "data_class": captured.data_class.value,
                "masked": captured.masked,
            }
            rows.append(self._keep(captured.name, captured.data, taken=taken, at=at, id=row, **kept))
            if captured.sealed is not None:
                kept = {"kind": "sealed", "data_class": DataClass.PERSONAL.value, "of": row}
                rows.append(self._keep("sealed.json", captured.sealed, taken=taken, at=at, **kept))
        found = await asyncio.gather(*rows)
        async with self._database.session() as session:
            await evidence_store.keep(session, *found)
            picture = next((row for row in found if row.kind == "screenshot" and not row.dropped), None)
            if good is not None and picture is not None:
                await screen_snapshots.keep(session, self._snapshot(good, picture))

    def _snapshot(self, layout: Layout, picture: Evidence) -> ScreenSnapshot:
        return ScreenSnapshot(
            system=self._item.system,
            environment=self._item.environment,
            screen=layout.screen,
            bot_version=self._attempt.bot_version,
            layout=layout.model_dump(mode="json"),
            evidence_id=picture.id,
            at=picture.at,
        )

    async def _not_taken(self, **columns: Any) -> Evidence:
        return evidence_store.marker("", "not_taken", **columns, **self._whose())

    def _whose(self) -> dict[str, uuid.UUID | None]:
        return {"case_id": self._item.case_id, "item_id": self._item.id, "attempt_id": self._attempt.id}

    async def _keep(self, name: str, data: bytes, **columns: Any) -> Evidence:
        """Put one thing into the store; its row, or a marker when the store does not take it in time."""
        self._count += 1
        path = f"{self._item.case_id or 'items'}/{self._attempt.id}/{self._count:02d}-{columns['taken']}-{name}"
        columns |= self._whose()
        try:
            async with within(EVIDENCE_SECONDS, "the evidence store"):
                await self._store.put(path, data, columns["data_class"])
        except (BaseError, OSError, TooSlow) as error:
            why = evidence_store.why_dropped(error)
            log.warning("evidence.dropped", kind=type(error).__name__, taken=columns["taken"], why=why)
            return evidence_store.marker(path, why, **columns)
        return evidence_store.reference(path, data, **columns)

    async def ended(self, outcome: Outcome, fault: Fault | None = None) -> ItemView:
        """Close the attempt's row and wake the case's live page; the item as it stands now."""
        await self.stored()
        code = fault.code if fault else ""
        said: dict[str, Any] = {"step": tracing.plain(self._seat.step), "outcome": outcome.value, "code": code}
        tracing.note(attempt=self._attempt.number, **said)
        async with self._database.session() as session:
            await attempts.note(
                session,
                self._attempt.id,
                ended_at=clock.now(),
                step=self._seat.step,
                steps=self._seat.steps,
                outcome=outcome.value,
                code=code,
                detail=fault.detail if fault else "",
            )
            done = items.told(f"attempt.{outcome.value}", self._item, step=self._seat.step)
            await append(session, self._item.case_id, clock.now(), done)
            return await items.view(session, self._item.id)
