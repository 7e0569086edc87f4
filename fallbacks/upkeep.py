"""The upkeep that must go on when Temporal is away: each kind is one `run_once(now)`, called by `baton/ticks.py`."""

import uuid
from datetime import datetime, timedelta

import structlog

from records import upkeep
from records.database import Database

log = structlog.get_logger(__name__)

OUTBOX_PATIENCE = timedelta(seconds=30)
"""A start takes milliseconds; a row that waits longer means that Temporal is away or refuses it."""


class LapsedLeases:
    """Reports items whose holder went silent. It only reports: the next who wants the item takes it over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[tuple[uuid.UUID, int]] = set()

    async def run_once(self, _now: datetime) -> int:
        """Log each lapsed lease once; how many there are."""
        async with self._database.session() as session:
            lapsed = await upkeep.lapsed_leases(session)
        for lease in lapsed:
            if (lease.item_id, lease.fence) not in self._told:
                tags = lease.model_dump(mode="json", exclude={"fence"})
                log.warning("lease.lapsed", **tags)
        self._told = {(lease.item_id, lease.fence) for lease in lapsed}
        return len(lapsed)


class OutboxAge:
    """Warns when accepted work waits too long for Temporal, and says when it no longer does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._late = False

    async def run_once(self, now: datetime) -> int:
        """Log when the oldest row passes the patience, and when none does any more; how many rows wait."""
        async with self._database.session() as session:
            age = await upkeep.outbox_age(session)
        late = age.oldest is not None and now - age.oldest > OUTBOX_PATIENCE
        if late and not self._late:
            log.warning("outbox.late", waiting=age.waiting, reason=age.reason or "The relay does not run.")
        if self._late and not late:
            log.info("outbox.in_time")
        self._late = late
        return age.waiting


class ExpiredSessions:
    """Forgets sign-ins that are over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self, now: datetime) -> int:
        """Delete them; how many there were."""
        async with self._database.session() as session:
            gone = await upkeep.forget_expired_sessions(session, now)
        if gone:
            log.info("sessions.forgotten", count=gone)
        return gone
