"""A renderer or a browser dies in the middle of an entry: what is said of the entry is true, the next try works."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from temporalio.testing import ActivityEnvironment

from activities.perform import Perform, Performed, PerformItem
from activities.seat import Seats
from bots.kit.contract import Hands, Job, Route, RouteKey
from bots.kit.processes import lives, this_boot, this_host
from core import clock
from core.outcome import Outcome
from core.work_item import State
from records import items
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import Intent, ItemView
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from tests.support.floor import Floor

WAY = RouteKey("orderdesk", "bot")
ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}
Kill = Callable[[int], None]


def kill_renderers(browser: int) -> None:
    """End every renderer of the browser, and nothing else of it."""
    for process in psutil.Process(browser).children(recursive=True):
        if "--type=renderer" in process.cmdline():
            process.kill()


def kill_browser(browser: int) -> None:
    """End the browser's own process."""
    psutil.Process(browser).kill()


class Accident:
    """The bot's route, whose browser is hit in the middle of one job: before it enters, or once the click is in."""

    def __init__(self, route: Route, hit: Kill, *, clicked: Callable[[], bool] | None) -> None:
        self.system, self.name, self.version = route.system, route.name, route.version
        self.browsers: list[tuple[int, float]] = []
        self._route = route
        self._hit = hit
        self._clicked = clicked

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A job's hands; the first job's have the accident."""
        async with self._route.open(account, step) as hands:
            assert hands.browser_pid is not None
            assert hands.browser_started is not None
            self.browsers.append((hands.browser_pid, hands.browser_started))
            if len(self.browsers) == 1:
                self._prepare(hands, hands.browser_pid)
            yield hands

    async def kill(self, account: str) -> None:
        """End its browser."""
        await self._route.kill(account)

    async def close(self) -> None:
        """It is not ours to close."""

    def _prepare(self, hands: Hands, browser: int) -> None:
        enter, submit = hands.enter, hands.submit

        async def hit_before(job: Job) -> None:
            self._hit(browser)
            await enter(job)

        async def hit_after(job: Job) -> str:
            clicking = asyncio.create_task(submit(job))
            while not await asyncio.to_thread(self._clicked or bool):
                continue
            self._hit(browser)
            return await clicking

        if self._clicked is None:
            hands.enter = hit_before  # type: ignore[method-assign]
        else:
            hands.submit = hit_after  # type: ignore[method-assign]


async def intended(database: Database, order_no: str) -> ItemView:
    """An entry that is ready to be made."""
    intent = Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation=MARK_FAILED_DELIVERY.name,
        kind=MARK_FAILED_DELIVERY.kind,
        target_key=order_no,
        occurrence=f"test/{order_no}",
        content=MarkFailedDelivery(order_no=order_no, reason_code="12", attempt=1).model_dump(mode="json"),
        before=ON_ITS_WAY,
    )
    async with database.session() as session:
        return await items.create(session, intent, clock.now())


async def tried(database: Database, accident: Accident, item: ItemView, folder: Path) -> Performed:
    """One try at the item by that route."""
    runner = Runner(host=this_host(), boot_id=this_boot(), worker_pid=os.getpid())
    store = EvidenceStore.local(folder / "evidence")
    perform = Perform(database, {WAY: accident}, store, Seats(database, runner, 30), runner)
    asked = PerformItem(item_id=item.id, fence=item.fence, last=False)
    found: Performed = await ActivityEnvironment().run(perform.perform, asked)
    return found


@pytest.mark.failure_mode("F18")
@pytest.mark.failure_mode("F19")
@pytest.mark.parametrize("hit", [kill_renderers, kill_browser])
async def test_a_browser_lost_before_the_click_is_replaced_and_enters_once(
    hit: Kill,
    database: Database,
    floor: Floor,
    order_no: str,
    shared_hands: dict[RouteKey, Route],
    secrets_known: None,
    tmp_path: Path,
) -> None:
    """F18, F19: nothing was entered, the browser is killed; the next try begins at find, in another one."""
    accident = Accident(shared_hands[WAY], hit, clicked=None)
    item = await intended(database, order_no)

    broken = await tried(database, accident, item, tmp_path)
    dead, ledger = not lives(*accident.browsers[0]), floor.ledger("orderdesk", order_no)
    done = await tried(database, accident, broken.item, tmp_path)

    assert (broken.outcome, broken.item.state, broken.code) == (Outcome.BROKEN, State.READY, "browser_died")
    assert (dead, ledger) == (True, [])
    assert done.item.state is State.DONE
    assert accident.browsers[0] != accident.browsers[1]
    assert len(floor.ledger("orderdesk", order_no)) == 1


@pytest.mark.failure_mode("F18")
@pytest.mark.failure_mode("F19")
@pytest.mark.parametrize("hit", [kill_renderers, kill_browser])
async def test_a_browser_lost_after_the_click_leaves_the_entry_unknown(
    hit: Kill,
    database: Database,
    floor: Floor,
    order_no: str,
    shared_hands: dict[RouteKey, Route],
    secrets_known: None,
    tmp_path: Path,
) -> None:
    """F18, F19: the click is in and its answer was never seen: unknown, the browser is dead, and it is entered once."""
    accident = Accident(shared_hands[WAY], hit, clicked=lambda: bool(floor.ledger("orderdesk", order_no)))
    item = await intended(database, order_no)
    floor.fault("orderdesk", reply_delay_seconds=60)

    unknown = await tried(database, accident, item, tmp_path)

    assert (unknown.outcome, unknown.item.state) == (Outcome.UNKNOWN, State.UNKNOWN)
    assert not lives(*accident.browsers[0])
    assert len(floor.ledger("orderdesk", order_no)) == 1
