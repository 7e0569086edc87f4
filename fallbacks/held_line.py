"""The line behind a hold: let go in its order once the hold has ended, at a rate, no faster than its seats take it.

After an outage one entry goes first; its end says whether the rest may follow. Those halt once they fail.
"""

from datetime import datetime

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from core.fault_list import every_fault
from fallbacks import drain_pace
from records import failures, health, held_line, told
from records.database import Database
from records.health import Outage
from records.operation_holds import PROBE_EVERY, OperationHold
from records.people import Role
from records.told import Tell
from systems.registry import SYSTEMS
from systems.seating import Seatings
from systems.way import OutageStage, WayState

log = structlog.get_logger(__name__)

FOR_A_SEAT = 3
"""Entries on their way for each seat: one at work and two that are next, so that no seat stands idle until the next
beat, and no more of them ask for one than can have it soon."""
HALT_AFTER = 3
"""So many different entries that failed since one was in, and the line halts until somebody says to go on."""


class HeldLine:
    """Lets the line go on; nobody who stands in it asks by himself. Of two at once the second one does nothing."""

    def __init__(self, database: Database, seatings: Seatings) -> None:
        self._database = database
        self._seatings = seatings

    async def run_once(self, now: datetime) -> int:
        """Let go whoever may go now; how many those were."""
        async with self._database.session() as session:
            holds = [hold.id for hold in await held_line.undrained(session)]
        let_go = 0
        for hold_id in holds:
            async with self._database.session() as session:
                if await held_line.turn(session, hold_id):
                    let_go += await held_line.leave(session, hold_id, now)
                    let_go += await self._one(session, await session.get_one(OperationHold, hold_id), now)
        if let_go:
            log.info("held_line.let_go", entries=let_go)
        return let_go

    async def _one(self, session: AsyncSession, hold: OperationHold, now: datetime) -> int:
        outage = await session.get(Outage, hold.outage_id) if hold.outage_id is not None else None
        if hold.ended_at is not None:
            return await self._go_on(session, hold, outage, now)
        if not self._seatings.known(hold.system, hold.environment).windows.is_open(now):
            return 0  # whoever was let go now would come with everybody else in the morning
        return await (_probe(session, hold, now) if outage is None else _canary(session, hold, outage, now))

    async def _go_on(self, session: AsyncSession, hold: OperationHold, outage: Outage | None, now: datetime) -> int:
        """The hold has ended: the next of its line, as many as there is room for, but whom another one holds now."""
        for item_id, group_id in await held_line.join(session, hold.id):
            await failures.hold_behind(session, item_id, group_id, now)  # it counts there as one more of them
        halted = outage is not None and await _halts(session, hold, outage, now)
        seating = self._seatings.known(hold.system, hold.environment)
        seats = seating.seats_of(len(SYSTEMS[hold.system].accounts_of(hold.route)))
        on_their_way = await held_line.on_their_way(session, hold.id, now)
        room = FOR_A_SEAT * seats - on_their_way
        if halted or not seating.windows.is_open(now):
            room = 0
        per_minute = (outage.drain_per_minute if outage is not None else None) or seating.entries_per_minute
        if per_minute is not None:
            room = min(room, drain_pace.room(per_minute, hold.next_at, now))
        went = await held_line.let_go(session, hold.id, room, now) if room > 0 else 0
        if went and per_minute is not None:
            hold.next_at = drain_pace.after(per_minute, hold.next_at, now, went)
        over = not went and not on_their_way and await held_line.drained(session, hold.id, now)
        if outage is not None and over:
            outage.stage = OutageStage.OVER
        return went


async def _probe(session: AsyncSession, hold: OperationHold, now: datetime) -> int:
    """An operation is held. Where its cause may be over by itself, the first of the line tries now and then."""
    if not hold.probes or now - hold.probed_at < PROBE_EVERY:
        return 0
    hold.probed_at = now
    return await held_line.let_go(session, hold.id, 1, now)


async def _canary(session: AsyncSession, hold: OperationHold, outage: Outage, now: datetime) -> int:
    """A whole way is held. Once it answers again exactly one entry goes; should it be shut by then, that one waits."""
    state = await health.state_of(session, outage.way)
    if state is None or state.state is not WayState.TRYING:
        return 0
    return 0 if await held_line.let_through(session, hold.id, now) else await held_line.let_go(session, hold.id, 1, now)


async def _halts(session: AsyncSession, hold: OperationHold, outage: Outage, now: datetime) -> bool:
    """Whether the line stands, since what was let go failed; somebody hears of it."""
    if outage.halted_why:
        return True
    failed, code = await held_line.failed_lately(session, hold)
    if failed < HALT_AFTER:
        return False
    fault = every_fault().get(code)
    why = fault.sentence() if fault is not None else code.replace("_", " ")
    outage.halted_why = f"{failed} entries that were let go failed since one was in, so the rest waits. {why}"
    await told.tell(session, now, _told(outage, now))
    return True


def _told(outage: Outage, now: datetime) -> Tell:
    return Tell(
        kind="drain",
        occurrence=f"drain/{outage.id}/{now.isoformat()}",
        to=f"role:{Role.SUPERVISOR.value}",
        text=f"The line of the {SYSTEMS[outage.system].title} halted by itself. {outage.halted_why}",
        path=f"/systems/{outage.system}/{outage.environment}",
    )
