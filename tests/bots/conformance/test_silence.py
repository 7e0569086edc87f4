"""Silence after a commit, over one operation of each route: the deadline ends the wait, and nothing is concluded."""

from collections.abc import Callable
from typing import cast

import pytest

from bots.kit.contract import Hands, Route, RouteKey
from bots.kit.hands import ScreenHands
from bots.servicedesk.api import ServiceDeskHands
from core.faults import Fault, Refused
from core.outcome import Answer
from tests.bots.conformance.cast import Part, part_of
from tests.bots.desks import Demo

ONE_EACH = [
    part_of("orderdesk", "mark_failed_delivery"),
    part_of("servicedesk", "open_ticket", "api"),
    part_of("servicedesk", "open_ticket"),
    part_of("fieldboard", "book"),
]


def lose_patience(hands: Hands) -> None:
    """From here on six seconds are enough: until here a page may be as slow as the machine."""
    if isinstance(hands, ScreenHands):
        hands.step._seconds = 6
    else:
        cast(ServiceDeskHands, hands)._seconds = 6


@pytest.mark.failure_mode("F06")
@pytest.mark.parametrize("part", ONE_EACH, ids=[f"{part.system}.{part.route}" for part in ONE_EACH])
async def test_an_answer_that_does_not_come_is_not_a_refusal(
    part: Part, demos: dict[str, Demo], fresh_routes: dict[RouteKey, Route], quiet: Callable[[str], None]
) -> None:
    """Commit, then silence: the submit gives up at its deadline with no refusal, and a look finds the one entry."""
    demo, route, job = demos[part.system], fresh_routes[part.way], part.job(part.fresh(demos[part.system]))

    async with route.open(part.account, quiet) as hands:
        await hands.find(job)
        await hands.enter(job)
        demo.faults(reply_delay_seconds=12)
        lose_patience(hands)
        with pytest.raises(Fault) as raised:
            await hands.submit(job)
    await route.kill(part.account)
    async with route.open(part.account, quiet) as hands:
        seen = await hands.find(job)

    assert not isinstance(raised.value, Refused)
    assert job.part.judge(seen, None) in (Answer.EQUAL, Answer.AFTER)
    assert len(demo.ledger(job.reference)) == 1
