"""One try at an entry when things go wrong at the worst moment: what is said of it must be true."""

import asyncio
import time
import uuid
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlmodel import select
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities import seat, watchdog
from activities.accounts import Accounts, HoldingRoute
from activities.edge import FaultEdge
from activities.look import Look, ReadRecord
from activities.perform import Perform, Performed, PerformItem
from activities.seat import Seats
from bots.kit.contract import Route, RouteKey
from core import clock
from core.faults import BrowserInDoubt, Fault, LeaseLost, SignInRefused, StatusForbids, TooSlow
from core.outcome import Outcome
from core.work_item import State
from records import account_holds, attempts, items, settling
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import Intent, ItemView
from records.work_item import Attempt, WorkItem
from systems.environment import Environments
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.activities.toy_desk import ToyDesk, raises

RUNNER = Runner(host="here", boot_id="today", worker_pid=1, bot_version="toy-1")
WAY = RouteKey("orderdesk", "bot")
ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}


async def intended(database: Database) -> ItemView:
    """An entry that is ready to be made."""
    intent = Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="mark_failed_delivery",
        kind=MARK_FAILED_DELIVERY.kind,
        target_key="4800001",
        occurrence=f"test/{uuid.uuid4()}",
        content={"order_no": "4800001", "reason_code": "12", "attempt": 1},
        before=ON_ITS_WAY,
    )
    async with database.session() as session:
        return await items.create(session, intent, clock.now())


async def tried(database: Database, desk: Route, item: ItemView, store: Path) -> Performed:
    """What `perform` says of one try."""
    perform = Perform(database, {WAY: desk}, EvidenceStore.local(store), Seats(database, RUNNER, 6), RUNNER)
    found: Performed = await ActivityEnvironment().run(perform.perform, PerformItem(item_id=item.id, fence=item.fence))
    return found


@pytest.mark.parametrize(
    ("submit", "then", "at"),
    [
        (None, SignInRefused(), "read_back"),
        (None, BrowserInDoubt(), "leave"),
        (TooSlow(), BrowserInDoubt(), "leave"),
    ],
)
async def test_only_the_answer_to_the_click_can_refuse_an_entry(
    database: Database, tmp_path: Path, submit: Fault | None, then: Fault, at: str
) -> None:
    """After the click a refusal of anything else (a sign-in, a browser's end) does not say that nothing was entered."""
    desk = ToyDesk({**ON_ITS_WAY}, **{at: raises(then)})
    if submit is not None:
        desk.mishaps["submit"] = raises(submit)
    item = await intended(database)

    after = (await tried(database, desk, item, tmp_path)).item

    assert desk.clicks == [item.reference]
    assert after.state in ("unknown", "done")
    assert after.state == "done" or desk.kills == 1


async def test_a_clear_no_to_the_click_is_a_refusal(database: Database, tmp_path: Path) -> None:
    """The system itself says that it entered nothing: refused, and nobody has to look."""
    desk = ToyDesk({**ON_ITS_WAY}, submit=raises(StatusForbids()))
    item = await intended(database)

    performed = await tried(database, desk, item, tmp_path)

    assert (performed.outcome, performed.item.state, performed.code) == ("refused", "refused", "status_forbids")


@pytest.mark.failure_mode("F11")
@pytest.mark.parametrize(
    ("browser", "state", "code"), [(None, "refused", "sign_in_refused"), (4711, "unknown", "account_held")]
)
async def test_a_key_that_is_refused_at_the_send_enters_nothing(
    database: Database, tmp_path: Path, browser: int | None, state: str, code: str
) -> None:
    """F11: an API says no to the key of the very request: refused, the account is held. From a screen it is a doubt."""
    desk = ToyDesk({**ON_ITS_WAY}, submit=raises(SignInRefused("HTTP 401")))
    desk.browser_pid = browser
    held = HoldingRoute(desk, WAY, Accounts(database, Environments()))

    performed = await tried(database, held, await intended(database), tmp_path)
    async with database.session() as session:
        holds = [hold.code for hold in await account_holds.open_holds(session)]

    assert (performed.outcome, performed.item.state, performed.code) == (state, state, code)
    assert holds == ["sign_in_refused"]


async def test_the_systems_no_stands_whatever_follows_it(database: Database, tmp_path: Path) -> None:
    """Trouble in leaving the system after it refused a save makes neither a doubt nor another reason of it."""
    desk = ToyDesk({**ON_ITS_WAY}, submit=raises(StatusForbids()), leave=raises(TooSlow()))
    item = await intended(database)

    performed = await tried(database, desk, item, tmp_path)

    assert (performed.outcome, performed.item.state, performed.code) == ("refused", "refused", "status_forbids")


