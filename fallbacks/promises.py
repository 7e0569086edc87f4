"""Promises of what stands in a line: whatever would be due before its turn goes to a person while there is time."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from fallbacks.forecast import Forecasts
from records import held_line, line_forecast
from records.database import Database
from records.health import Outage
from records.line_forecast import Promised
from records.operation_holds import OperationHold
from records.outbox import OutboxRow
from systems.seating import Seatings

log = structlog.get_logger(__name__)

DUE_FIRST = "due_first"
"""The signal by which an item's workflow hears of it; what it does with it is its own."""
AT_ONCE = 500
"""Promises of one line in one beat: people cannot take up more of them in so little time."""


class Promises:
    """Tells the workflow of each such entry, once; `lead` is how long before its promise people need it."""

    def __init__(self, database: Database, seatings: Seatings, lead: timedelta) -> None:
        self._database = database
        self._forecasts = Forecasts(seatings)
        self._lead = lead

    async def run_once(self, now: datetime) -> int:
        """Look at every line; how many entries go to a person."""
        async with self._database.session() as session:
            holds = await held_line.undrained(session)
        found = 0
        for hold in holds:
            async with self._database.session() as session:
                found += await self._of(session, hold, now)
        if found:
            log.info("promises.to_people", entries=found)
        return found

    async def _of(self, session: AsyncSession, hold: OperationHold, now: datetime) -> int:
        near = await line_forecast.promised(session, hold.id, now + self._lead, AT_ONCE)
        if near and await _goes(session, hold):
            near = await self._forecasts.missed(session, hold, near, now)
        told = [await _tell(session, one, now) for one in near]
        if any(told):
            await held_line.wake_relay(session)
        return sum(told)


async def _goes(session: AsyncSession, hold: OperationHold) -> bool:
    """Whether the line goes on; else nobody knows when anybody in it has a turn."""
    outage = await session.get(Outage, hold.outage_id) if hold.outage_id is not None else None
    return hold.ended_at is not None and (outage is None or not outage.halted_why)


async def _tell(session: AsyncSession, one: Promised, now: datetime) -> bool:
    """Write the word for its workflow; False when it was written before."""
    word = {"fence": str(one.fence), "due": f"{one.due_at:%Y-%m-%d %H:%M} UTC"}
    row = held_line.waking(one.item_id, one.case_id, DUE_FIRST, f"{DUE_FIRST}/{one.fence}", word, now)
    statement = insert(OutboxRow).values(**row.model_dump()).on_conflict_do_nothing().returning(col(OutboxRow.id))
    return (await (await session.connection()).execute(statement)).first() is not None
