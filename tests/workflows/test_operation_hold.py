"""A changed screen on the real order desk: three entries fail, the rest stands in line untried, a canary frees it."""

from datetime import timedelta

import pytest
from sqlmodel import select

from core import clock
from core.case import WaitsFor
from core.faults import HeldBehind
from failure.difference import Change
from fallbacks.held_line import HeldLine
from records import operation_holds
from records.case import Case
from records.failure import FailureGroup
from records.intake import Receipt
from records.operation_holds import OperationHold
from records.people import Role
from records.waits import waits
from records.work_item import WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from systems.seating import Seatings
from tests.replay.histories import keep_item
from tests.support.floor import ORDERS
from tests.support.journey import Journey
from tests.workflows.cast import item_of_its_own, until_found
from workflows import policies
from workflows.acts import RetryItem

ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}
MARK = MARK_FAILED_DELIVERY.name


async def an_entry(journey: Journey) -> Receipt:
    """One that is to be made now."""
    entry = MarkFailedDelivery(order_no=str(next(ORDERS)), reason_code="12", attempt=1)
    return await item_of_its_own(journey, MARK_FAILED_DELIVERY, entry, before=ON_ITS_WAY)


async def in_line(journey: Journey) -> tuple[Receipt, WorkItem]:
    """One more entry, once it says that it stands in line."""
    receipt = await an_entry(journey)

    async def said() -> bool:
        return [item.wait_kind for item in await journey.items(receipt)] == [WaitsFor.HELD_GROUP]

    await journey.until(receipt, said)
    (item,) = await journey.items(receipt)
    return receipt, item


async def of_hold(journey: Journey) -> tuple[OperationHold, FailureGroup]:
    """The one hold there was, and its group."""
    async with journey.database.session() as session:
        hold = (await session.exec(select(OperationHold))).one()
        return hold, await session.get_one(FailureGroup, hold.group_id)


async def wait_of(journey: Journey, receipt: Receipt) -> str:
    """What people read of the case."""
    async with journey.database.session() as session:
        case = await session.get_one(Case, receipt.case_id)
        return (await waits(session, [case]))[case.id].sentence()


@pytest.mark.failure_mode("F12")
async def test_a_changed_screen_holds_the_rest_until_a_canary_is_through(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F12: three entries fail and say what changed; two more are not tried; once repaired they follow a canary."""
    monkeypatch.setattr(policies, "BROKEN_PAUSE", timedelta(milliseconds=50))
    journey.floor.fault("orderdesk", layout="v3", layout_screen="failure")
    failed = [await an_entry(journey) for _ in range(3)]
    items = [await journey.until_item(receipt, MARK, "broken") for receipt in failed]
    (fourth, waiting), (fifth, _) = await in_line(journey), await in_line(journey)
    hold, group = await of_hold(journey)
    await until_found(journey, waiting, "held", HeldBehind.code, group.key)
    sentence = await wait_of(journey, fourth)

    journey.floor.fault("orderdesk", layout="v1", layout_screen="failure")
    person = await journey.person(Role.SUPERVISOR)
    await journey.act_on_item(items[0], "retry", RetryItem(by=person, through_hold=True))
    canary = await journey.until_item(failed[0], MARK, "done")
    over, _ = await of_hold(journey)
    let_go = await HeldLine(journey.database, Seatings()).run_once(clock.now())
    done = [await journey.until_item(receipt, MARK, "done") for receipt in (fourth, fifth)]

    assert [Change.model_validate(one).words for one in group.drift] == ['field "Status" is now "State"']
    assert (group.screen, group.open, hold.operation, hold.ended_at) == ("S31 DELIVERY FAILURE", 5, MARK, None)
    assert (waiting.state, waiting.attempts, waiting.held_behind) == ("ready", 0, hold.id)
    assert sentence.startswith("Held behind others that failed on the Order desk")
    assert (over.why, let_go) == (operation_holds.PASSED, 2)
    assert {item.attempts for item in done} == {1}
    assert not any(item.held_behind or item.through_hold for item in (canary, *done))
    assert {len(journey.floor.ledger("orderdesk", item.target_key)) for item in (canary, *done)} == {1}
    assert all(journey.floor.ledger("orderdesk", item.target_key) == [] for item in items[1:])
    await keep_item(journey, done[0], "held_and_let_go")


async def test_who_stands_in_line_can_be_taken_back_and_sent_through(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In line nothing is lost: its case takes an entry back at once, and a canary that fails leaves the hold."""
    monkeypatch.setattr(policies, "BROKEN_PAUSE", timedelta(milliseconds=50))
    journey.floor.fault("orderdesk", layout="v5", layout_screen="failure")
    for receipt in [await an_entry(journey) for _ in range(3)]:
        await journey.until_item(receipt, MARK, "broken")
    (given_up, item), (tried, canary) = await in_line(journey), await in_line(journey)

    await journey.client.get_workflow_handle(f"item/{item.id}").signal("withdraw")
    await journey.until_item(given_up, MARK, "withdrawn")
    await keep_item(journey, item, "held_and_withdrawn")
    person = await journey.person(Role.SUPERVISOR)
    await journey.act_on_item(canary, "retry", RetryItem(by=person, through_hold=True))
    broken = await journey.until_item(tried, MARK, "broken")

    hold, group = await of_hold(journey)
    assert (hold.ended_at, broken.through_hold, group.open) == (None, False, 4)
    assert [Change.model_validate(one).words for one in group.drift] == ['field "Attempt" is gone']
