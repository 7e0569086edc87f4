"""When a system opens next, by its hours as they are now: an item that waits for them asks again from time to time."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from systems.seating import Seatings


class AskOpening(BaseModel):
    """Which system, and the moment from which on it is to be open."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    at: datetime


class Opening(BaseModel):
    """When it opens; None: never, as its hours are now."""

    model_config = ConfigDict(frozen=True)

    at: datetime | None


class Openings:
    """Local activity that reads the hours."""

    def __init__(self, seatings: Seatings) -> None:
        self._seatings = seatings

    @activity.defn(name="next_opening")
    async def next_opening(self, asked: AskOpening) -> Opening:
        """The first moment at which the system is open."""
        return Opening(at=self._seatings.of(asked.system, asked.environment).windows.next_open(asked.at))
