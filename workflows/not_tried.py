"""What follows when an entry was not tried: it waits for hours, its turn, a seat, or behind entries that failed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.perform import Performed
from core.case import WaitsFor
from core.faults import HeldBehind, NoSeat, OutsideWindow, Stopping
from core.work_item import State
from workflows import policies
from workflows.item_book import ItemBook
from workflows.window import Window


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

    def forget(self) -> None:
        """A person had it: it is asked for anew."""
        self._asked = 0

    async def come_back(self, performed: Performed, fence: int) -> None:
        """Out of hours the item is put off; otherwise it stays ready, and asks again."""
        known = self._book.known
        if performed.code == Stopping.code:
            await self._book.wait(WaitsFor.SEAT, policies.NOT_YET_PAUSE)
        elif known.state is not State.READY or (performed.item.fence != fence and not performed.code):
            return  # stopped for approval, or a person was quicker: what is known now says how to go on
        elif performed.code == HeldBehind.code:
            await self._in_line(fence)
        elif performed.until is None:
            await self._ask_later(performed.code)
        elif performed.code == OutsideWindow.code:
            await self._put_off(performed.until)
        else:
            await self._book.wait(WaitsFor.PACE, max(performed.until - workflow.now(), timedelta()))

    async def _in_line(self, fence: int) -> None:
        """Until it is let go, a person sends it on, or its starter takes it back; a word that was lost is asked for."""
        await self._book.note(WaitsFor.HELD_GROUP, None)
        enough = policies.HELD_REREAD
        try:
            await workflow.wait_condition(
                lambda: self.let_go or self._withdrawn() or self._book.known.fence != fence, timeout=enough
            )
        except TimeoutError:
            return

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
