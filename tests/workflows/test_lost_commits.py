"""A link to PostgreSQL that breaks at each commit of an entry: what was kept is found by key, and it is keyed once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from sqlmodel import col, select

from bots.kit.contract import Route, RouteKey
from core.faults import RecordsAway
from records.database import Database
from records.intake import Receipt
from records.work_item import Attempt, ItemPart, WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.support.cut import Cut, Way, way_to
from tests.support.journey import Journey, bots_of
from tests.workflows.cast import item_of_its_own
from tests.workflows.test_work_item import MARK, ON_ITS_WAY, absent

pytestmark = pytest.mark.failure_mode("F53")


@dataclass(frozen=True)
class Moment:
    """A commit of an entry: the words by which the link knows it, and what is true after the cut."""

    wrote: bytes
    doubts: int
    tries: int
    adopted: bool
    """Whether the entry was found on the screen by its key."""


CLAIM = b"SET state = 'running', fence = fence + 1"
GUARD = b"SET state = 'submitting'"
WORD = b"UPDATE attempts SET confirmation"
DONE = b"item.done"


@pytest.fixture
async def way(desk_journey: Journey, shared_hands: dict[RouteKey, Route]) -> AsyncIterator[Way]:
    """The link of the bots to their records; everybody else has one of their own."""
    async with way_to(desk_journey.database.url) as way:
        over_it = Database(way.url)
        async with bots_of(replace(desk_journey, database=over_it), shared_hands):
            yield way
        await over_it.close()


async def tries(journey: Journey, item: WorkItem) -> list[Attempt]:
    """The tries at it, in their order; each fence is one."""
    async with journey.database.session() as session:
        of_item = select(Attempt).where(Attempt.item_id == item.id, Attempt.purpose == "enter")
        return list(await session.exec(of_item.order_by(col(Attempt.fence))))


async def rows(journey: Journey, receipt: Receipt) -> tuple[int, int]:
    """How many items the case has, and how many parts of them are in."""
    items = await journey.items(receipt)
    async with journey.database.session() as session:
        parts = list(await session.exec(select(ItemPart).where(col(ItemPart.item_id).in_([one.id for one in items]))))
    return len(items), len(parts)


@pytest.mark.parametrize(
    ("cut", "moment"),
    [
        pytest.param(Cut.UNHEARD, Moment(CLAIM, doubts=0, tries=1, adopted=False), id="claim-lost"),
        pytest.param(Cut.UNANSWERED, Moment(CLAIM, doubts=0, tries=2, adopted=False), id="claim-kept"),
        pytest.param(Cut.UNHEARD, Moment(GUARD, doubts=0, tries=2, adopted=False), id="submitting-lost"),
        pytest.param(Cut.UNANSWERED, Moment(GUARD, doubts=1, tries=2, adopted=False), id="submitting-kept"),
        pytest.param(Cut.UNHEARD, Moment(WORD, doubts=1, tries=1, adopted=True), id="confirmation-lost"),
        pytest.param(Cut.UNANSWERED, Moment(WORD, doubts=1, tries=1, adopted=True), id="confirmation-kept"),
        pytest.param(Cut.UNHEARD, Moment(DONE, doubts=1, tries=1, adopted=True), id="done-lost"),
        pytest.param(Cut.UNANSWERED, Moment(DONE, doubts=0, tries=1, adopted=False), id="done-kept"),
    ],
)
async def test_an_entry_is_keyed_once_whichever_commit_breaks(
    cut: Cut, moment: Moment, desk_journey: Journey, way: Way, order_no: str
) -> None:
    """F53: never heard or only its answer lost: one key press, one item, one part; the doubt is settled by a look."""
    way.cut, way.after = cut, moment.wrote
    receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, absent(order_no), before=ON_ITS_WAY)

    done = await desk_journey.until_item(receipt, MARK, "done")

    (pressed,) = desk_journey.floor.ledger("orderdesk", order_no)
    tried = await tries(desk_journey, done)
    assert way.cut is None
    assert (pressed["reference"], pressed["confirmation"]) == (done.reference, done.confirmation)
    assert await rows(desk_journey, receipt) == (1, 1)
    assert (done.doubts, len(tried), done.adopted) == (moment.doubts, moment.tries, moment.adopted)
    assert [one.code for one in tried[:-1]] == [RecordsAway.code] * (moment.tries - 1)
