"""The resolver: it alone leaves *unknown*, by a look at the screen once nothing acts for the entry any more."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.look import Look, LookAt, Looked
from core.case import WaitsFor
from core.faults import BrowserInDoubt, CannotTell, OutsideWindow
from core.work_item import State
from systems.registry import SYSTEMS
from workflows import policies
from workflows.doubt import NO_SEAT_YET, THERE, absent_for_sure, code_of, why_a_person
from workflows.item_book import ItemBook
from workflows.window import Window


class Resolver:
    """Looks for one item: there, adopt; not there, it may go again; cannot tell, a person."""

    def __init__(self, book: ItemBook, window: Window) -> None:
        self._book = book
        self._window = window
        self._in_doubt = 0

    async def resolve(self) -> None:
        """One round: look, or say when it will look next."""
        if not self._book.searchable:
            await self._to_person(CannotTell.code)
            return
        try:
            looked = await self.look("look", prove_dead=True)
        except ActivityError as error:
            await self._not_seen(code_of(error, CannotTell.code))
            return
        if looked.in_doubt:
            await self._doubtful()
        elif looked.again_in is not None:
            await self._book.wait(WaitsFor.LOOK, timedelta(seconds=looked.again_in) + policies.LOOK_MARGIN)
        else:
            await self._conclude(looked)

    async def look(self, purpose: str, *, prove_dead: bool, within: timedelta | None = None) -> Looked:
        """Search the screen for the part that the item stands at."""
        item = self._book.known
        return await workflow.execute_activity_method(
            Look.look,
            LookAt(
                item_id=item.id,
                purpose=purpose,
                prove_dead=prove_dead,
                settle_seconds=self._book.settle_window.total_seconds(),
            ),
            task_queue=SYSTEMS[item.system].queue_of(item.environment),
            start_to_close_timeout=policies.LOOK_TIMEOUT,
            schedule_to_close_timeout=within,
            heartbeat_timeout=self._book.heartbeat,
            retry_policy=policies.LOOK_RETRY,
        )

    async def _not_seen(self, code: str) -> None:
        if code == OutsideWindow.code:
            await self._window.ask()
        elif code not in NO_SEAT_YET:
            await self._to_person(code)
            return
        await self._book.wait(WaitsFor.LOOK, self._window.pause(self._book.settle_window))

    async def _doubtful(self) -> None:
        """What acted for it may live: elsewhere, or here without having ended its try. It may still end it."""
        self._in_doubt += 1
        if self._in_doubt > policies.LOOK_AGAIN_LIMIT:
            self._in_doubt = 0
            await self._to_person(BrowserInDoubt.code)
            return
        await self._book.wait(WaitsFor.LOOK, max(self._book.settle_window, self._book.heartbeat))

    async def _conclude(self, looked: Looked) -> None:
        self._in_doubt = 0
        reentries = self._book.known.reentries
        if looked.answer in THERE:
            confirmation = looked.confirmation or looked.confirmed
            found = {"confirmation": confirmation, "result": looked.record, "adopted": True}
            await self._book.part_in("item.adopted", State.READY, found)
        elif absent_for_sure(looked) and reentries < policies.REENTRIES:
            values = {"code": "", "reentries": reentries + 1}
            await self._book.move(State.READY, "item.reentered", values=values)
        else:
            await self._to_person(why_a_person(looked), looked)

    async def _to_person(self, code: str, looked: Looked | None = None) -> None:
        values: dict[str, Any] = {"code": code, "differences": []}
        if looked is not None and looked.record is not None:
            differences = [found.model_dump() for found in looked.differences]
            values |= {"differences": differences, "wanted": looked.wanted, "seen": looked.record}
        await self._book.move(State.WITH_PERSON, "item.with_person", values=values)
