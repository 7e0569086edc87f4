"""A booking's place on the board: entered, moved, cancelled by work items, one intent for each; at most one stands."""

import asyncio
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

from temporalio import workflow

from activities.items import ItemView
from activities.recovery import PastItem
from core.case import Stage
from core.work_item import State
from handoff.booking import BookingRequest, Place
from systems import fieldboard
from systems.base import Entry, Operation
from systems.fieldboard import FIELDBOARD, Booking
from workflows import search
from workflows.book import Book, Happened, at_stage
from workflows.booking_acts import Wishes
from workflows.booking_entry import GONE, entry_for, to_cancel, to_move
from workflows.entries import Entries, ItemHandle
from workflows.record_reader import RecordReader
from workflows.work_item import WorkItemWorkflow

Outdated = Callable[[], bool]
"""Whether the customer wants something else by now."""


class Came(StrEnum):
    """What came of an entry on the board."""

    IN = "in"
    SLOT_GONE = "slot_gone"
    CHANGED = "changed"
    TAKEN_BACK = "taken_back"
    GIVEN_UP = "given_up"


class Appointment:
    """What stands on the board for one case. `outdated` takes an entry back that no bot has begun."""

    def __init__(self, book: Book, entries: Entries, wishes: Wishes, case_number: str, outdated: Outdated) -> None:
        self._book = book
        self._entries = entries
        self._wishes = wishes
        self._number = case_number
        self._outdated = outdated
        self._records = RecordReader(book, FIELDBOARD)
        self._counts: dict[str, int] = {}
        self._series = 1
        self._entered: dict[str, str] | None = None
        self.place: Place | None = None
        self.confirmation = ""

    @property
    def reference(self) -> str:
        """Under what the board knows it; another one once a booking is gone from it."""
        return self._number if self._series == 1 else f"{self._number}/{self._series}"

    async def remember(self, steps: dict[str, PastItem], vanished: int) -> None:
        """What was entered before this case was begun anew, and so what stands on the board now."""
        done = {step: one for step, one in steps.items() if one.state is State.DONE}
        for step in ("booking", "move", "cancel"):
            self._counts[step] = sum(name.startswith(f"{step}#") for name in steps)
        self._series = 1 + vanished + sum(name.startswith("cancel#") for name in done)
        booked = [one for name, one in done.items() if name.startswith("booking#")]
        if not booked:
            return
        content = booked[-1].intent.content
        self._entered = {**{name: str(content[name]) for name in ON_BOARD}, "skill": str(content["skill_code"])}
        self.confirmation = list(done.values())[-1].confirmation
        standing = await self._standing()
        self.place = _place_of(standing) if standing is not None else None

    async def take(self, place: Place, author: str) -> Came:
        """Have it stand at that place: booked, or moved from where it stands.

        The board moves a booking, and changes nothing else of it: with another name, address, phone or skill it is
        cancelled there, and another one is made.
        """
        request = self._wishes.request
        search.case_stage(Stage.BOOKING)
        await self._book.write(case=at_stage(Stage.BOOKING, f"the dispatch board: {place.spoken()}"))
        standing = await self._standing() if self.place is not None else None
        if standing is not None and self._entered != _keyed(request):
            came = await self._undo(standing)
            if came is not Came.IN:
                return came
            standing = None
        if standing is None:
            new = entry_for(request, place, self.reference)
            came = await self._enter("booking", fieldboard.BOOK, new, author=author)
            self._entered = _keyed(request) if came is Came.IN else self._entered
        elif _place_of(standing) == place:
            came = Came.IN
        else:
            before = standing.image(fieldboard.MOVE)
            move = to_move(place, self.reference)
            came = await self._enter("move", fieldboard.MOVE, move, author=author, before=before)
        if came is Came.IN:
            self.place = place
        return came

    async def cancel(self) -> Came:
        """Have nothing stand there any more, wherever it stands by now."""
        search.case_stage(Stage.BOOKING)
        await self._book.write(case=at_stage(Stage.BOOKING, "cancelling on the dispatch board"))
        standing = await self._standing()
        if standing is None:
            return Came.IN
        return await self._undo(standing)

    async def _undo(self, standing: Booking) -> Came:
        entry = to_cancel(_place_of(standing), self.reference)
        came = await self._enter("cancel", fieldboard.CANCEL_BOOKING, entry)
        if came is Came.IN:
            self.place = None
            self._series += 1
        return came

    async def _standing(self) -> Booking | None:
        """The booking as the board shows it; None when nobody can find it there any more."""
        found = await self._records.read("booking", self.reference)
        if found is not None:
            return Booking.model_validate(found)
        if self.place is not None:
            self.place = None
            self._series += 1
            await self._book.write(Happened(name="booking.vanished", system=FIELDBOARD.name))
        return None

    async def _enter(self, step: str, operation: Operation, entry: Entry, **terms: Any) -> Came:
        self._counts[step] = self._counts.get(step, 0) + 1
        begun: list[ItemHandle] = []
        entering = asyncio.create_task(
            self._entries.enter(
                f"{step}#{self._counts[step]}",
                operation,
                entry,
                report_conflict=True,
                reported=GONE,
                begun=begun.append,
                **terms,
            )
        )
        if step != "cancel":
            await workflow.wait_condition(lambda: entering.done() or (bool(begun) and self._outdated()))
            if not entering.done():
                await begun[-1].signal(WorkItemWorkflow.withdraw)
        return self._came(await entering)

    def _came(self, item: ItemView) -> Came:
        if item.state is State.DONE:
            self.confirmation = item.confirmation or item.reference
            return Came.IN
        if item.state is State.DISCARDED:
            return Came.GIVEN_UP
        if item.code in GONE:
            return Came.SLOT_GONE
        return Came.CHANGED if item.code else Came.TAKEN_BACK


ON_BOARD = ("name", "street", "house_no", "postcode", "city", "phone")


def _keyed(request: BookingRequest) -> dict[str, str]:
    """What of a booking stands on the board beside its place."""
    return {name: str(getattr(request, name)) for name in (*ON_BOARD, "skill")}


def _place_of(booking: Booking) -> Place:
    day, month, year = (int(part) for part in booking.day.split("."))
    return Place(day=date(year, month, day), slot=booking.slot.partition(" ")[0], technician=booking.technician)
