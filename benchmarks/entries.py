"""One entry on a slow screen: Baton's `perform` with evidence on, against bare Playwright scripts, in turn.

The screen is the demo order desk as a process of its own, with 200 ms before every page. All have one seat, a warm
browser of the same program with the same flags, a context per job, and a session that is carried over. `perform` runs
as the bots' worker runs it, on a real PostgreSQL and a real evidence store; its work item was made before the clock
starts, as its workflow makes it.
"""

import asyncio
import itertools
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
from pydantic import BaseModel
from temporalio.testing import ActivityEnvironment

from activities.perform import Perform, PerformItem
from activities.seat import Seats
from baton.postgres import EmbeddedPostgres
from benchmarks.bare_script import BareScript
from benchmarks.desk import OUT_FOR_DELIVERY
from benchmarks.servers import ROOT, Servers, new_database
from bots.kit.browser_path import find_browser
from bots.kit.contract import Route, RouteKey
from bots.kit.processes import this_boot, this_host
from bots.registry import routes
from core import clock
from core.outcome import Outcome
from core.settings import Settings
from records import items
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import Intent
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery

WAY = RouteKey("orderdesk", "bot")
PAGE_SECONDS = 0.2
WARM_UP = 1
FIRST_ORDER = 4_800_001
BEFORE = {"status": OUT_FOR_DELIVERY, "reason": "", "attempt": "0"}


class EntryFigures(BaseModel):
    """One way to make an entry: its milliseconds, one for each entry."""

    title: str
    ms: list[float] = []

    @property
    def median_ms(self) -> float:
        """The middle one."""
        return median(self.ms)


Way = Callable[[str, str], Awaitable[object]]
"""Makes one entry, for an order number and a reference."""


async def measure(servers: Servers, entries: int) -> dict[str, EntryFigures]:
    """All ways in turn, entry by entry, the warm-up not counted."""
    figures = {
        "baton": EntryFigures(title="Baton, evidence on"),
        "walk": EntryFigures(title="bare script, the same looks before and after"),
        "blind": EntryFigures(title="bare script, no look before or after"),
    }
    orders = (str(number) for number in itertools.count(FIRST_ORDER))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(order_desk(servers.folder, (entries + WARM_UP) * len(figures)))
        baton = await BatonEntries.open(stack, servers.postgres, servers.folder / "entries", url)
        script = await stack.enter_async_context(BareScript.open(find_browser().path, url, sandbox=os.getuid() != 0))
        await script.sign_in()
        ways: dict[str, Way] = {"baton": baton.enter, "walk": script.walk, "blind": script.blind}
        for count in range(-WARM_UP, entries):
            for name, way in ways.items():
                took = await _timed(way, next(orders))
                if count >= 0:
                    figures[name].ms.append(took)
    return figures


async def _timed(way: Way, order_no: str) -> float:
    """Milliseconds of the entry alone: Baton's work item is made by its own coroutine before `perform`."""
    reference = f"BTN-BENCH{order_no}"
    began = time.perf_counter()
    took = await way(order_no, reference)
    return took if isinstance(took, float) else (time.perf_counter() - began) * 1000


class BatonEntries:
    """`perform` on the real bot, with a seat for each account of the order desk."""

    def __init__(self, database: Database, perform: Perform) -> None:
        self._database = database
        self._perform = perform

    @classmethod
    async def open(cls, stack: AsyncExitStack, postgres: EmbeddedPostgres, folder: Path, url: str) -> "BatonEntries":
        """Everything that a bot process has, on records and evidence of its own."""
        for number in range(1, 9):
            os.environ.setdefault(f"BATON_SECRET_ORDERDESK_BOT{number:02}", f"demo-bot-{number:02}")
        database = Database(new_database(postgres, "entries"))
        stack.push_async_callback(database.close)
        opened: dict[RouteKey, Route] = routes(Settings(data_dir=folder, orderdesk_url=url, seats=1), folder)
        stack.push_async_callback(opened[WAY].close)
        runner = Runner(host=this_host(), boot_id=this_boot(), worker_pid=os.getpid())
        seats = Seats(database, runner, lease_seconds=600)  # a machine that stands still is no lost lease here
        store = EvidenceStore.local(folder / "evidence")
        return cls(database, Perform(database, opened, store, seats, runner))

    async def enter(self, order_no: str, _reference: str) -> float:
        """Make the item, then time its one try."""
        return await self.tried(await self.intended(order_no))

    async def intended(self, order_no: str) -> PerformItem:
        """An item that is ready to be entered."""
        content = MarkFailedDelivery(order_no=order_no, reason_code="12", attempt=1)
        intent = Intent(
            id=uuid.uuid4(),
            system="orderdesk",
            operation=MARK_FAILED_DELIVERY.name,
            kind=MARK_FAILED_DELIVERY.kind,
            target_key=order_no,
            occurrence=f"benchmark/{order_no}",
            content=content.model_dump(mode="json"),
            before=BEFORE,
        )
        async with self._database.session() as session:
            item = await items.create(session, intent, clock.now())
        return PerformItem(item_id=item.id, fence=item.fence)

    async def tried(self, asked: PerformItem) -> float:
        """Milliseconds of its one try."""
        began = time.perf_counter()
        performed = await ActivityEnvironment().run(self._perform.perform, asked)
        took = (time.perf_counter() - began) * 1000
        assert performed.outcome is Outcome.DONE, f"{performed.outcome} {performed.code}"
        return took


@asynccontextmanager
async def order_desk(folder: Path, orders: int) -> AsyncIterator[str]:
    """The demo order desk, with so many orders out for delivery and every page slow; its address."""
    seeds = folder / "orders.json"
    rows = [{"order_no": str(FIRST_ORDER + count), "status": OUT_FOR_DELIVERY} for count in range(orders)]
    seeds.write_text(json.dumps(rows), encoding="utf-8")
    words = ["--port", "0", "--data", str(folder / "orderdesk"), "--seed-orders", str(seeds)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.orderdesk", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().split()[-1]
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{url}/faults", json={"slow_seconds": PAGE_SECONDS})).raise_for_status()
        yield url
    finally:
        process.terminate()
        await process.wait()


def table(figures: dict[str, EntryFigures]) -> Iterator[tuple[str, ...]]:
    """The rows to print: way, milliseconds, Baton's time as a multiple."""
    yield ("", "median ms", "fastest", "slowest", "Baton takes")
    baton = figures["baton"].median_ms
    for name, one in figures.items():
        times = "" if name == "baton" else f"{baton / one.median_ms:.2f} x"
        yield (one.title, f"{one.median_ms:.0f}", f"{min(one.ms):.0f}", f"{max(one.ms):.0f}", times)


def ratios(figures: dict[str, EntryFigures]) -> dict[str, float]:
    """Baton's time as a multiple of each script's."""
    baton = figures["baton"].median_ms
    return {name: round(baton / one.median_ms, 3) for name, one in figures.items() if name != "baton"}
