"""Whoever can take no cases any more has none for long: each handoff that they hold, or are offered, is told so."""

from datetime import datetime

import structlog

from records import hearing
from records.database import Database

log = structlog.get_logger(__name__)


class Leavers:
    """Tells handoffs whose account was closed, or whose role takes no cases, since they were picked up or offered.

    A beat, since an account can be closed by a command while Temporal is away, and just as somebody offers them a case.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self, now: datetime) -> int:
        """Have the workflows told, each once for how it stands; how many were."""
        async with self._database.session() as session:
            told = await hearing.tell_of_leavers(session, now)
        if told:
            log.info("handoffs.left", handoffs=told)
        return told
