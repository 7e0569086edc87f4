"""From a bot to a person and back: what is keyed stays keyed, and an entry has one owner at a time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bots.kit.contract import Hands, Job, Route, RouteKey
from core.faults import InputRefused
from handoff.packet import Packet
from records.handoff import Handoff
from records.people import Role
from records.work_item import WorkItem
from systems.orderdesk import RETURN_TO_SENDER, ReturnToSender
from tests.activities.toy_desk import ToyDesk
from tests.replay.histories import keep_item
from tests.support.handoffs import checked
from tests.support.journey import Journey, bots_of
from tests.support.pressing import pressed
from tests.support.stuck_cast import until_passed_on
from tests.workflows.cast import CLOSE, item_of_its_own, refusal
from tests.workflows.conftest import Skipping
from tests.workflows.test_people_as_route import ADDRESS, MOVED, conflict
from tests.workflows.test_work_item import BOT
from workflows.acts import Act, DiscardItem, GiveBack, Release, Resolve, RetryItem, TakeOver
from workflows.handoff_acts import ReturnIt

ORDERDESK = RouteKey("orderdesk", "bot")
PARCELS = ("P-1001", "P-1002", "P-1003", "P-1004")


class Stumbling:
    """The order desk's real hands, which refuse one part the first time they come to it."""

    def __init__(self, route: Route, part: str) -> None:
        self._route = route
        self.part = part

    def __getattr__(self, name: str) -> Any:
        return getattr(self._route, name)

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """The real hands, but for that part."""
        async with self._route.open(account, step) as hands:
            enter = hands.enter

            async def entering(job: Job) -> None:
                if job.part.name == self.part:
                    self.part = ""
                    raise InputRefused
                await enter(job)

            hands.enter = entering  # type: ignore[method-assign]
            try:
                yield hands
            finally:
                hands.enter = enter  # type: ignore[method-assign]


async def at_desk(journey: Journey, handoff: Handoff, name: str, argument: Any) -> str:
    """An Update on that very handoff."""
    handle = journey.client.get_workflow_handle(f"handoff/{handoff.id}")
    return await pressed(handle, name, argument)


async def item_of(journey: Journey, item: WorkItem) -> WorkItem:
    """The item as it is kept now."""
    async with journey.database.session() as session:
        return await session.get_one(WorkItem, item.id)


async def test_handed_to_a_person_and_back_at_step_four(
    desk_journey: Journey, shared_hands: dict[RouteKey, Route], order_no: str
) -> None:
    """The header and two parcels are in when the bot stops: a person gives it back there: one entry in the ledger."""
    journey, agent = desk_journey, await desk_journey.person(Role.AGENT)
    entry = ReturnToSender(order_no=order_no, reason_code="15", carrier="Nordpost", parcels=PARCELS)
    hands: Any = {ORDERDESK: Stumbling(shared_hands[ORDERDESK], "line-3")}

    async with bots_of(journey, hands):
        receipt = await item_of_its_own(journey, RETURN_TO_SENDER, entry)
        stopped = await journey.until_item(receipt, RETURN_TO_SENDER.name, "refused")
        offered = await until_passed_on(journey, receipt, "offered")
        await at_desk(journey, offered, "pick_up", Act(by=agent))
        held = await item_of(journey, stopped)
        await journey.act_on_item(stopped, "give_back", GiveBack(by=agent))
        done = await journey.until_item(receipt, RETURN_TO_SENDER.name, "done")
        ended = await until_passed_on(journey, receipt, "completed")

    rows = [row for row in journey.floor.ledger("orderdesk", order_no) if row["operation"].startswith("return")]
    packet = Packet.model_validate(offered.packet)
    assert packet.entry is not None
    assert (stopped.parts_done, held.held_by, done.parts_done) == (3, agent, 5)
    assert [commit.entered for commit in packet.entry.commits] == [True, True, True, False, False]
    assert all(commit.confirmation for commit in packet.entry.commits[:3])
    assert packet.entry.next_field == packet.entry.commits[3].fields[0][0]
    assert [row["after"].get("parcel") for row in rows] == [None, *PARCELS]
    assert (ended.completed_by, (ended.resolution or {})["kind"]) == ("agent@example.org", "given_back")
    assert not (await checked(journey.database)).differing
    await keep_item(journey, done, "handed_to_a_person_and_back")


