"""The bare peer of a handoff: a plain Temporal workflow that waits, and keeps each act as one row by one activity.

No clocks, no packet, no fence, no policy, no check of who acts: what is left when all of that is taken away.
"""

import uuid
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from temporalio import activity, workflow

from core import clock
from records.database import Database
from records.events import Happened, append

QUEUE = "bare-handoffs"


class BareNote(BaseModel):
    """What somebody says about which case."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    text: str


class BareDesk:
    """The peer's one activity."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="bare_note")
    async def note(self, said: BareNote) -> None:
        """Keep one row."""
        async with self._database.session() as session:
            await append(session, said.case_id, clock.now(), Happened(name="bare.noted", data={"text": said.text}))


@workflow.defn(name="BareHandoff")
class BareHandoff:
    """Waits until it is closed; every act is one row."""

    def __init__(self) -> None:
        self._closed = False

    @workflow.run
    async def run(self, _case_id: uuid.UUID) -> None:
        """Wait."""
        await workflow.wait_condition(lambda: self._closed)

    @workflow.update
    async def note(self, said: BareNote) -> str:
        """Keep what somebody says."""
        await workflow.execute_activity_method(BareDesk.note, said, start_to_close_timeout=timedelta(seconds=10))
        return "Noted."

    @workflow.signal
    def close(self) -> None:
        """End."""
        self._closed = True
