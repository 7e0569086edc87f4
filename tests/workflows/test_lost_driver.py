"""Playwright's own process hangs under a bot process: that process ends by itself, and the next one goes on."""

import asyncio

import psutil
import pytest

from baton import processes
from tests.support.journey import Journey
from tests.support.processes import left_of
from tests.workflows.test_kills import bots
from tests.workflows.test_stop import dated


def driver_of(family: list[psutil.Process]) -> psutil.Process:
    """The driver among a bot process's family."""
    return next(process for process in family if "run-driver" in process.cmdline())


@pytest.mark.failure_mode("F20")
async def test_a_bot_process_whose_driver_hangs_ends_and_the_next_goes_on(desk_journey: Journey, order_no: str) -> None:
    """F20: paused in the middle of a click's answer: the process ends with its family, and the entry is in once."""
    journey, floor = desk_journey, desk_journey.floor
    address, namespace = journey.client.service_client.config.target_host, journey.client.namespace
    floor.fault("orderdesk", reply_delay_seconds=60)

    with bots(journey, address, namespace) as first:
        receipt = await dated(journey, order_no)
        await journey.until_item(receipt, "reschedule", "submitting")
        while not await asyncio.to_thread(floor.ledger, "orderdesk", order_no):
            continue
        family = processes.family(first.pid)
        driver_of(family).suspend()
        status = await asyncio.to_thread(first.end)
        left = left_of(family)
    floor.fault("orderdesk", reset=True)
    with bots(journey, address, namespace):
        done = await journey.until_item(receipt, "reschedule", "done")

    assert status == 1
    assert left == []
    assert done.adopted
    assert len(floor.ledger("orderdesk", order_no)) == 1
