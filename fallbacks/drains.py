"""What an operator says to the line after an outage: how fast it goes, and that it goes on after it has halted."""

import uuid
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from records import access
from records.database import Database
from records.health import Outage
from records.operation_holds import OperationHold
from systems.registry import SYSTEMS
from systems.way import OutageStage

FASTEST = 6000.0
"""Entries a minute; a system that takes more needs no line."""


class DrainRefused(ValueError):
    """Nothing was changed; the message says why, as the operator reads it."""


class Drains:
    """Both are kept under the row of the outage: of two people at once the second one hears what the first one did."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pace(self, outage_id: uuid.UUID, per_minute: float | None, by: str, now: datetime) -> str:
        """From now on at most so many a minute, None for the system's own pace; the sentence that the operator reads.

        It may be said before the outage has ended. DrainRefused for a rate that is none, and once nobody is in line.
        """
        if per_minute is not None and not 0 < per_minute <= FASTEST:
            raise DrainRefused(f"Nothing was changed. A rate is more than 0 and at most {FASTEST:,.0f} a minute.")
        async with self._database.session() as session:
            outage = await _going(session, outage_id)
            outage.drain_per_minute = per_minute
            access.audit(session, now, by, "drain.paced", str(outage.id), per_minute=per_minute or "")
            when = "will be" if outage.ended_at is None else "is"
            return f"{_name(outage)} {when} let go {_at(per_minute)}."

    async def go_on(self, outage_id: uuid.UUID, by: str, now: datetime) -> str:
        """Let a line that halted by itself go on; the sentence that the operator reads.

        DrainRefused while it goes, while the outage stands, and once nobody is in line: there is one drain at a time.
        """
        async with self._database.session() as session:
            outage = await _going(session, outage_id)
            if outage.ended_at is None:
                raise DrainRefused(f"Nothing was changed. {_name(outage)} waits for the end of the outage.")
            if not outage.halted_why:
                at = _at(outage.drain_per_minute)
                raise DrainRefused(f"Nothing was changed. {_name(outage)} is being let go already, {at}.")
            hold = await session.get_one(OperationHold, outage.hold_id)
            outage.halted_why, hold.counted_from = "", now
            access.audit(session, now, by, "drain.went_on", str(outage.id))
            return f"{_name(outage)} goes on, {_at(outage.drain_per_minute)}."


async def _going(session: AsyncSession, outage_id: uuid.UUID) -> Outage:
    outage = await session.get(Outage, outage_id, with_for_update=True, populate_existing=True)
    if outage is None:
        raise DrainRefused("Nothing was changed. There is no such outage.")
    if outage.stage is OutageStage.OVER:
        raise DrainRefused(f"Nothing was changed. {_name(outage)} is empty: everything that stood in it went.")
    return outage


def _name(outage: Outage) -> str:
    return f"The line of the {SYSTEMS[outage.system].title}"


def _at(per_minute: float | None) -> str:
    return f"at {per_minute:g} a minute" if per_minute is not None else "as fast as the system takes it"