async def test_a_pause_inside_the_guard_is_no_licence_to_click(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process sleeps while the guard is asked, and its heartbeat wakes first: it does not click all the same."""
    item = await intended(database)
    clock_ = PausedClock()
    monkeypatch.setattr(seat, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(watchdog, "time", clock_)
    blocker = await psycopg.AsyncConnection.connect(database.url)

    async def hold_the_row() -> None:
        await blocker.execute("SELECT 1 FROM work_items WHERE id = %s FOR UPDATE", [item.id])

    async def sleep_then_let_go() -> None:
        async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as watcher:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%submitting%'"
            while (await (await watcher.execute(asked)).fetchone()) == (0,):
                continue
        clock_.slept = 60.0
        await clock_.woke.wait()
        await blocker.commit()

    async def enter() -> None:
        await hold_the_row()
        background.append(asyncio.create_task(sleep_then_let_go()))

    background: list[asyncio.Task[None]] = []
    desk = ToyDesk({**ON_ITS_WAY}, enter=enter)

    performed = await tried(database, desk, item, tmp_path)
    await asyncio.gather(*background)
    await blocker.close()

    assert desk.clicks == []
    assert (performed.outcome, performed.code) == (Outcome.UNKNOWN, LeaseLost.code)


class PausedClock:
    """The time of a process that is put to sleep for a while; `woke` is set when its heartbeat has looked at it again.

    The monotonic clock goes on while a process sleeps.
    """

    def __init__(self) -> None:
        self.slept = 0.0
        self.woke = asyncio.Event()

    def monotonic(self) -> float:
        """Seconds."""
        if self.slept:
            self.woke.set()
        return time.monotonic() + self.slept

    def clock_gettime(self, clock_id: int) -> float:
        """Seconds of another clock, which saw nothing."""
        return time.clock_gettime(clock_id)

    def time(self) -> float:
        """The wall clock, which saw nothing either."""
        return time.time()


async def test_a_settled_attempt_says_how_its_item_stands(database: Database) -> None:
    """F05: the item was done, its process died before it said so: the attempt ends as done, not as lost."""
    item = await intended(database)
    async with database.session() as session:
        attempt = await attempts.claim(session, item.id, item.fence, RUNNER, 30, clock.now())
        assert attempt is not None
        await attempts.guard(session, attempt, clock.now())
    done = items.Move(item_id=item.id, fence=attempt.fence, to=State.DONE, event="item.done", bump=False)
    async with database.session() as session:
        await items.move(session, done, clock.now() + timedelta(seconds=1))
    async with database.session() as session:
        await settling.settle(session, item.id, item.fence, clock.now())
        kept = (await session.exec(select(Attempt).where(Attempt.item_id == item.id))).one()
        row = await session.get_one(WorkItem, item.id)

    assert (row.state, kept.outcome, kept.code) == ("done", "done", "")


async def test_an_unforeseen_error_is_logged_without_what_it_says() -> None:
    """F67: errors quote names and addresses; the log says of what kind they are and where they arose, no more."""
    canary = "Greta Lindqvist, Hafenweg 12a"

    async def stumble() -> None:
        with pytest.raises(ApplicationError):
            await (
                FaultEdge()
                .intercept_activity(Stumbling(canary))
                .execute_activity(ExecuteActivityInput(fn=stumble, args=[], executor=None, headers={}))
            )

    with capture_logs() as said:
        await ActivityEnvironment().run(stumble)

    (line,) = said
    assert (line["event"], line["kind"]) == ("activity.unforeseen", "KeyError")
    assert "test_protocol_races.py" in line["where"]
    assert "exc_info" not in line
    assert canary not in str(line)


class Stumbling(ActivityInboundInterceptor):
    """An activity with a mistake in it, which names a customer."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def execute_activity(self, input: ExecuteActivityInput) -> None:  # noqa: A002  (the SDK's name)
        """Stumble."""
        raise KeyError(self._name)


async def test_a_screen_with_what_cannot_be_kept_is_told_all_the_same(database: Database, tmp_path: Path) -> None:
    """F59: a NUL on a screen reaches no row of ours, which could not be written then: the conflict is kept without."""
    desk = ToyDesk({**ON_ITS_WAY, "reason": "1\x005"})
    item = await intended(database)

    performed = await tried(database, desk, item, tmp_path)
    look = Look(
        database,
        {WAY: desk},
        EvidenceStore.local(tmp_path),
        Seats(database, RUNNER, 6),
        RUNNER,
    )
    order = await ActivityEnvironment().run(look.read_record, ReadRecord(system="orderdesk", what="order", key="1"))

    assert (performed.code, (performed.item.differences or [])[1]["seen"]) == ("conflict", "15")
    assert order.fields["reason"] == "15"
