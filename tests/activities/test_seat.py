"""Seats: an account belongs to one job at a time, a record too, and an outage costs no seat for ever."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.testing import ActivityEnvironment

from activities.seat import Seat, Seats
from activities.watchdog import Instant
from bots.kit.contract import RouteKey
from core.faults import LeaseLost, NoSeat, RecordLocked
from records.attempts import Runner
from records.database import Database
from systems.orderdesk import ORDERDESK
from tests.support.outage import away

WAY = RouteKey("orderdesk", "bot")
DESK = replace(ORDERDESK, accounts=("bot01", "bot02"))
RUNNER = Runner(host="here", boot_id="boot", worker_pid=4711, bot_version="1")


def seats(database: Database, pid: int = 4711) -> Seats:
    """The seats of one bot process."""
    return Seats(database, RUNNER.model_copy(update={"worker_pid": pid}), 60)


async def test_an_account_is_never_used_twice_at_once(database: Database) -> None:
    """Two processes share the accounts; the third job hears *no seat*, and gets one when a job ends."""

    async def work() -> tuple[set[str], str]:
        one, other = seats(database, 1), seats(database, 2)
        async with AsyncExitStack() as jobs:
            taken = {
                (await jobs.enter_async_context(one.take(DESK, WAY, "4700123"))).account,
                (await jobs.enter_async_context(other.take(DESK, WAY, "4700124"))).account,
            }
            with pytest.raises(NoSeat):
                await jobs.enter_async_context(one.take(DESK, WAY, "4700125"))
        async with one.take(DESK, WAY, None) as again:
            return taken, again.account

    taken, again = await ActivityEnvironment().run(work)

    assert taken == {"bot01", "bot02"}
    assert again in taken


@pytest.mark.failure_mode("F16")
async def test_a_record_is_worked_on_by_one_job(database: Database) -> None:
    """F16: the second job on the same record hears *locked*, gives its account back, and goes on afterwards."""

    async def work() -> str:
        one, other = seats(database, 1), seats(database, 2)
        async with one.take(DESK, WAY, "4700123"):
            with pytest.raises(RecordLocked):
                async with other.take(DESK, WAY, "4700123"):
                    pass
            async with other.take(DESK, WAY, "4700124") as seat:
                return seat.account

    assert await ActivityEnvironment().run(work) in DESK.accounts


async def test_an_outage_of_the_records_costs_no_seat(database: Database) -> None:
    """Jobs that could not even ask for an account leave it free for the time after."""
    process = seats(database)

    async def work() -> set[str]:
        with away(database.url):
            for _ in DESK.accounts:
                with pytest.raises(OperationalError):
                    async with process.take(DESK, WAY, None):
                        pass
        async with process.take(DESK, WAY, None) as first, process.take(DESK, WAY, None) as second:
            return {first.account, second.account}

    assert await ActivityEnvironment().run(work) == set(DESK.accounts)


async def test_a_warm_account_is_taken_again(database: Database) -> None:
    """The account whose browser is open here already comes first."""
    process = seats(database)

    async def work() -> list[str]:
        async with process.take(DESK, WAY, None), process.take(DESK, WAY, None):
            pass
        cold = seats(database, 2)
        found = []
        async with cold.take(DESK, WAY, None) as first:
            async with cold.take(DESK, WAY, None) as second:
                found.append(second.account)
            found.append(first.account)
        async with cold.take(replace(DESK, accounts=("bot03", *DESK.accounts)), WAY, None) as warm:
            return [*found, warm.account]

    *known, warm = await ActivityEnvironment().run(work)

    assert warm in known


@pytest.mark.failure_mode("F17")
def test_a_job_that_was_paused_or_lost_its_lease_must_not_click() -> None:
    """F17: a gap between two beats is a pause of the process; a failed renewal ends the job's right too."""
    alive = Seat(account="bot01")
    paused = Seat(account="bot01", last_beat=Instant(0.0, 0.0, 0.0))
    lost = Seat(account="bot01", lost=True)

    alive.check_alive()

    for seat in (paused, lost):
        with pytest.raises(LeaseLost):
            seat.check_alive()


async def test_a_cancelled_job_gives_its_seat_back(database: Database) -> None:
    """Whoever is cancelled in the middle keeps neither account nor record."""
    process = seats(database)

    async def work() -> str:
        inside = asyncio.Event()

        async def job() -> None:
            async with process.take(replace(DESK, accounts=("bot01",)), WAY, "4700123"):
                inside.set()
                await asyncio.Event().wait()

        running = asyncio.create_task(job())
        await inside.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with process.take(replace(DESK, accounts=("bot01",)), WAY, "4700123") as seat:
            return seat.account

    assert await ActivityEnvironment().run(work) == "bot01"
