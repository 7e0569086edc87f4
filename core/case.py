"""A case is one customer matter; these are its stages, and the closed list of what an open case can wait for."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Stage(StrEnum):
    """Where a case stands on its journey."""

    RECEIVED = "received"
    READING = "reading"
    CORRECTION = "correction"
    MARKING = "marking"
    TICKETING = "ticketing"
    WITH_SERVICE = "with_service"
    RESOLVING = "resolving"
    TELLING = "telling"
    FINDING = "finding"
    WITH_DISPATCH = "with_dispatch"
    BOOKING = "booking"
    BOOKED = "booked"
    CLOSED = "closed"


STAGE_TITLES: dict[Stage, str] = {
    Stage.RECEIVED: "Received",
    Stage.READING: "Order read",
    Stage.CORRECTION: "Correction",
    Stage.MARKING: "Order marked",
    Stage.TICKETING: "Ticket opened",
    Stage.WITH_SERVICE: "With service",
    Stage.RESOLVING: "Resolution keyed",
    Stage.TELLING: "Customer told",
    Stage.FINDING: "Slot found",
    Stage.WITH_DISPATCH: "With dispatch",
    Stage.BOOKING: "Slot booked",
    Stage.BOOKED: "Appointment",
    Stage.CLOSED: "Closed",
}


class WaitsFor(StrEnum):
    """What an open case waits for. One field, the same in list, page, API and command line."""

    NOTHING = "nothing"
    PERSON = "person"
    SEAT = "seat"
    WINDOW = "window"
    PACE = "pace"
    HELD_SYSTEM = "held_system"
    HELD_GROUP = "held_group"
    LOOK = "look"
    CUSTOMER = "customer"
    APPOINTMENT = "appointment"
    TEMPORAL = "temporal"


LOOKED_AT = (WaitsFor.SEAT, WaitsFor.PACE, WaitsFor.HELD_SYSTEM, WaitsFor.HELD_GROUP, WaitsFor.LOOK)
"""Waits whose end nobody knows; what is known is when Baton looks next."""
LOOKED_AT_AGAIN = "looked at again"


class Wait(BaseModel):
    """Why a case stands still: since when, until when, and who can move it."""

    model_config = ConfigDict(frozen=True)

    kind: WaitsFor
    since: datetime
    until: datetime | None = None
    mover: str = ""
    about: str = ""

    def sentence(self) -> str:
        """One plain sentence, without times (they are shown beside it, in the reader's zone)."""
        about = self.about.rstrip(".") or "the system"
        return _SENTENCES[self.kind].format(mover=self.mover or "somebody", about=about).replace("?.", "?")

    @property
    def towards(self) -> str:
        """The word before `until`: where nobody knows when the wait ends, that moment is only the next look."""
        return LOOKED_AT_AGAIN if self.kind in LOOKED_AT else "until"


_SENTENCES: dict[WaitsFor, str] = {
    WaitsFor.NOTHING: "Waits for nothing: Baton is at work on it ({about}).",
    WaitsFor.PERSON: "Waits for {mover}: {about}.",
    WaitsFor.SEAT: "Waits for a free seat on {about}.",
    WaitsFor.WINDOW: "Waits for the working hours of {about}.",
    WaitsFor.PACE: "Waits for its turn: {about} takes only so many entries a minute.",
    WaitsFor.HELD_SYSTEM: "Waits because {about} is held or does not answer.",
    WaitsFor.HELD_GROUP: "Held behind others that failed on {about}: it goes once one of them has passed.",
    WaitsFor.LOOK: "Waits for a look on the screen of {about}: an entry may have been made.",
    WaitsFor.CUSTOMER: "Waits for the customer.",
    WaitsFor.APPOINTMENT: "Waits for the appointment on {about}.",
    WaitsFor.TEMPORAL: "Waits for Temporal to take it up; it is safely kept and starts by itself.",
}
