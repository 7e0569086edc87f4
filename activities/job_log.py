"""What a job leaves behind: its browser, its steps, its evidence, its end; on the attempt's row and in the store."""

import structlog
from obstore.exceptions import BaseError

from activities.seat import Seat
from bots.kit.contract import Captured, Hands
from core import clock
from core.faults import Fault
from core.outcome import Outcome
from records import attempts, evidence_store, items
from records.database import Database
from records.events import append
from records.evidence_store import EvidenceStore
from records.items import ItemView
from records.work_item import Attempt

log = structlog.get_logger(__name__)


class JobLog:
    """The log of one attempt; it never stands in the way of the entry itself."""

    def __init__(self, database: Database, store: EvidenceStore, item: ItemView, attempt: Attempt, seat: Seat) -> None:
        self._database = database
        self._store = store
        self._item = item
        self._attempt = attempt
        self._seat = seat
        self._count = 0

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

    async def capture(self, hands: Hands, taken: str) -> None:
        """Keep what the screen shows now. A full or broken store drops it with a note; the entry goes on."""
        rows = []
        for captured in await hands.capture(taken):
            self._count += 1
            path = self._path(captured)
            try:
                await self._store.put(path, captured.data)
            except (BaseError, OSError) as error:
                log.warning("evidence.dropped", kind=type(error).__name__, taken=taken)
                continue
            rows.append(
                evidence_store.reference(
                    path,
                    captured.data,
                    kind=captured.kind,
                    taken=captured.taken,
                    at=clock.now(),
                    case_id=self._item.case_id,
                    item_id=self._item.id,
                    attempt_id=self._attempt.id,
                )
            )
        async with self._database.session() as session:
            await evidence_store.keep(session, *rows)

    def _path(self, captured: Captured) -> str:
        return f"{self._item.case_id or 'items'}/{self._attempt.id}/{self._count:02d}-{captured.taken}-{captured.name}"

    async def ended(self, outcome: Outcome, fault: Fault | None = None) -> None:
        """Close the attempt's row and wake the case's live page."""
        async with self._database.session() as session:
            await attempts.note(
                session,
                self._attempt.id,
                ended_at=clock.now(),
                step=self._seat.step,
                steps=self._seat.steps,
                outcome=outcome.value,
                code=fault.code if fault else "",
                detail=fault.detail if fault else "",
            )
            done = items.told(f"attempt.{outcome.value}", self._item, step=self._seat.step)
            await append(session, self._item.case_id, clock.now(), done)
