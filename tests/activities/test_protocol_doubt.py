"""What may be concluded after a doubt: nothing before all that acted is proven dead and the system has settled."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from temporalio.testing import ActivityEnvironment

from activities import watchdog
from activities.proof import AT_WORK, Proof
from activities.watchdog import Instant
from bots.kit.processes import started_at, this_boot, this_host, this_pid_space
from core import clock
from core.faults import LeaseLost, TooSlow
from records import attempts
from records.attempts import Runner
from records.database import Database
from records.items import ItemView
from records.work_item import Attempt
from tests.activities.shop import Bots, Shop, intent, planned
from tests.activities.toy_desk import raises
from tests.activities.zombie import LEASE_LOST
from tests.support.patience import PATIENCE

OWN = "pid:[4026531836]"
CONTAINER = "pid:[4026532999]"


def runner(**more: object) -> Runner:
    """A bot process on this machine that is long dead, unless said otherwise."""
    plain = {"host": "here", "boot_id": "today", "pid_space": OWN, "worker_pid": 2**22 + 7, "worker_started": 5.0}
    return Runner.model_validate({**plain, **more})


async def clicked(database: Database, item: ItemView, by: Runner) -> Attempt:
    """A try that passed its guard and was heard of no more."""
    async with database.session() as session:
        attempt = await attempts.claim(session, item.id, item.fence, by, 30, clock.now())
        assert attempt is not None
        assert await attempts.guard(session, attempt, clock.now())
    return attempt


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("was", "here", "dead"),
    [
        ({}, {}, True),
        ({"boot_id": "yesterday"}, {}, True),
        ({"host": "there"}, {}, False),
        ({"pid_space": CONTAINER}, {}, False),
        ({"boot_id": "yesterday", "pid_space": CONTAINER}, {"pid_space": CONTAINER}, False),
        ({"worker_started": None}, {}, False),
    ],
    ids=["its process is gone", "the machine restarted", "elsewhere", "a container", "its namesake", "untold"],
)
async def test_only_what_can_be_seen_from_here_is_proven_dead(
    was: dict[str, object], here: dict[str, object], dead: bool, database: Database, shop: Shop
) -> None:
    """A process number means something in its own boot and process space alone; elsewhere nobody can tell."""
    item = await planned(database, intent("note", what="new"))
    await clicked(database, item, runner(**was))

    assert await Proof(database, runner(**here, worker_pid=1)).nothing_acts(item.id) is dead


async def test_an_api_try_is_in_doubt_while_its_process_lives(database: Database, shop: Shop) -> None:
    """No browser is there to kill: the process ends the try itself, or it is dead; paused or busy it is in doubt."""
    item = await planned(database, intent("note", what="new"))
    here = Runner(host=this_host(), boot_id=this_boot(), pid_space=this_pid_space(), worker_pid=os.getpid())
    proof = Proof(database, here)

    with sleeper() as process:
        by = here.model_copy(update={"worker_pid": process.pid, "worker_started": started_at(process.pid)})
        await clicked(database, item, by)
        living = await proof.nothing_acts(item.id)
        process.send_signal(signal.SIGSTOP)
        paused = await proof.nothing_acts(item.id)
    gone = await proof.nothing_acts(item.id)

    assert (living, paused, gone) == (False, False, True)


async def test_a_process_knows_of_its_own_tries(database: Database, shop: Shop) -> None:
    """While it works at one it cannot vouch for it; once it has left it, nothing acts any more."""
    item = await planned(database, intent("note", what="new"))
    attempt = await clicked(database, item, runner())
    proof = Proof(database, runner())

    AT_WORK.add(attempt.id)
    at_work = await proof.nothing_acts(item.id)
    AT_WORK.discard(attempt.id)

    assert (at_work, await proof.nothing_acts(item.id)) == (False, True)


async def test_a_living_browser_is_killed_and_the_window_begins_then(
    bots: Bots, shop: Shop, database: Database
) -> None:
    """The look that killed it says when to come back; were its answer lost, the window would not begin anew."""
    item = await planned(database, intent("note", what="new"))
    here = Runner(host=this_host(), boot_id=this_boot(), pid_space=this_pid_space(), worker_pid=1, worker_started=1.0)
    looking = Bots(database, shop, bots.store, here)
    with sleeper() as browser:
        attempt = await clicked(database, item, here)
        async with database.session() as session:
            started = started_at(browser.pid)
            await attempts.note(session, attempt.id, browser_pid=browser.pid, browser_started=started)
        await bots.settles(item, item.fence)
        first = await looking.looks(item, settle_seconds=60)
        ended = browser.wait(10)
    second = await looking.looks(item, settle_seconds=60)
    late = await looking.looks(item)

    assert ended == -signal.SIGKILL
    assert first.again_in is not None
    assert second.again_in is not None
    assert second.again_in < first.again_in <= 60
    assert (late.again_in, late.answer) == (None, "absent")


@pytest.mark.failure_mode("F06")
async def test_nobody_looks_before_the_system_has_settled(bots: Bots, shop: Shop, database: Database) -> None:
    """F06: the click timed out, the commit comes late: no look, no try and no other entry there before the window."""
    shop.commits = False
    shop.mishaps["submit"] = raises(TooSlow())
    item = await planned(database, intent("note", what="new"))
    other = await planned(database, intent("rename", what="x", before={"what": "y"}))
    await bots.enters(item)
    looks = shop.looks

    early = await bots.looks(item, settle_seconds=60)
    beside = await bots.enters(other)
    shop.rows.append(("note", "1", item.reference, "new"))
    late = await bots.looks(item)

    assert (early.again_in is not None, shop.looks) == (True, looks + 1)
    assert (beside.outcome, beside.code) == ("not_yet", "record_locked")
    assert (late.answer, len(shop.clicks)) == ("equal", 1)


async def test_the_systems_own_word_is_kept_with_the_doubt(bots: Bots, shop: Shop, database: Database) -> None:
    """Confirmed, and then not to be found: the look says both, so that nobody takes it for never entered."""
    item = await planned(database, intent("note", what="new"))

    async def vanish() -> None:
        shop.rows.clear()

    shop.mishaps["read_back"] = vanish
    doubtful = (await bots.enters(item)).item
    looked = await bots.looks(item)

    assert doubtful.state == "unknown"
    assert (looked.answer, looked.confirmed) == ("absent", f"C-{item.reference}")


async def test_a_lost_lease_ends_the_wait_for_an_answer(bots: Bots, shop: Shop, database: Database) -> None:
    """After the click another holder takes over: the job does not wait for its page to time out, it ends as unknown."""
    item = await planned(database, intent("note", what="new"))
    never = asyncio.Event()

    async def lost() -> None:
        shop.seat.lose()
        await never.wait()

    shop.mishaps["submit"] = lost
    performed = await asyncio.wait_for(bots.enters(item), PATIENCE)

    assert (performed.outcome, performed.code, performed.item.state) == ("unknown", LeaseLost.code, "unknown")
    assert shop.kills == 1


async def test_a_stop_before_the_click_is_no_try(bots: Bots, shop: Shop, database: Database) -> None:
    """SIGTERM while the form is filled: dropped, ready again, no attempt burnt and nothing clicked."""
    item = await planned(database, intent("note", what="new"))
    environment = ActivityEnvironment()

    async def told() -> None:
        environment.worker_shutdown()

    shop.mishaps["enter"] = told
    performed = await bots.enters(item, environment)

    assert (performed.outcome, performed.code) == ("not_yet", "stopping")
    assert (performed.item.state, performed.item.attempts, shop.clicks) == ("ready", 0, [])


async def test_a_stop_after_the_click_is_a_doubt(bots: Bots, shop: Shop, database: Database) -> None:
    """Its time was up while it waited for the answer: its browser is ended, the item is unknown, and it says why."""
    item = await planned(database, intent("note", what="new"))
    environment = ActivityEnvironment()
    never = asyncio.Event()

    async def told() -> None:
        environment.worker_shutdown()
        environment.cancel()
        await never.wait()

    shop.mishaps["submit"] = told
    performed = await bots.enters(item, environment)

    assert (performed.outcome, performed.code, performed.item.state) == ("unknown", "stopping", "unknown")
    assert shop.kills == 1


@pytest.mark.parametrize("paused", ["monotonic", "boot", "wall"])
@pytest.mark.failure_mode("F17")
async def test_any_kind_of_pause_right_before_the_click_stops_it(
    paused: str, bots: Bots, shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F17: a stopped process, a sleeping machine, a frozen virtual one: each shows on one clock, and none clicks."""
    item = await planned(database, intent("note", what="new"))
    asleep = {paused: 0.0}

    class Clocks:
        CLOCK_BOOTTIME = 7

        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + asleep.get("monotonic", 0)

        @staticmethod
        def clock_gettime(_: int) -> float:
            return time.monotonic() + asleep.get("boot", 0)

        @staticmethod
        def time() -> float:
            return time.time() + asleep.get("wall", 0)

    monkeypatch.setattr(watchdog, "time", Clocks)

    async def sleep() -> None:
        asleep[paused] = 60.0

    shop.mishaps["late"] = sleep  # the click's own step begins after it
    performed = await bots.enters(item)

    assert (performed.outcome, performed.code, shop.clicks) == ("unknown", LeaseLost.code, [])


