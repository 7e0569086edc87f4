"""Silence after a commit, over one operation of each route: the deadline ends the wait, and nothing is concluded."""

from collections.abc import Callable

import pytest

from bots.kit.contract import Route, RouteKey
from core.faults import Fault, Refused
from core.outcome import Answer
from tests.bots.conformance.cast import Part, part_of
from tests.bots.desks import Demo

ONE_EACH = [
    part_of("orderdesk", "mark_failed_delivery"),
    part_of("servicedesk", "open_ticket", "api"),
    part_of("servicedesk", "open_ticket"),
]


@pytest.mark.failure_mode("F06")
@pytest.mark.parametrize("part", ONE_EACH, ids=[f"{part.system}.{part.route}" for part in ONE_EACH])
async def test_an_answer_that_does_not_come_is_not_a_refusal(
    part: Part, demos: dict[str, Demo], impatient: dict[RouteKey, Route], quiet: Callable[[str], None]
) -> None:
    """Commit, then silence: the submit gives up at its deadline with no refusal, and a look finds the one entry."""
    demo, route, job = demos[part.system], impatient[part.way], part.job(part.fresh(demos[part.system]))

    async with route.open(part.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        demo.faults(reply_delay_seconds=12)
        with pytest.raises(Fault) as raised:
            await hands.submit(job)
    await route.kill(part.account)
    async with route.open(part.account, quiet) as hands:
        seen = await hands.find(job)

    assert not isinstance(raised.value, Refused)
    assert job.part.judge(seen, None) in (Answer.EQUAL, Answer.AFTER)
    assert len(demo.ledger(job.reference)) == 1
