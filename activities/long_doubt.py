"""A doubt whose looks meet an outage each time: a person is asked before it costs a promise or has lasted too long."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from core.faults import AccountHeld, Fault, NoSeat, NotSeenInTime, RecordLocked, SystemHeld, away
from core.work_item import State
from records import long_doubt
from records.database import Database
from records.items import ItemView

STANDS = (SystemHeld, AccountHeld)
"""Known to last: one look that meets this says all. Anything else may be over with the next look."""
WAITED_FOR = (*STANDS, NoSeat, RecordLocked)


class DoubtPatience(BaseModel):
    """How long an entry may stay in doubt, and how long before its promise people need it."""

    model_config = ConfigDict(frozen=True)

    longest: timedelta = timedelta(hours=4)
    lead: timedelta = timedelta(minutes=30)


class LongDoubt:
    """Says of a look that could not be made whether the next one may be waited for. Working hours always may be."""

    def __init__(self, database: Database, patience: DoubtPatience) -> None:
        self._database = database
        self._patience = patience

    async def check(self, item: ItemView, fault: Fault) -> None:
        """Raise NotSeenInTime when it may not."""
        if item.state is not State.UNKNOWN or not (isinstance(fault, WAITED_FOR) or away(fault)):
            return
        async with self._database.session() as session:
            over = await long_doubt.lasts(session, item.id, self._patience.longest) or (
                isinstance(fault, STANDS) and await long_doubt.presses(session, item.id, self._patience.lead)
            )
        if over:
            raise NotSeenInTime(fault.detail) from fault
