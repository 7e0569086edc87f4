"""A night: what can go wrong goes wrong, each alarm rings, and its paragraph, followed to the letter, mends it."""

import asyncio
import os
import shutil
import signal
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import WorkflowContinuedAsNewError

from baton import wiring
from baton.data_folder import demo_sign_ins
from bots.kit.secrets.seam import Secret
from core import clock
from core.work_item import State
from records import evidence_store
from records.intake import Receipt
from tests.support import promql
from tests.support.floor import ORDERS
from tests.support.jumping_clock import JumpingClock, jumping_clock
from tests.support.night import (
    ACCOUNT,
    BAD,
    DISK,
    GOOD,
    RULES,
    STANDS_STILL,
    Night,
    in_a_year,
    night,
    own_database,
    volume,
)
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.test_builds import known
from tests.workflows.test_process_gone import once_each

__all__ = ["jumping_clock", "night", "own_database", "volume"]

HOUR = 3600
FLOOD, AT_ONCE = 5000, 200


def _next_order() -> str:
    return str(next(ORDERS))


async def _ends(night: Night, receipt: Receipt, order_no: str) -> None:
    await resolved(night.journey, receipt, in_three_days())
    await once_each(night.journey, receipt, order_no)


async def _begun(night: Night, receipt: Receipt) -> bool:
    return any(item.state is not State.READY for item in await night.journey.items(receipt))


async def test_a_part_that_was_killed(night: Night) -> None:
    """The bots are killed and stay away: work waits. Started again, it is entered once."""
    night.running["bots"].signal(signal.SIGKILL)
    await night.until("BatonPartGone", rings=True)
    order_no = _next_order()
    receipt = await night.journey.hand_in(order_no)

    await night.follow("A part is gone", PART="bots")

    await night.journey.until_stage(receipt, "with_service")
    await night.until("BatonPartGone", rings=False)
    await night.until("BatonBotsSilent", rings=False)
    await _ends(night, receipt, order_no)


@pytest.mark.failure_mode("F43")
async def test_a_build_that_raises(night: Night) -> None:
    """F43: a new build takes all new work and fails at once. Back, and what began there goes on with the one before."""
    order_no = _next_order()
    night.start("next", "-m", "tests.support.bad_worker", "RaisingCase", BATON_BUILD=BAD)
    await known(night.journey, BAD)
    await night.type("upgrade", "--current", "--build", BAD)
    receipt = await night.journey.hand_in(order_no)
    await night.until("BatonWorkflowTasksFail", rings=True)

    said = await night.follow("Workflow tasks fail", BAD=BAD, GOOD=GOOD)
    night.end("next")

    assert f"All new work begins on {GOOD} again." in said[0]
    await night.journey.until_stage(receipt, "with_service")
    await night.until("BatonWorkflowTasksFail", rings=False)
    await _ends(night, receipt, order_no)


@pytest.mark.failure_mode("F42")
async def test_a_task_that_is_stuck(night: Night) -> None:
    """F42: code that does not fit what is open came in under the old name. With the code before the case goes on."""
    order_no = _next_order()
    receipt = await at_desk(night.journey, order_no)
    night.start("worker", "-m", "tests.support.bad_worker", "HastyCase")
    ended = asyncio.create_task(_ends(night, receipt, order_no))
    await night.until("BatonWorkflowTasksFail", rings=True)

    await night.follow("Workflow tasks fail", block=1)

    await ended
    await night.until("BatonWorkflowTasksFail", rings=False)


@pytest.mark.failure_mode("F46")
async def test_a_worker_that_is_held_up(night: Night, tmp_path: Path) -> None:
    """F46: a call blocks one worker's loop: that part alone rings, and a case goes from report to end without it."""
    os.mkfifo(tmp_path / "held")
    order_no = _next_order()
    night.start("second", "-m", "tests.support.blocked_worker", str(tmp_path / "held"))
    night.running["second"].signal(signal.SIGUSR1)

    await night.until("BatonPartGone", rings=True)
    gone = promql.evaluate(RULES["BatonPartGone"], await promql.scrape(night.addresses, STANDS_STILL))
    await _ends(night, await at_desk(night.journey, order_no), order_no)

    await asyncio.to_thread((tmp_path / "held").write_bytes, b"")
    await night.until("BatonLoopBlocked", rings=True)
    assert [dict(labels)["instance"] for labels in gone] == ["second"]
    night.end("second")


@pytest.mark.failure_mode("F55")
async def test_a_clock_that_jumps(night: Night, jumping_clock: JumpingClock) -> None:
    """F55: it jumps in worker and bots while they are at work: told, each entry is made once. Right, it is quiet."""
    for part in ("worker", "bots"):
        night.start(part, **jumping_clock.surroundings)
    for seconds in (HOUR, -HOUR):
        order_no = _next_order()
        receipt = await night.journey.hand_in(order_no)
        await night.journey.until(receipt, partial(_begun, night, receipt))
        jumping_clock.jump(seconds)

        await night.journey.until_stage(receipt, "with_service")
        await night.until("BatonClockOff", rings=True)
        await _ends(night, receipt, order_no)

    jumping_clock.jump(0)
    await night.until("BatonClockOff", rings=False)
    for part in ("worker", "bots"):
        night.start(part)


@pytest.mark.failure_mode("F44")
async def test_a_flood_while_no_worker_runs(night: Night) -> None:
    """F44: 5,000 signals wait for the worker, and meet it in one task: the case goes on, in another run, and ends."""
    order_no = _next_order()
    receipt = await at_desk(night.journey, order_no)
    case = night.journey.case_handle(receipt)
    first = night.journey.client.get_workflow_handle(case.id, run_id=(await case.describe()).run_id)
    night.end("worker")
    for _ in range(FLOOD // AT_ONCE):
        await asyncio.gather(*(case.signal("went_on", {}) for _ in range(AT_ONCE)))

    night.start("worker")

    with pytest.raises(WorkflowContinuedAsNewError):
        await first.result(follow_runs=False)
    await _ends(night, receipt, order_no)


async def test_a_secret_that_expired(night: Night) -> None:
    """The first bot's credential was over yesterday. With a new value and a new day it signs in again."""
    value = demo_sign_ins()["BATON_SECRET_ORDERDESK_BOT01"]
    yesterday = clock.now() - timedelta(days=1)
    expired = Secret(ACCOUNT, value, expires_at=yesterday)
    wiring.secrets_file(night.journey.settings).keep(expired, clock.now(), new=False)
    await night.until("BatonCredentialExpires", rings=True)

    said = await night.follow("A credential expires", typed=value, NAME=ACCOUNT, DAY=in_a_year())

    assert "is kept" in said[0]
    await night.until("BatonCredentialExpires", rings=False)


async def test_a_disk_that_fills_up(night: Night, volume: Path) -> None:
    """Old pictures leave less than a tenth of the volume. Kept for fewer days, they go, and there is room."""
    if shutil.disk_usage(volume).total > DISK << 20:
        pytest.skip("a small disk can only be mounted by root")
    path, picture = "old/screen.png", os.urandom((DISK - 4) << 20)
    await wiring.evidence(night.journey.settings).put(path, picture, "public")
    async with night.journey.database.session() as session:
        how = {"kind": "screenshot", "taken": "trouble", "at": clock.now() - timedelta(days=60)}
        await evidence_store.keep(session, evidence_store.reference(path, picture, **how))
    await night.until("BatonDiskLow", rings=True)

    await night.follow("The disk fills up", DAYS="30")

    await night.until("BatonDiskLow", rings=False)
    order_no = _next_order()
    await _ends(night, await at_desk(night.journey, order_no), order_no)
