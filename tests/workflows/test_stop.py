"""A bot process that is told to stop in the middle of its work stops in time, and leaves no browser and no doubt."""

import asyncio
import os
import signal
from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from activities.decide import Decide
from baton import processes, serving
from core import clock
from records.intake import Receipt
from systems.orderdesk import RESCHEDULE, NewDeliveryDate
from systems.servicedesk import OPEN_TICKET, OpenTicket
from tests.support.floor import ORDERS
from tests.support.journey import Journey
from tests.support.patience import PATIENCE, STOPPED
from tests.support.processes import left_of
from tests.workflows.cast import item_of_its_own
from tests.workflows.test_kills import bots


async def dated(journey: Journey, order_no: str) -> Receipt:
    """An entry on the order desk: a new delivery date."""
    entry = NewDeliveryDate(order_no=order_no, delivery_date=clock.now().date() + timedelta(days=3), window_code="2")
    as_it_is = {"status": "30", "delivery_date": "20.11.2026", "window": "9"}
    return await item_of_its_own(journey, RESCHEDULE, entry, before=as_it_is)


async def ticket(journey: Journey, order_no: str) -> Receipt:
    """An entry on the service desk: a ticket."""
    entry = OpenTicket(
        case_ref=f"FD-{order_no}",
        title=f"Failed delivery of order {order_no}",
        description="nobody home",
        order_no=order_no,
        priority="low",
        case_url="http://127.0.0.1:8400/cases/FD-1",
    )
    return await item_of_its_own(journey, OPEN_TICKET, entry)


@pytest.mark.failure_mode("F45")
async def test_a_stop_under_load_leaves_nothing_behind(desk_journey: Journey) -> None:
    """F45: SIGTERM with jobs before and after their click: an end in time, no browser left, each entered once."""
    journey, floor = desk_journey, desk_journey.floor
    address, namespace = journey.client.service_client.config.target_host, journey.client.namespace
    orders = [str(next(ORDERS)) for _ in range(4)]

    with bots(journey, address, namespace, BATON_SEATS="3") as first:
        for system in ("orderdesk", "servicedesk"):
            floor.fault(system, reply_delay_seconds=30)
        clicked = [await dated(journey, orders[0]), await dated(journey, orders[1])]
        opened = await ticket(journey, orders[2])
        for receipt in clicked:
            await journey.until_item(receipt, "reschedule", "submitting")
        await journey.until_item(opened, "open_ticket", "submitting")
        floor.fault("orderdesk", reply_delay_seconds=0, slow_seconds=4)
        before_click = await dated(journey, orders[3])
        await journey.until_item(before_click, "reschedule", "running")
        family = processes.family(first.pid)
        seconds = await asyncio.to_thread(first.stop)

    for system in ("orderdesk", "servicedesk"):
        floor.fault(system, reset=True)
    with bots(journey, address, namespace, BATON_SEATS="3"):
        for receipt in (*clicked, before_click):
            await journey.until_item(receipt, "reschedule", "done")
        await journey.until_item(opened, "open_ticket", "done")

    assert seconds < STOPPED
    assert left_of(family) == []
    for order_no in (orders[0], orders[1], orders[3]):
        assert len(floor.ledger("orderdesk", order_no)) == 1
    tickets = [row for row in floor.ledger("servicedesk") if row["after"].get("order_no") == orders[2]]
    assert len(tickets) == 1


async def test_a_process_that_is_told_to_stop_while_it_starts_ends(client: Client) -> None:
    """A SIGTERM before the workers have said hello to Temporal is heard all the same."""
    worker = Worker(client, task_queue="nobody", activities=[Decide().root_cause])
    loop = asyncio.get_running_loop()
    try:
        stopped = serving.until_told([worker], told=lambda: os.kill(os.getpid(), signal.SIGTERM))
        await asyncio.wait_for(stopped, PATIENCE)
    finally:
        for heard in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(heard)

    assert not worker.is_running
