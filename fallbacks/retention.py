"""What is kept for a time: evidence by its class, what people were told, what customers wrote, what was read."""

from datetime import datetime, timedelta

import structlog
from obstore.exceptions import BaseError

from records import evidence_store, health, last_known, mails, tellings
from records.database import Database
from records.evidence_store import EvidenceStore, NoStoreError

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Rows of a class that one beat removes; what is left goes with the next."""


class EvidenceRetention:
    """Removes what has been kept for as long as its class is kept: `days` by class."""

    def __init__(self, database: Database, store: EvidenceStore, days: dict[str, int]) -> None:
        self._database = database
        self._store = store
        self._days = days

    async def run_once(self, now: datetime) -> int:
        """Remove what is too old as of `now`; how many pieces that were. What the store does not give up stays."""
        removed = 0
        for data_class, days in self._days.items():
            removed += await self._remove(data_class, now - timedelta(days=days), now)
        if removed:
            log.info("evidence.removed", pieces=removed)
        return removed

    async def _remove(self, data_class: str, before: datetime, now: datetime) -> int:
        async with self._database.session() as session:
            old = await evidence_store.outlived(session, data_class, before, AT_ONCE)
            removed = 0
            try:
                if old and (why := await evidence_store.why_another(session, self._store)):
                    raise NoStoreError(why)
                for piece in old:
                    await self._store.remove(piece.path)
                    piece.removed_at = now
                    session.add(piece)
                    removed += 1
            except (BaseError, OSError) as error:
                log.warning("evidence.not_removed", kind=type(error).__name__)
        return removed


SAMPLES_KEPT = timedelta(days=2)
SPANS_KEPT = timedelta(days=90)
"""The outage screens show a day in samples and ninety days in spans."""


class HealthRetention:
    """Removes what was heard of ways long ago, and how they stood before anybody asks for it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self, now: datetime) -> int:
        """Remove what is too old as of `now`; how many rows that were."""
        async with self._database.session() as session:
            return await health.forget(session, now - SAMPLES_KEPT, now - SPANS_KEPT, 20 * AT_ONCE)


class WordsRetention:
    """Removes what people were told and what nobody read anew, and empties the mails of customers of ended cases."""

    def __init__(self, database: Database, told_days: int, mail_days: int) -> None:
        self._database = database
        self._told = timedelta(days=told_days)
        self._mails = timedelta(days=mail_days)

    async def run_once(self, now: datetime) -> int:
        """Remove what is too old as of `now`; how many rows and mails that were."""
        async with self._database.session() as session:
            told = await tellings.forget(session, now - self._told, AT_ONCE)
            emptied = await mails.forget(session, now - self._mails, now, AT_ONCE)
            values = await last_known.forget(session, now - last_known.KEPT, AT_ONCE)
        if told or emptied or values:
            log.info("words.removed", told=told, mails=emptied, values=values)
        return told + emptied + values
