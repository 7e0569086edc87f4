"""What follows when an entry was not tried: it waits for hours, its turn, a seat, or behind entries that failed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.perform import Performed
from core.case import WaitsFor
from core.faults import DueFirst, HeldBehind, NoSeat, OutsideWindow, Stopping, SystemHeld
from core.work_item import State
from workflows import policies
from workflows.item_book import ItemBook
from workflows.window import Window

IN_LINE = {HeldBehind.code: WaitsFor.HELD_GROUP, SystemHeld.code: WaitsFor.HELD_SYSTEM}
"""Why an entry stands in line, and what it then waits for."""


class NotTried:
    """Waits with one item until it may be tried; no attempt is burnt, and waiting takes no slot.

    `withdrawn` tells whether its starter takes it back. `let_go`: whoever keeps the line said that it is its turn.
    """

    def __init__(self, book: ItemBook, window: Window, withdrawn: Callable[[], bool]) -> None:
        self._book = book
        self._window = window
        self._withdrawn = withdrawn
        self._asked = 0
        self.let_go = False
        self._due_first: tuple[int, str] | None = None

    def forget(self) -> None:
        """A person had it: it is asked for anew."""
        self._asked = 0

    def due_first(self, fence: int, due: str) -> None:
        """Whoever keeps the line said that it is due before its turn there would come."""
        self._due_first = fence, due

    async def come_back(self, performed: Performed, fence: int) -> None:
        """Out of hours the item is put off; otherwise it stays ready, and asks again."""
        known = self._book.known
        if performed.code == Stopping.code:
            await self._book.wait(WaitsFor.SEAT, policies.NOT_YET_PAUSE)
        elif known.state is not State.READY or (performed.item.fence != fence and not performed.code):
            return  # stopped for approval, or a person was quicker: what is known now says how to go on
        elif performed.code in IN_LINE:
            if performed.ways is None or await self._book.stays_in_line(performed.ways):
                await self._in_line(IN_LINE[performed.code], fence)
        elif performed.until is None:
            await self._ask_later(performed.code)
        elif performed.code == OutsideWindow.code:
            await self._put_off(performed.until)
        else:
            await self._book.wait(WaitsFor.PACE, max(performed.until - workflow.now(), timedelta()))

    async def _in_line(self, behind: WaitsFor, fence: int) -> None:
        """Until it is let go, a person sends it on, its starter takes it back, or it is due before its turn would come.

        A word that was lost is asked for.
        """
        await self._book.note(behind, None)
        enough = policies.HELD_REREAD
        try:
            await workflow.wait_condition(
                lambda: self.let_go or self._late(fence) or self._withdrawn() or self._book.known.fence != fence,
                timeout=enough,
            )
        except TimeoutError:
            return
        if self._late(fence) and not self.let_go and not self._withdrawn():
            await self._to_person()

    def _late(self, fence: int) -> bool:
        return self._due_first is not None and self._due_first[0] == fence

    async def _to_person(self) -> None:
        """A person makes it, and has the time to: whatever stands behind it in line waits for that."""
        async with self._book.lock:
            known = self._book.known
            if known.state is State.READY and self._due_first is not None and self._late(known.fence):
                data, values = {"due": self._due_first[1]}, {"code": DueFirst.code}
                await self._book.move(State.WITH_PERSON, "item.due_first", values=values, data=data)

    async def _put_off(self, until: datetime) -> None:
        self._window.opens = until
        waits = {"wait_kind": WaitsFor.WINDOW, "next_look_at": until}
        await self._book.move(State.DEFERRED, "item.deferred", values=waits)

    async def _ask_later(self, code: str) -> None:
        self._asked += 1
        if self._asked > policies.NOT_YET_LIMIT:
            await self._book.move(State.WITH_PERSON, "item.with_person", values={"code": code})
            return
        pause = min(policies.NOT_YET_PAUSE * 2 ** min(self._asked - 1, 6), policies.NOT_YET_LONGEST)
        kind = WaitsFor.SEAT if code == NoSeat.code else WaitsFor.HELD_SYSTEM
        await self._book.wait(kind, pause)
