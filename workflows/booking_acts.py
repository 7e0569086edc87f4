"""What a booking begins with, and what it hears from its customer; one frozen model for each."""

import uuid
from datetime import date

from pydantic import BaseModel, ConfigDict

from core.work_item import Priority
from handoff.booking import BookingRequest, Place, Slot, Window


class BookingStart(BaseModel):
    """What intake hands over: the case, and the booking that opened it."""

    model_config = ConfigDict(frozen=True)

    case_id: uuid.UUID
    case_number: str
    submitted_by: str
    report: BookingRequest
    priority: Priority = Priority.NORMAL
    recovered: int = 0
    """Which run of it this is, where a run before it was ended outside Baton: it looks before any entry."""


class BookingEnd(BaseModel):
    """How the case closed, and where the booking stood at last."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    place: Place | None = None


class Rescheduled(BaseModel):
    """The customer chose another time; the same id twice counts once."""

    model_config = ConfigDict(frozen=True)

    id: str
    day: date
    slot: Slot


class Cancelled(BaseModel):
    """The customer wants nobody to come."""

    model_config = ConfigDict(frozen=True)

    id: str


class Wishes:
    """What is wanted by now: each new wish is a revision of the plan, and only the newest counts."""

    def __init__(self, request: BookingRequest) -> None:
        self.request = request
        self.windows = request.windows
        self.cancelled = False
        self.withdrawn = False
        self.revision = 1
        self._heard: set[str] = set()

    @property
    def over(self) -> bool:
        """Whether nobody is to come any more."""
        return self.cancelled or self.withdrawn

    def hear(self, word: Rescheduled | Cancelled) -> None:
        """Take a word of the customer in, once."""
        if word.id in self._heard or self.over:
            return
        self._heard.add(word.id)
        self.revision += 1
        if isinstance(word, Cancelled):
            self.cancelled = True
        else:
            self.windows = (Window(day=word.day, slot=word.slot),)

    def follow(self, request: BookingRequest, standing: Place | None) -> None:
        """Take another content over, once somebody has accepted it.

        Other wishes replace what was wished by then. With the same wishes the time stays: that of the appointment that
        is `standing`, or what the customer has chosen since. A note alone plans nothing anew.
        """
        was, self.request = self.request, request
        if request.windows != was.windows:
            self.windows = request.windows
        elif standing is not None:
            self.windows = (standing.window,)
        if request.model_copy(update={"note": was.note}) != was:
            self.revision += 1

    def withdraw(self) -> None:
        """Its starter has taken the booking back: what was begun for it is outdated."""
        self.withdrawn = True
        self.revision += 1
