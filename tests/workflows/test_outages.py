"""Parts that are away for a while: the case says what it waits for, and goes on by itself."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle, WorkflowUpdateStage
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.look import ReadRecord, RecordRead
from core.faults import Ambiguous
from records import waits
from records.people import Role
from systems.orderdesk import Order
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from tests.support.mended import mended
from tests.support.outage import away
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.workflows.cast import CLOSE, at_desk, resolved
from tests.workflows.conftest import Skipping
from workflows.acts import Act, Resolve, Told
from workflows.notices import mail_pause


async def test_a_system_that_is_down_while_an_order_is_read_is_waited_for(
    skipping_journey: Skipping, order_no: str
) -> None:
    """The order desk does not answer: the case says so, since when and until when, and goes on once it does."""
    journey = skipping_journey
    journey.floor.arrives(order_no)
    journey.floor.fault("orderdesk", down=True)
    receipt = await journey.hand_in(order_no)

    async def held() -> bool:
        return (await journey.case(receipt)).wait_kind == "held_system"

    await journey.until(receipt, held)
    case = await journey.case(receipt)
    async with journey.database.session() as session:
        wait = (await waits.waits(session, [case]))[case.id]
    journey.floor.fault("orderdesk", down=False)
    await mended(journey, "orderdesk")
    await journey.skip(timedelta(minutes=1))
    closed = await journey.until_stage(receipt, "closed")

    assert wait.sentence() == "Waits because the Order desk is held or does not answer."
    assert wait.until is not None
    assert closed.outcome == "order delivered"
    await keep_case(journey, receipt, "system_down_and_back")


async def test_records_that_are_away_are_waited_for(journey: Journey) -> None:
    """PostgreSQL away in the middle of an Update: nothing is lost, the workflow waits on a timer and goes on."""
    receipt = await at_desk(journey)
    agent, handle = await journey.person(Role.AGENT), await journey.handoff_handle(receipt)

    with away(journey.database.url):
        pressed = await handle.start_update(
            "pick_up", Act(by=agent), wait_for_stage=WorkflowUpdateStage.ACCEPTED, result_type=Told
        )
        await asyncio.wait_for(timer_after_update(handle), PATIENCE)
    told = await pressed.result()
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=CLOSE))
    closed = await journey.until_stage(receipt, "closed")

    assert told.message == "You have this case now."
    assert closed.outcome == "closed without an entry: agreed by phone"
    assert (await journey.events(receipt)).count("handoff.picked_up") == 1
    await keep_case(journey, receipt, "records_away_and_back")


async def timer_after_update(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until the workflow has set a timer after the newest Update: it has tried, and rests."""
    updated = 0
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.HasField("workflow_execution_update_accepted_event_attributes"):
            updated = event.event_id
        elif event.HasField("timer_started_event_attributes") and updated:
            return


def worker(journey: Journey) -> Program:
    """`baton worker` as a process of its own."""
    settings, client = journey.settings, journey.client
    return Program(
        "-m",
        "baton.cli",
        "worker",
        env={
            "BATON_DATABASE_URL": settings.database_url,
            "BATON_CODEC_KEY_FILE": str(settings.codec_key_file),
            "BATON_SMTP_URL": settings.smtp_url,
            "TEMPORAL_ADDRESS": client.service_client.config.target_host,
            "TEMPORAL_NAMESPACE": client.namespace,
        },
    )


@pytest.mark.failure_mode("F34")
async def test_a_killed_worker_is_replaced_in_the_middle(bots_only: Journey, order_no: str) -> None:
    """F34: the only worker is killed while a case is on its way; the next one carries it on, and nothing is doubled."""
    journey = bots_only
    receipt = await journey.hand_in(order_no)

    with worker(journey):
        await journey.until_stage(receipt, "marking")
    with worker(journey):
        await journey.until_stage(receipt, "with_service")
        closed = await resolved(journey, receipt)

    assert closed.outcome == "closed without an entry: agreed by phone"
    assert [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)] == ["mark_failed_delivery"]
    opened = [row for row in journey.floor.ledger("servicedesk") if row["operation"] == "open_ticket"]
    assert [row["after"]["order_no"] for row in opened].count(order_no) == 1


class SeveralOrders:
    """An order desk that holds several records of one number, until somebody has tidied up."""

    def __init__(self) -> None:
        self.several = True

    @activity.defn(name="read_record")
    async def read(self, asked: ReadRecord) -> RecordRead:
        """As the bot reads it."""
        if self.several:
            raise ApplicationError("several", type=Ambiguous.code)
        blank = dict.fromkeys(Order.model_fields, "")
        return RecordRead(fields={**blank, "order_no": asked.key, "status": "40", "attempt": "0", "parcels": []})


async def test_several_records_of_one_number_are_somebodys_matter(skipping_desk: Skipping, order_no: str) -> None:
    """Nothing is down, so the case says who has to do what, and goes on by itself once one record is left."""
    journey, desk = skipping_desk, SeveralOrders()
    async with Worker(journey.client, task_queue="bots-orderdesk", activities=[desk.read]):
        receipt = await journey.hand_in(order_no)

        async def asks() -> bool:
            return (await journey.case(receipt)).wait_kind == "person"

        await journey.until(receipt, asks)
        case = await journey.case(receipt)
        desk.several = False
        await journey.skip(timedelta(minutes=6))
        closed = await journey.until_stage(receipt, "closed")

    assert case.wait_about == f"the Order desk has several records of order {order_no}; one must be left"
    assert case.wait_mover == "whoever looks after the Order desk"
    assert closed.outcome == "order delivered"


def test_a_month_without_a_mail_server_fits_into_one_history() -> None:
    """The pauses grow to a quarter of an hour: at about twenty events a try, 30 days stay below 51,200."""
    passed, tries = timedelta(), 0
    while passed < timedelta(days=30):
        passed, tries = passed + mail_pause(tries), tries + 1

    assert mail_pause(0) == timedelta(seconds=30)
    assert tries * 17 < 51_200
