"""A page that takes long, and one that never comes: the job shows that it lives, or ends; nothing is entered twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.client import Client, WorkflowHandle

from baton import wiring
from bots.kit.processes import started_at
from bots.registry import routes
from core.settings import Settings
from records.intake import Receipt
from records.work_item import Attempt, WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.support.floor import Floor
from tests.support.journey import Journey, baton_without_bots, bots_of, listening
from tests.support.line import Line, line_to
from tests.support.patience import PATIENCE
from tests.workflows.cast import item_of_its_own
from tests.workflows.test_work_item import ON_ITS_WAY, absent

pytestmark = [pytest.mark.failure_mode("F14"), pytest.mark.usefixtures("secrets_known")]
MARK = MARK_FAILED_DELIVERY.name


@pytest.fixture
async def line(floor: Floor) -> AsyncIterator[Line]:
    """The way to the order desk; the answer to the first save is kept back."""
    async with line_to(floor.orderdesk, b"POST /order/") as line:
        yield line


@pytest.fixture
async def bare(client: Client, database_url: str, floor: Floor, tmp_path: Any) -> AsyncIterator[Journey]:
    """A Baton without worker and bots."""
    async with baton_without_bots(client, database_url, floor, tmp_path, worker=False) as running:
        yield running


@asynccontextmanager
async def at_work(journey: Journey, line: Line, **changes: Any) -> AsyncIterator[Journey]:
    """Its worker and bots, which reach the order desk by that line."""
    chosen: Settings = journey.settings.model_copy(update={"orderdesk_url": line.url, **changes})
    hands = routes(chosen, chosen.data_dir)
    running = Journey(journey.database, journey.client, chosen, journey.floor)
    try:
        worker = wiring.temporal_worker(journey.client, wiring.Steps(journey.database, chosen))
        async with worker, bots_of(running, hands):
            yield running
    finally:
        for route in hands.values():
            await route.close()


async def marked(journey: Journey, order_no: str) -> Receipt:
    """An entry on that order, on its way."""
    return await item_of_its_own(journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)


async def beats_heard(journey: Journey, item: WorkItem, count: int) -> None:
    """Wait until Temporal has heard so many more heartbeats of the item's try."""
    handle: WorkflowHandle[Any, Any] = journey.client.get_workflow_handle(f"item/{item.id}")
    heard: set[int] = set()
    async with asyncio.timeout(PATIENCE), listening(journey.database.url) as notified:
        while len(heard) <= count:
            for pending in (await handle.describe()).raw_description.pending_activities:
                heard.add(pending.last_heartbeat_time.ToNanoseconds())
            await notified()


async def clicks(journey: Journey, item: WorkItem) -> list[Attempt]:
    """The item's tries that passed the guard."""
    found = select(Attempt).where(Attempt.item_id == item.id, col(Attempt.submitted_at).is_not(None))
    async with journey.database.session() as session:
        return list(await session.exec(found))


async def test_a_page_that_takes_long_is_waited_for(bare: Journey, line: Line, order_no: str) -> None:
    """F14: the answer to the save is slow: heartbeats go on all the while, and one try makes one entry."""
    async with at_work(bare, line, page_seconds=PATIENCE, heartbeat_seconds=60, lease_seconds=60) as journey:
        receipt = await marked(journey, order_no)
        await asyncio.wait_for(line.asked.wait(), PATIENCE)
        waiting = await journey.until_item(receipt, MARK, "submitting")
        await beats_heard(journey, waiting, 2)
        line.let_go.set()
        done = await journey.until_item(receipt, MARK, "done")

    assert (done.attempts, len(await clicks(bare, done))) == (1, 1)
    assert len(bare.floor.ledger("orderdesk", order_no)) == 1


async def test_a_page_that_never_comes_ends_its_job(bare: Journey, line: Line, order_no: str) -> None:
    """F14: no answer to the save at all: the deadline ends job and browser, a look finds the entry, made once."""
    async with at_work(bare, line, page_seconds=15) as journey:
        receipt = await marked(journey, order_no)
        done = await journey.until_item(receipt, MARK, "done")
        (click,) = await clicks(journey, done)
        assert click.browser_pid is not None
        lives = started_at(click.browser_pid) == click.browser_started

    assert (done.adopted, click.outcome, lives) == (True, "unknown", False)
    assert len(bare.floor.ledger("orderdesk", order_no)) == 1
