"""The line behind a held operation: let go in its order once the hold has ended, no faster than its seats take it."""

from datetime import datetime

import structlog

from records import operation_holds
from records.database import Database
from records.operation_holds import PROBE_EVERY, OperationHold
from systems.registry import SYSTEMS
from systems.seating import SeatingRefused, Seatings

log = structlog.get_logger(__name__)

FOR_A_SEAT = 3
"""Entries on their way for each seat: one at work and two that are next, so that no seat stands idle until the next
beat, and no more of them ask for one than can have it soon."""


class HeldLine:
    """Lets the line go on; nobody who stands in it asks by himself."""

    def __init__(self, database: Database, seatings: Seatings) -> None:
        self._database = database
        self._seatings = seatings

    async def run_once(self, now: datetime) -> int:
        """Let go whoever may go now; how many those were."""
        async with self._database.session() as session:
            holds = await operation_holds.undrained(session)
        let_go = 0
        for hold in holds:
            let_go += await (self._go_on(hold, now) if hold.ended_at is not None else self._probe(hold, now))
        if let_go:
            log.info("held_line.let_go", entries=let_go)
        return let_go

    async def _go_on(self, hold: OperationHold, now: datetime) -> int:
        """The hold has ended: the next of its line, as many as there is room for. Another one may stand meanwhile."""
        async with self._database.session() as session:
            if await operation_holds.standing(session, hold) is not None:
                return 0
            on_their_way = await operation_holds.on_their_way(session, hold.id)
            room = FOR_A_SEAT * self._seats(hold) - on_their_way
            found = await operation_holds.let_go(session, hold, room, now) if room > 0 else 0
            if not found and not on_their_way and not await operation_holds.in_line(session, hold.id):
                await operation_holds.drained(session, hold.id, now)
            return found

    async def _probe(self, hold: OperationHold, now: datetime) -> int:
        """The hold stands. Where its cause may be over by itself, the first of the line tries now and then."""
        if not hold.probes or now - hold.probed_at < PROBE_EVERY:
            return 0
        async with self._database.session() as session:
            await operation_holds.probed(session, hold.id, now)
            return await operation_holds.let_go(session, hold, 1, now)

    def _seats(self, hold: OperationHold) -> int:
        accounts = len(SYSTEMS[hold.system].accounts_of(hold.route))
        try:
            return min(self._seatings.of(hold.system, hold.environment).seats or accounts, accounts)
        except SeatingRefused:
            return accounts
