"""Working hours: an item that comes too late is put off with its time, holds no seat, and goes when the hours do."""

from datetime import timedelta

import pytest

from core.case import WaitsFor
from core.clock import now
from core.work_item import State
from records.people import Role
from records.waits import waits
from systems.orderdesk import RESCHEDULE, NewDeliveryDate
from tests.replay.histories import keep_item
from tests.support.journey import Journey
from tests.workflows.cast import item_of_its_own, refusal
from tests.workflows.conftest import Skipping
from workflows.acts import RunNow
from workflows.policies import WINDOW_REREAD

BEFORE = {"status": "30", "delivery_date": "20.11.2026", "window": "9"}
OPENS = now().replace(microsecond=0) + timedelta(days=100)


def closed(journey: Journey) -> None:
    """The order desk is closed until far away."""
    write(journey, f"[[orderdesk.production.upkeep]]\nbegins = 2020-01-01T00:00:00Z\nends = {OPENS.isoformat()}\n")


def write(journey: Journey, text: str) -> None:
    """The operator's file says this now."""
    assert journey.settings.systems_file is not None
    journey.settings.systems_file.write_text(text, encoding="utf-8")


def new_date(order_no: str) -> NewDeliveryDate:
    """A new date in three days."""
    day = now().date() + timedelta(days=3)
    return NewDeliveryDate.model_validate({"order_no": order_no, "delivery_date": day, "window_code": "2"})


async def test_a_closed_system_is_waited_for_until_its_hours_change(skipping_journey: Skipping, order_no: str) -> None:
    """The item is deferred with the time when it will run, nothing is tried, and changed hours take effect."""
    journey = skipping_journey
    closed(journey)
    receipt = await item_of_its_own(journey, RESCHEDULE, new_date(order_no), before=BEFORE)
    item = await journey.until_item(receipt, "reschedule", "deferred")
    async with journey.database.session() as session:
        wait = (await waits(session, [await journey.case(receipt)]))[receipt.case_id]

    write(journey, "")
    await journey.skip(WINDOW_REREAD + timedelta(seconds=30))
    done = await journey.until_item(receipt, "reschedule", "done")

    assert (wait.kind, wait.until, wait.sentence()) == (
        WaitsFor.WINDOW,
        OPENS,
        "Waits for the working hours of the Order desk.",
    )
    assert (item.attempts, item.lease_holder, done.attempts) == (0, None, 1)


async def test_a_supervisor_may_have_one_entered_out_of_hours(journey: Journey, order_no: str) -> None:
    """With a reason, and nobody else may; the item says who had it run, and the hours stay as they are."""
    closed(journey)
    receipt = await item_of_its_own(journey, RESCHEDULE, new_date(order_no), before=BEFORE)
    item = await journey.until_item(receipt, "reschedule", "deferred")
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)
    reason = "the customer stands at the counter"

    code = await refusal(journey.act_on_item(item, "run_now", RunNow(by=agent, reason=reason)))
    await journey.act_on_item(item, "run_now", RunNow(by=supervisor, reason=reason))
    await journey.until_item(receipt, "reschedule", "done")

    assert code == "not_allowed"
    assert "item.run_now" in await journey.events(receipt)
    await keep_item(journey, item, "out_of_hours_and_run_now")


async def test_a_starter_takes_back_what_was_not_begun(journey: Journey, order_no: str) -> None:
    """An item that waits for the hours ends at once when its starter withdraws it, and nothing is entered."""
    closed(journey)
    receipt = await item_of_its_own(journey, RESCHEDULE, new_date(order_no), before=BEFORE)
    item = await journey.until_item(receipt, "reschedule", "deferred")

    await journey.client.get_workflow_handle(f"item/{item.id}").signal("withdraw")
    ended = await journey.until_item(receipt, "reschedule", "withdrawn")

    assert ended.state is State.WITHDRAWN
    assert not journey.floor.ledger("orderdesk", order_no)


@pytest.mark.parametrize("limit", ["entries_per_minute = 0", 'hours = ["Mon-Fir 06:00-12:00"]'])
async def test_limits_that_nobody_can_read_stop_before_typing(journey: Journey, order_no: str, limit: str) -> None:
    """A slip in the operator's file is named by its fault, and nothing is tried as if there were no limit."""
    write(journey, f"[orderdesk.production]\n{limit}\n")
    receipt = await item_of_its_own(journey, RESCHEDULE, new_date(order_no), before=BEFORE)

    broken = await journey.until_item(receipt, "reschedule", "broken")

    assert broken.code == "seating_unreadable"
    assert not journey.floor.ledger("orderdesk", order_no)