def test_a_clock_that_was_set_back_is_no_pause() -> None:
    """A wall clock that is put right must not stop an entry; one that leaps ahead may have been a frozen machine."""
    then = Instant(100.0, 100.0, 1000.0)

    assert then.until(Instant(101.0, 101.0, -2600.0)) == 1.0
    assert then.until(Instant(101.0, 101.0, 4600.0)) == 3600.0


@pytest.mark.failure_mode("F17")
async def test_a_zombie_wakes_during_the_next_try(bots: Bots, shop: Shop, database: Database) -> None:
    """F17: stopped past its heartbeat, woken while another try enters: it clicks nothing, and its report is refused."""
    item = await planned(database, intent("note", what="new"))
    pipe = asyncio.subprocess.PIPE
    zombie = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.activities.zombie", database.url, str(item.id), stdin=pipe, stdout=pipe
    )
    assert zombie.stdin is not None
    assert zombie.stdout is not None
    try:
        await asyncio.wait_for(zombie.stdout.readline(), PATIENCE)
        zombie.send_signal(signal.SIGSTOP)
        settled = await bots.settles(item, item.fence)

        async def wake() -> None:
            zombie.send_signal(signal.SIGCONT)
            await asyncio.wait_for(zombie.communicate(b"go\n"), PATIENCE)

        shop.mishaps["enter"] = wake
        while (done := await bots.enters(item)).code == "record_locked":
            continue  # the zombie's lease on the record has to run out
    finally:
        if zombie.returncode is None:
            zombie.kill()

    assert (settled.state, done.item.state, len(shop.clicks)) == ("ready", "done", 1)
    assert zombie.returncode == LEASE_LOST