async def test_who_picks_it_up_has_the_entry_until_they_let_go(desk_journey: Journey) -> None:
    """Picked up, nobody else may act on the entry and no bot comes; put back, anybody may, and then it is settled."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    agent, other = await journey.person(Role.AGENT), await journey.person(Role.AGENT, "second")

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)
        offered = await until_passed_on(journey, receipt, "offered")
        await at_desk(journey, offered, "pick_up", Act(by=agent))
        (held,) = await journey.items(receipt)
        refused = [
            await refusal(journey.act_on_item(item, "retry", RetryItem(by=other))),
            await refusal(at_desk(journey, offered, "pick_up", Act(by=other))),
            await refusal(at_desk(journey, offered, "return_it", ReturnIt(by=agent, reason="not for me"))),
            await refusal(at_desk(journey, offered, "complete", Resolve(by=agent, resolution=CLOSE))),
        ]
        await at_desk(journey, offered, "release", Release(by=agent, reason="end of shift"))
        (free,) = await journey.items(receipt)
        desk.shown.update(ADDRESS)
        await journey.act_on_item(item, "retry", RetryItem(by=other))
        ended = await until_passed_on(journey, receipt, "completed")

    assert (held.state, held.held_by, free.held_by) == ("refused", agent, None)
    assert refused == ["held", "wrong_state", "wrong_state", "wrong_state"]
    assert (ended.picked_up_by, ended.completed_by) == ("second@example.org", "second@example.org")


async def test_who_takes_the_entry_over_has_the_handoff(desk_journey: Journey) -> None:
    """Taken over on its own page by a supervisor while an agent has it: the handoff is the supervisor's too."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)
        offered = await until_passed_on(journey, receipt, "offered")
        await at_desk(journey, offered, "pick_up", Act(by=agent))
        await journey.act_on_item(item, "take_over", TakeOver(by=supervisor))

        async def theirs() -> bool:
            return (await journey.handoffs(receipt, "bot"))[-1].picked_up_by == "supervisor@example.org"

        await journey.until(receipt, theirs)
        (held,) = await journey.items(receipt)
        await journey.act_on_item(item, "discard", DiscardItem(by=supervisor, reason="keyed twice by mistake"))
        ended = await until_passed_on(journey, receipt, "completed")

    assert held.held_by == supervisor
    assert (ended.completed_by, (ended.resolution or {})["kind"]) == ("supervisor@example.org", "discarded")
    assert (await journey.events(receipt)).count("handoff.offered") == 1
    assert desk.clicks == []


async def test_a_handoff_that_was_ended_outside_is_offered_again(desk_journey: Journey) -> None:
    """Somebody ends it in Temporal while the entry still waits: its record is closed, and a new one is offered."""
    journey, desk = desk_journey, ToyDesk({**MOVED})

    async with bots_of(journey, {BOT: desk}):
        receipt, _ = await conflict(journey)
        first = await until_passed_on(journey, receipt, "offered")
        await journey.client.get_workflow_handle(f"handoff/{first.id}").terminate("by hand")

        async def again() -> bool:
            found = await journey.handoffs(receipt, "bot")
            return [one.state for one in found] == ["withdrawn", "offered"]

        await journey.until(receipt, again)


async def test_a_silent_holder_loses_the_entry_too(skipping_desk: Skipping) -> None:
    """Picked up and left alone for long: the handoff waits for somebody again, and so does the entry."""
    journey, desk = skipping_desk, ToyDesk({**MOVED})
    agent = await journey.person(Role.AGENT)

    async with bots_of(journey, {BOT: desk}):
        receipt, _ = await conflict(journey)
        offered = await until_passed_on(journey, receipt, "offered")
        await at_desk(journey, offered, "pick_up", Act(by=agent))
        (held,) = await journey.items(receipt)
        await journey.skip(timedelta(hours=2))
        lost = await until_passed_on(journey, receipt, "offered")
        (free,) = await journey.items(receipt)

    assert (held.held_by, free.held_by, lost.picked_up_by) == (agent, None, None)
    assert "handoff.idle_released" in await journey.events(receipt)
