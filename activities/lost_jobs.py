"""The last frame of a job whose bot process died in it becomes evidence, when the next process of that host begins."""

import asyncio
import uuid

import structlog
from obstore.exceptions import BaseError

from bots.kit.leftovers import LastFrame
from core import clock
from records import bot_process, evidence_store
from records.database import Database
from records.events import append
from records.evidence_store import EvidenceStore
from systems.part import DataClass

log = structlog.get_logger(__name__)


class LostJobs:
    """Finds the try that each frame belongs to, and keeps the frame with it."""

    def __init__(self, database: Database, store: EvidenceStore) -> None:
        self._database = database
        self._store = store

    async def keep(self, frames: list[LastFrame]) -> int:
        """Keep the frames of jobs that were lost and forget the others; how many were kept.

        A store that is away leaves its frame where it is, for the next time.
        """
        kept = 0
        for frame in frames:
            try:
                kept += await self._keep(frame)
            except (BaseError, OSError) as error:
                log.warning("evidence.frame_waits", kind=type(error).__name__)
                continue
            await asyncio.to_thread(frame.forget)
        return kept

    async def _keep(self, frame: LastFrame) -> bool:
        browser = frame.browser
        async with self._database.session() as session:
            found = await bot_process.lost_job(session, browser.host, browser.boot_id, browser.pid, browser.started)
        if found is None:
            return False
        attempt, item = found
        data = await asyncio.to_thread(frame.picture.read_bytes)
        path = f"{item.case_id or 'items'}/{attempt.id}/lost-{uuid.uuid4().hex[:8]}-screen.png"
        await self._store.put(path, data, DataClass.PUBLIC.value)
        row = evidence_store.reference(
            path,
            data,
            kind="screenshot",
            taken="lost",
            at=frame.taken_at,
            data_class=DataClass.PUBLIC.value,
            case_id=item.case_id,
            item_id=item.id,
            attempt_id=attempt.id,
        )
        async with self._database.session() as session:
            await evidence_store.keep(session, row)
            await append(session, item.case_id, clock.now())
        log.info("evidence.last_frame_kept", attempt=str(attempt.id))
        return True
