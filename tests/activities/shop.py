"""A system with every kind of operation, in the test's own process; each of its steps can go wrong."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.look import Look, LookAt, Looked
from activities.perform import Perform, Performed, PerformItem
from activities.seat import Seat, Seats
from bots.kit.contract import Hands, Job, RouteKey
from core import clock
from core.outcome import Sighting
from core.work_item import Kind
from records import items, settling
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import Intent, ItemView
from systems.base import Entry, Operation, System
from systems.part import Field, Part
from systems.registry import SYSTEMS
from tests.activities.toy_desk import ToyDesk

WAY = RouteKey("shop", "bot")
RUNNER = Runner(host="here", boot_id="today", worker_pid=1, worker_started=1.0)
FIELDS = (Field("what", "What"),)


class Order(Entry):
    """What is done at the shop: an order with its lines, a refund, a removal, a fax."""

    order_no: str
    lines: tuple[str, ...] = ()
    what: str = ""


def _image(entry: Order) -> dict[str, str]:
    return {"what": entry.what}


def _lines(entry: Order) -> tuple[Part, ...]:
    named = [("header", entry.order_no), *((f"line-{count}", line) for count, line in enumerate(entry.lines, 1))]
    return tuple(Part(name, name.title(), Kind.CREATE, FIELDS, {"what": what}) for name, what in named)


def _operation(name: str, kind: Kind, **more: Any) -> Operation:
    return Operation(
        system="shop",
        name=name,
        title=name.title(),
        kind=kind,
        entry=Order,
        fields=FIELDS,
        target=lambda entry: entry.order_no,
        image=_image,
        **more,
    )


OPERATIONS = (
    _operation("order", Kind.CREATE, parts=_lines),
    _operation("note", Kind.CREATE),
    _operation("rename", Kind.CHANGE),
    _operation("refund", Kind.AMOUNT),
    _operation("drop", Kind.REMOVE),
    _operation("fax", Kind.CREATE, searchable=False),
)
SHOP = System(
    name="shop",
    title="Shop",
    accounts=("s1", "s2"),
    operations={operation.name: operation for operation in OPERATIONS},
    settle_seconds=45,
    routes=("bot", "api"),
)


class Shop(ToyDesk):
    """Its hands and its rows: (operation, order, reference, what). `clicks` are the references clicked for."""

    def __init__(self, **mishaps: Any) -> None:
        super().__init__({}, **mishaps)
        self.rows: list[tuple[str, str, str, str]] = []
        self.looks = 0
        self.commits = True
        self.step: Any = None

    @asynccontextmanager
    async def open(self, account: str, step: Any) -> AsyncIterator[Hands]:
        """A job at the shop."""
        step(f"open as {account}")
        self.step = step
        yield self

    @property
    def seat(self) -> Seat:
        """The seat of the running job."""
        seat = self.step.__self__
        assert isinstance(seat, Seat)
        return seat

    async def find(self, job: Job) -> Sighting:
        """What is there of that order; for what is created, by our reference."""
        self.looks += 1
        await self._mishap("find")
        order_no = job.operation.target(job.entry)
        mine = [row for row in self.rows if row[:2] == (self.table(job), order_no)]
        if job.part.kind is Kind.CREATE:
            mine = [row for row in mine if row[2] == job.reference]
        return Sighting(
            records=[{"what": row[3]} for row in mine],
            ours=[row[2] == job.reference for row in mine],
            confirmation=f"C-{mine[0][2]}" if mine else None,
        )

    async def submit(self, job: Job) -> str:
        """Click: it is in, unless the shop drops it; then comes the mishap."""
        await self._mishap("late")
        self.step("save")
        self.clicks.append(job.reference)
        if self.commits:
            self.commit(job)
        await self._mishap("submit")
        return f"C-{job.reference}"

    def commit(self, job: Job) -> None:
        """What the click does."""
        order_no = job.operation.target(job.entry)
        if job.part.kind in (Kind.REMOVE, Kind.CHANGE):
            self.rows = [row for row in self.rows if row[:2] != (self.table(job), order_no)]
        if job.part.kind is not Kind.REMOVE:
            self.rows.append((self.table(job), order_no, job.reference, job.part.image["what"]))

    @staticmethod
    def table(job: Job) -> str:
        """Where a removal finds what it removes: among the notes."""
        return "note" if job.operation.name in ("drop", "rename") else job.operation.name


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop, known as a system."""
    monkeypatch.setitem(SYSTEMS, "shop", SHOP)
    return Shop()


def intent(operation: str, order_no: str = "1", **content: Any) -> Intent:
    """What is to be done at the shop."""
    before = content.pop("before", None)
    entry = Order(order_no=order_no, **content)
    return Intent(
        id=uuid.uuid4(),
        system="shop",
        operation=operation,
        kind=SHOP.operations[operation].kind,
        target_key=order_no,
        occurrence=f"test/{uuid.uuid4()}",
        content=entry.model_dump(mode="json"),
        before=before,
    )


async def planned(database: Database, wanted: Intent) -> ItemView:
    """The item, ready to be entered."""
    async with database.session() as session:
        return await items.create(session, wanted, clock.now())


class Bots:
    """Perform and look on the shop, as one bot process has them."""

    def __init__(
        self, database: Database, shop: Shop, store: EvidenceStore, runner: Runner = RUNNER, *, lease_seconds: float = 6
    ) -> None:
        seats = Seats(database, runner, lease_seconds)
        self.database = database
        self.store = store
        self._perform = Perform(database, {WAY: shop}, store, seats, runner)
        self._look = Look(database, {WAY: shop}, store, seats, runner)

    async def enters(self, item: ItemView, environment: ActivityEnvironment | None = None, **more: Any) -> Performed:
        """One try at the item as it stands."""
        now = await self.item(item)
        asked = PerformItem(item_id=now.id, fence=now.fence, **more)
        found: Performed = await (environment or ActivityEnvironment()).run(self._perform.perform, asked)
        return found

    async def looks(self, item: ItemView, settle_seconds: float = 0.0) -> Looked:
        """The resolver's look."""
        asked = LookAt(item_id=item.id, settle_seconds=settle_seconds)
        found: Looked = await ActivityEnvironment().run(self._look.look, asked)
        return found

    async def item(self, item: ItemView) -> ItemView:
        """The item as it is kept now."""
        async with self.database.session() as session:
            return await items.view(session, item.id)

    async def settles(self, item: ItemView, fence: int) -> ItemView:
        """What the item's workflow says after a try that did not report."""
        async with self.database.session() as session:
            return await settling.settle(session, item.id, fence, clock.now())
