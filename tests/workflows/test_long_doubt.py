"""Nobody can look whether it was entered: a person is asked in time, and nothing is entered a second time."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from sqlalchemy import text

from bots.kit.contract import RouteKey
from core import clock
from core.faults import NotSeenInTime, TooSlow
from records.people import Role
from records.work_item import WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from tests.activities.shop import Shop, intent
from tests.activities.toy_desk import ToyDesk
from tests.support.journey import Journey, bots_of
from tests.support.outage_line import Line, an_outage, due
from tests.support.patience import PATIENCE
from tests.workflows.cast import item_of_its_own, refusal, until_asked
from tests.workflows.test_resolver import in_state, shop, started, until
from workflows.acts import CorrectItem, GiveBack, RerouteItem, RetryItem

__all__ = ["shop"]
"""The fixture."""

ON_ITS_WAY = {"status": "30", "reason": "", "attempt": "0"}
MARK = MARK_FAILED_DELIVERY.name


class GoesAway(ToyDesk):
    """A desk that takes the click and is out at once, for longer than anybody foretells."""

    def __init__(self, journey: Journey) -> None:
        super().__init__({**ON_ITS_WAY}, submit=self._out)
        self._journey = journey
        self.line: list[Line] = []

    async def _out(self) -> None:
        self.line.append(await an_outage(self._journey.database, clock.now()))
        raise TooSlow


async def looked_in_vain(journey: Journey, item: WorkItem, times: int) -> None:
    """Wait until so many looks could not be made."""
    looks = 0
    handle = journey.client.get_workflow_handle(f"item/{item.id}")
    async for event in handle.fetch_history_events(wait_new_event=True):
        looks += event.HasField("activity_task_failed_event_attributes")
        if looks == times:
            return


@pytest.mark.failure_mode("F06")
@pytest.mark.parametrize("presses", ["due", "hours"])
async def test_a_person_is_asked_before_a_doubt_costs_a_promise_or_hours(
    presses: str, desk_journey: Journey, order_no: str
) -> None:
    """F06: looks are waited for while there is time; then it lies on the desk, and what is there is adopted."""
    desk = GoesAway(desk_journey)
    entry = MarkFailedDelivery(order_no=order_no, reason_code="12", attempt=1)
    async with bots_of(desk_journey, {RouteKey("orderdesk", "bot"): desk}):
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, entry, before=ON_ITS_WAY)
        doubtful = await desk_journey.until_item(receipt, MARK, "unknown")
        await asyncio.wait_for(looked_in_vain(desk_journey, doubtful, 3), PATIENCE)
        (waits,) = await desk_journey.items(receipt)
        if presses == "due":
            await due(desk_journey.database, receipt.case_id, clock.now() + timedelta(minutes=29))
        else:
            await hours_pass(desk_journey)
        asked = await until_asked(desk_journey, receipt, MARK, "with_person")

        async def offered() -> bool:
            return bool(await desk_journey.handoffs(receipt, "bot"))

        await desk_journey.until(receipt, offered)
        (handoff,) = await desk_journey.handoffs(receipt, "bot")
        await desk.line[0].over(clock.now())
        agent = await desk_journey.person(Role.SUPERVISOR)
        await desk_journey.act_on_item(asked, "reroute", RerouteItem(by=agent, route="person"))
        corrected = CorrectItem(by=agent, content=entry.model_dump(mode="json"))
        entered_again = [
            await refusal(desk_journey.act_on_item(asked, "retry", RetryItem(by=agent))),
            await refusal(desk_journey.act_on_item(asked, "reroute", RerouteItem(by=agent, route="bot"))),
            await refusal(desk_journey.act_on_item(asked, "correct", corrected)),
        ]
        await desk_journey.act_on_item(asked, "give_back", GiveBack(by=agent))
        done = await desk_journey.until_item(receipt, MARK, "done")

    assert (waits.state, waits.wait_kind, asked.code) == ("unknown", "look", "not_seen_in_time")
    assert entered_again == ["wrong_state"] * 3
    assert NotSeenInTime.sentence() in handoff.packet["happened"]
    assert (done.adopted, desk.clicks) == (True, [done.reference])


async def hours_pass(journey: Journey) -> None:
    """The click lies more than four hours back."""
    async with journey.database.session() as session:
        await (await session.connection()).execute(text("UPDATE attempts SET dead_since = dead_since - interval '4 h'"))


async def test_what_the_system_confirmed_is_not_entered_again_by_giving_it_back(
    desk_journey: Journey, shop: Shop
) -> None:
    """The first look after hours of doubt shows nothing, though the click was confirmed: a person finds out."""
    found = itertools.count()

    async def away_for_a_look() -> None:
        if next(found) == 2:  # found before the click and read back after it: this is the look
            await hours_pass(desk_journey)
            raise TooSlow

    shop.commits, shop.mishaps["find"] = False, away_for_a_look
    wanted = await started(desk_journey, intent("refund", what="10.00"))

    asked = await until(desk_journey, wanted, in_state("done", "with_person"))
    agent = await desk_journey.person(Role.AGENT)
    await desk_journey.act_on_item(asked, "give_back", GiveBack(by=agent))
    told = await until(desk_journey, wanted, lambda item: item.code != asked.code)

    assert (asked.code, told.state, told.code) == ("not_seen_in_time", "with_person", "confirmed_but_absent")
    assert len(shop.clicks) == 1
