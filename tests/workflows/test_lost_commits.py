"""The link to PostgreSQL breaks at a COMMIT of an entry: it is looked for by its key, and is made once."""

import dataclasses

import pytest

from bots.kit.contract import Route, RouteKey
from records.database import Database
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.support.cut import Cut, way_to
from tests.support.journey import Journey, bots_of

COMMITS = {"claimed": b"attempt.enter", "submitting": b"SET state = 'submitting'", "done": b"attempt.done"}
"""What the transaction writes whose COMMIT is cut."""


@pytest.mark.failure_mode("F53")
@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("commit", COMMITS)
async def test_an_entry_is_made_once(
    desk_journey: Journey, shared_hands: dict[RouteKey, Route], order_no: str, commit: str, cut: Cut
) -> None:
    """F53: {commit}, {cut}: one row of the item, done, one change in the system's ledger, and the case goes on."""
    journey = desk_journey
    async with way_to(journey.database.url) as way:
        way.cut, way.after = cut, COMMITS[commit]
        over_it = Database(way.url)
        async with bots_of(dataclasses.replace(journey, database=over_it), shared_hands):
            receipt = await journey.hand_in(order_no)
            await journey.until_stage(receipt, "with_service")
        await over_it.close()

    marks = [item for item in await journey.items(receipt) if item.operation == MARK_FAILED_DELIVERY.name]
    ledger = [row["operation"] for row in journey.floor.ledger("orderdesk", order_no)]
    assert way.cut is None, "no COMMIT was cut"
    assert [item.state for item in marks] == ["done"]
    assert ledger == [MARK_FAILED_DELIVERY.name]
