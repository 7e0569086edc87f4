"""The book of one work item: what its workflow knows of it, and every write the workflow makes, under the fence."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.items import Created, CreateItem, Intent, Items, ItemView, Move, MoveItem, PartIn, SettleItem, WaitItem
from activities.routes import ChooseRoute, Chosen, Routes
from core.case import WaitsFor
from core.work_item import NEEDS_PERSON, State
from systems.part import Part
from systems.registry import operation_of
from workflows.book import locally
from workflows.handoff_acts import EntryMoved


class ItemBook:
    """Knows the item and writes it. `lock` is the one under which people's Updates and our own arrows go."""

    def __init__(self, intent: Intent) -> None:
        self._intent = intent
        self._item: ItemView | None = None
        self.settle_window = timedelta(seconds=45)
        self.heartbeat = timedelta(seconds=10)
        self.lock = asyncio.Lock()
        self.insisted = False
        """A person who knows what stands on the screen said that it goes again."""
        self.taken: EntryMoved | None = None
        """Who has taken it over by the item's own way, until its handoff was told."""
        self.passed: EntryMoved | None = None
        """To whom it was passed on, until its handoff was told."""
        self.settled: EntryMoved | None = None
        """Who said how it goes on, and how, once it waits for nobody any more."""

    @property
    def known(self) -> ItemView:
        """The item as far as is known; an ApplicationError while it is not kept yet."""
        if self._item is None:
            raise ApplicationError("The work item is not kept yet; try again in a moment.", type="too_early")
        return self._item

    @property
    def parts(self) -> tuple[Part, ...]:
        """The commits that its entry takes."""
        operation = operation_of(self.known.system, self.known.operation)
        return operation.parts_of(operation.entry.model_validate(self.known.content))

    @property
    def searchable(self) -> bool:
        """Whether its system can be searched for it."""
        return operation_of(self.known.system, self.known.operation).searchable

    async def open(self) -> None:
        """Keep the intent, or read the item that is there already."""
        asked = CreateItem(intent=self._intent, at=workflow.now())
        created: Created = await locally(Items.create, asked)
        self._item = created.item
        self.settle_window = timedelta(seconds=created.settle_seconds)
        self.heartbeat = timedelta(seconds=created.heartbeat_seconds)

    def learn(self, item: ItemView) -> None:
        """What a try says of the item, unless somebody has written it since."""
        if item.fence >= self.known.fence:
            self._item = item

    async def settle(self, fence: int, code: str) -> None:
        """Say where the item stands after a try that began at `fence` and did not report."""
        asked = SettleItem(item_id=self.known.id, fence=fence, at=workflow.now(), code=code)
        self._item = await locally(Items.settle, asked)

    async def move(self, to: State, event: str, **more: Any) -> bool:
        """Take an arrow; whether it was taken. `more` are further fields of `Move`: actor, values, data, content, why.

        It is not when a bot was quicker: what is known afterwards is how the item stands then.
        """
        known = self.known
        data = {"code": known.code, **more.pop("data", {})}
        move = Move(item_id=known.id, fence=known.fence, to=to, event=event, data=data, **more)
        now: ItemView = await locally(Items.move, MoveItem(move=move, at=workflow.now()))
        self._item = now
        self._note_people(known, move)
        revision = known.revision + (move.content is not None)
        route = move.values.get("route", known.route)
        return (now.state, now.fence, now.revision, now.route) == (to, known.fence + 1, revision, route)

    def _note_people(self, was: ItemView, move: Move) -> None:
        """Remember what its handoff has to hear."""
        if move.held_by is not None:
            self.taken = EntryMoved(by=move.held_by, email=move.actor, how=move.event)
        if was.state in NEEDS_PERSON and self.known.state not in NEEDS_PERSON:
            self.settled = EntryMoved(email=move.actor, how=move.event, settled=True)

    async def stays_in_line(self, ways: tuple[str, ...]) -> bool:
        """Its way is held, and its bots have these: have another one chosen; whether it is to stand in line."""
        async with self.lock:
            known = self.known
            asked = ChooseRoute(item_id=known.id, fence=known.fence, ways=ways, at=workflow.now())
            chosen: Chosen = await locally(Routes.choose, asked)
            self._item = chosen.item
        return chosen.in_line

    async def move_from(self, source: State, to: State, event: str) -> None:
        """Take an arrow of our own accord from a state in which people act too: whoever comes second takes none."""
        async with self.lock:
            if self.known.state is source:
                await self.move(to, event)

    async def part_in(self, event: str, otherwise: State, found: dict[str, Any], **more: Any) -> None:
        """The next part was found there: the item is done with its last one, else it goes on in state `otherwise`."""
        at, parts = self.known.parts_done, self.parts
        part = PartIn(
            name=parts[at].name,
            title=parts[at].title,
            confirmation=found["confirmation"],
            result=found["result"] or {},
            adopted=found["adopted"],
        )
        last = at + 1 == len(parts)
        values = {"code": "", "differences": [], **(found if last else {})}
        await self.move(State.DONE if last else otherwise, event, part=part, values=values, **more)

    async def wait(self, kind: WaitsFor, pause: timedelta) -> None:
        """Say what the item waits for, and wait: no longer than until somebody has written it."""
        await self.note(kind, workflow.now() + pause)
        fence = self.known.fence
        try:
            await workflow.wait_condition(lambda: self.known.fence != fence, timeout=max(pause, timedelta()))
        except TimeoutError:
            return

    async def note(self, kind: WaitsFor, until: datetime | None) -> None:
        """Say what the item waits for."""
        item = self.known
        asked = WaitItem(item_id=item.id, fence=item.fence, kind=kind, until=until, at=workflow.now())
        await locally(Items.wait, asked)
