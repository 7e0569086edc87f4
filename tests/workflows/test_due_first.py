"""An entry that stands in a line and is due before its turn would come: a person gets it, with the reason."""

from datetime import timedelta

from core import clock
from core.case import WaitsFor
from fallbacks.promises import Promises
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from systems.seating import Seatings
from tests.replay.histories import keep_item
from tests.support.floor import ORDERS
from tests.support.held_way import hold_way
from tests.support.journey import Journey
from tests.support.outage_line import due
from tests.workflows.cast import item_of_its_own

ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}
MARK = MARK_FAILED_DELIVERY.name


async def test_what_is_due_before_its_turn_is_offered_to_a_person_and_nothing_is_entered(journey: Journey) -> None:
    """The order desk is out and the case is due in ten minutes: its entry lies on the desk, untried, and says why."""
    await hold_way(journey.database, "orderdesk", "bot")
    entry = MarkFailedDelivery(order_no=str(next(ORDERS)), reason_code="12", attempt=1)
    receipt = await item_of_its_own(journey, MARK_FAILED_DELIVERY, entry, before=ON_ITS_WAY)

    async def stands() -> bool:
        return [item.wait_kind for item in await journey.items(receipt)] == [WaitsFor.HELD_SYSTEM]

    await journey.until(receipt, stands)
    await due(journey.database, receipt.case_id, clock.now() + timedelta(minutes=10))

    found = await Promises(journey.database, Seatings(), timedelta(minutes=30)).run_once(clock.now())

    item = await journey.until_item(receipt, MARK, "with_person")

    async def offered() -> bool:
        return bool(await journey.handoffs(receipt, "bot"))

    await journey.until(receipt, offered)
    (handoff,) = await journey.handoffs(receipt, "bot")
    assert (found, item.code, item.attempts, item.held_behind) == (1, "due_first", 0, None)
    assert "It is due before its turn in the line would come" in handoff.packet["happened"]
    assert journey.floor.ledger("orderdesk", item.target_key) == []
    assert (await journey.events(receipt)).count("item.due_first") == 1
    await keep_item(journey, item, "held_and_due_first")
