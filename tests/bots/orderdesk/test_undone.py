"""What we entered and somebody has changed or undone since: the order desk's list of changes says that it was in."""

from collections.abc import Callable

import pytest

from bots.kit.contract import Job
from bots.kit.contract import Route as SystemRoute
from bots.orderdesk import sightings
from bots.orderdesk.screens import Listed, Seen
from core.outcome import Answer
from systems.orderdesk import ReturnToSender
from systems.registry import operation_of
from tests.bots.desks import Demo
from tests.bots.orderdesk.test_saves import ACCOUNT, BLOCK, REFUND, route, saved

__all__ = ["route"]
Quiet = Callable[[str], None]


async def test_a_block_that_somebody_put_back_was_taken_off(desk: Demo, route: SystemRoute, quiet: Quiet) -> None:
    """Our removal is in, then the block is set anew: it stands there as before, and is ours all the same."""
    order_no = desk.fresh_order()
    job = BLOCK.job(order_no)

    async with route.open(ACCOUNT, quiet) as hands:
        untouched = await hands.find(job)
        await saved(hands, job)
        desk.faults(block_order=order_no)
        seen = await hands.find(job)

    assert [job.part.judge(one, None) for one in (untouched, seen)] == [Answer.BEFORE, Answer.BEFORE]
    assert [any(one.ours) for one in (untouched, seen)] == [False, True]


async def test_a_parcel_that_was_entered_is_seen_after_its_correction(
    desk: Demo, route: SystemRoute, quiet: Quiet
) -> None:
    """Entered unseen, then corrected to another parcel: the line of our reference stands against the new value."""
    order_no, operation = desk.fresh_order(), operation_of("orderdesk", "return_to_sender")

    def line(parcel: str, done: int = 1) -> Job:
        entry = ReturnToSender(order_no=order_no, reason_code="15", carrier="Nordpost", parcels=(parcel,))
        return Job.of(operation, entry, "BTN-RETURN03", done)

    async with route.open(ACCOUNT, quiet) as hands:
        await saved(hands, line("P-1001", 0))
        await saved(hands, line("P-1001"))
        seen = await hands.find(line("P-1002"))

    assert line("P-1002").part.judge(seen, None) is Answer.DIFFERENT


@pytest.mark.parametrize("listed", [True, False])
def test_a_refund_that_is_gone_was_made(listed: bool) -> None:
    """Booked under our reference and no longer among the refunds: nobody may conclude that it was never made."""
    job = REFUND.job("4700123")
    text = f"{job.reference} Refund"
    change = {"c_no": "0000007", "c_at": "", "c_user": "BOT02", "c_op": "REF", "c_text": text}
    refund = {"number": "R-1", "amount": "12,50", "currency": "EUR", "reason": "12", "text": text}
    lists = {"changes": Listed(columns=[], rows=[change])}
    if listed:
        lists["refunds"] = Listed(columns=[], rows=[refund])
    texts = dict.fromkeys(("number", "title", "message", "window", "order_no", "change_no"), "")
    cells = [("Order no.", "order_no", "4700123")]
    display = Seen(**texts, cells=cells, lists=lists, inputs=[], orders=[])

    seen = sightings.of_display(job, "4700123", display)

    assert job.part.judge(seen, None) in ((Answer.EQUAL, Answer.DIFFERENT) if listed else (Answer.CANNOT_TELL,))
