"""Entries in line choose their way anew when another one is free again, or when a playbook says otherwise."""

from datetime import datetime

import structlog

from records import route_choice
from records.database import Database

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Entries that one beat has asked: each of them is a look at the records, and ten thousand are through in minutes."""


class RoutesAgain:
    """Wakes whoever would perhaps choose otherwise now; what they choose is their own step."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run_once(self, now: datetime) -> int:
        """Wake the next ones; how many those were."""
        async with self._database.session() as session:
            asked = await route_choice.ask_again(session, AT_ONCE, now)
        if asked:
            log.info("routes.asked_again", entries=asked)
        return asked
