"""A person as a route: taken over while no bot touches it, given back after a look, approved under watch."""

import uuid

import psycopg
import pytest

from core import clock
from records.intake import Receipt
from records.people import Role
from records.watches import Watch
from records.work_item import WorkItem
from systems.orderdesk import CORRECT_ADDRESS, CorrectAddress
from tests.activities.toy_desk import ToyDesk
from tests.replay.histories import keep_item
from tests.support.journey import Journey, bots_of
from tests.workflows.cast import item_of_its_own, refusal, until_asked
from tests.workflows.test_work_item import BOT
from workflows.acts import ApproveFilled, DoneByHand, GiveBack, RerouteItem, RetryItem, TakeOver

ADDRESS = {"street": "Hafenweg", "house_no": "12a", "postcode": "28195", "city": "Bremen"}
WANTED = {**ADDRESS, "street": "Am Deich"}
MOVED = {**ADDRESS, "street": "Am Wall"}
NAME = CORRECT_ADDRESS.name


async def wanted(journey: Journey) -> Receipt:
    """An address to be corrected."""
    entry = CorrectAddress(order_no="4700123", **WANTED)
    return await item_of_its_own(journey, CORRECT_ADDRESS, entry, before=dict(ADDRESS))


async def conflict(journey: Journey) -> tuple[Receipt, WorkItem]:
    """Its record was changed by somebody else."""
    receipt = await wanted(journey)
    return receipt, await until_asked(journey, receipt, NAME, "refused")


def lapse(journey: Journey, item: WorkItem) -> None:
    """The person's time is up."""
    with psycopg.connect(journey.database.url, autocommit=True) as connection:
        connection.execute("UPDATE work_items SET held_until = now() - interval '1 second' WHERE id = %s", [item.id])


def seats_taken(journey: Journey) -> int:
    """How many accounts and records are leased to a bot at this moment."""
    with psycopg.connect(journey.database.url) as connection:
        found = connection.execute("SELECT count(*) FROM leases WHERE until > clock_timestamp()").fetchone()
        assert found is not None
        return int(found[0])


@pytest.mark.failure_mode("F26")
async def test_no_bot_touches_what_a_person_has_taken_over(desk_journey: Journey) -> None:
    """F26: taken over before a bot came, keyed by hand, given back: the bots adopt it, and nothing is entered twice."""
    journey, desk = desk_journey, ToyDesk({**ADDRESS})
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)
    receipt = await wanted(journey)
    item = await journey.until_item(receipt, NAME, "ready")

    await journey.act_on_item(item, "take_over", TakeOver(by=agent))
    held = await journey.until_item(receipt, NAME, "with_person")
    async with bots_of(journey, {BOT: desk}):
        desk.shown.update(WANTED)
        lapse(journey, item)
        (waiting,) = await journey.items(receipt)
        await journey.act_on_item(item, "take_over", TakeOver(by=supervisor))
        refused = [
            await refusal(journey.act_on_item(item, "give_back", GiveBack(by=agent))),
            await refusal(journey.act_on_item(item, "take_over", TakeOver(by=agent))),
            await refusal(journey.act_on_item(item, "done_by_hand", DoneByHand(by=agent, confirmation="1"))),
            await refusal(journey.act_on_item(item, "take_over", TakeOver(by=await journey.person(Role.OPS)))),
        ]
        await journey.act_on_item(item, "give_back", GiveBack(by=supervisor))
        done = await journey.until_item(receipt, NAME, "done")

    assert (held.code, held.held_by, held.attempts) == ("by_hand", agent, 0)
    assert held.held_until is not None
    assert held.held_until > clock.now()
    assert (waiting.state, refused) == ("with_person", ["held", "held", "held", "not_allowed"])
    assert (done.adopted, done.held_by, desk.clicks) == (True, None, [])
    await keep_item(journey, done, "taken_over_and_given_back")


async def test_a_supervisor_acts_on_what_somebody_else_has(desk_journey: Journey) -> None:
    """While an agent has it another agent's word does not count; a supervisor's does, and frees it."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)
        await journey.act_on_item(item, "take_over", TakeOver(by=agent))
        (held,) = await journey.items(receipt)
        desk.shown.update(ADDRESS)
        await journey.act_on_item(item, "retry", RetryItem(by=supervisor))
        done = await journey.until_item(receipt, NAME, "done")

    assert (held.state, held.code, held.held_by, held.seen) == ("with_person", "conflict", agent, MOVED)
    assert (done.held_by, done.adopted, len(desk.clicks)) == (None, False, 1)


async def test_ours_is_entered_over_what_the_person_saw(desk_journey: Journey) -> None:
    """Not before they saw it, not when it is another value by then, and as a revision that names what was seen."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    agent = await journey.person(Role.AGENT)

    def back(**more: object) -> GiveBack:
        return GiveBack.model_validate({"by": agent, **more})

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)
        await journey.act_on_item(item, "give_back", back())
        (asked,) = await journey.items(receipt)
        desk.shown.update(street="Am Markt")
        stale = await refusal(journey.act_on_item(item, "give_back", back(truth="ours", seen=MOVED)))
        (again,) = await journey.items(receipt)
        await journey.act_on_item(item, "give_back", back(truth="ours", seen=again.seen, why="the customer called"))
        done = await journey.until_item(receipt, NAME, "done")

    assert (asked.state, asked.code, asked.seen, asked.held_by) == ("with_person", "conflict", MOVED, agent)
    assert stale == "screen_changed"
    assert (again.seen or {})["street"] == "Am Markt"
    assert (done.revision, (done.before or {})["street"], desk.shown["street"]) == (2, "Am Markt", "Am Deich")
    assert len(desk.clicks) == 1
    await keep_item(journey, done, "ours_entered_over_what_was_seen")


async def test_what_the_screen_shows_can_be_kept(desk_journey: Journey) -> None:
    """The truth is what stands there: done with it, and nothing is entered."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    agent = await journey.person(Role.AGENT)

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)
        kept = GiveBack(by=agent, truth="screen", seen=MOVED, why="the customer moved again")
        await journey.act_on_item(item, "give_back", kept)
        done = await journey.until_item(receipt, NAME, "done")

    assert (done.result, done.adopted, desk.clicks) == (MOVED, True, [])
    assert "item.kept_as_seen" in await journey.events(receipt)


async def test_a_watched_entry_goes_when_a_supervisor_approves_what_was_shown(desk_journey: Journey) -> None:
    """An agent may not, other values do not count, and what was approved is entered once."""
    journey, desk = desk_journey, ToyDesk({**ADDRESS})
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)
    watch = Watch(system="orderdesk", first_items=1, why="a new bot", added_by="test", since=clock.now())
    async with journey.database.session() as session:
        session.add(watch)

    async with bots_of(journey, {BOT: desk}):
        receipt = await wanted(journey)
        item = await until_asked(journey, receipt, NAME, "with_person")
        clicks, shown, seats = list(desk.clicks), (item.filled or {})["values"], seats_taken(journey)
        refused = [
            await refusal(journey.act_on_item(item, "approve", ApproveFilled(by=agent, values=shown))),
            await refusal(
                journey.act_on_item(item, "approve", ApproveFilled(by=supervisor, values={**shown, "city": "X"}))
            ),
        ]
        await journey.act_on_item(item, "approve", ApproveFilled(by=supervisor, values=shown))
        done = await journey.until_item(receipt, NAME, "done")

    assert (item.code, seats, clicks) == ("under_watch", 0, [])
    assert refused == ["not_allowed", "wrong_state"]
    assert ((done.approved or {})["by"], len(desk.clicks)) == ("supervisor@example.org", 1)
    await keep_item(journey, done, "watched_and_approved")


async def test_a_supervisor_chooses_who_keys_it(desk_journey: Journey) -> None:
    """Handed over to a queue it lies there, to a person it is offered to them; who may not, and nowhere, is refused."""
    journey, desk = desk_journey, ToyDesk({**MOVED})
    agent, supervisor = await journey.person(Role.AGENT), await journey.person(Role.SUPERVISOR)
    await journey.person(Role.OPS)

    async with bots_of(journey, {BOT: desk}):
        receipt, item = await conflict(journey)

        async def lies(queue: str, whom: str = "") -> bool:
            found = await journey.handoffs(receipt, "bot")
            return [(one.queue, one.assigned_to or "") for one in found] == [(queue, whom)]

        def to(by: uuid.UUID, **whom: str) -> RerouteItem:
            why = {"by": by, "route": "person", "reason": "the vans leave at noon"}
            return RerouteItem.model_validate(why | whom)

        await journey.until(receipt, lambda: lies("bot"))
        refused = [
            await refusal(journey.act_on_item(item, "reroute", to(agent, queue="service"))),
            await refusal(journey.act_on_item(item, "reroute", to(supervisor, queue="nowhere"))),
            await refusal(journey.act_on_item(item, "reroute", to(supervisor, to="ops@example.org"))),
            await refusal(journey.act_on_item(item, "reroute", to(supervisor, to="nobody@example.org"))),
        ]
        told = await journey.act_on_item(item, "reroute", to(supervisor, queue="service"))
        await journey.until(receipt, lambda: lies("service"))
        await journey.act_on_item(item, "reroute", to(supervisor, to="agent@example.org"))
        await journey.until(receipt, lambda: lies("service", "agent@example.org"))

    (held,) = await journey.items(receipt)
    assert refused == ["not_allowed", "wrong_state", "wrong_state", "not_a_colleague"]
    assert (held.state, held.code) == ("with_person", "by_hand")
    assert told == "A person makes this entry from now on."
    assert {"handoff.transferred", "handoff.assigned"} <= set(await journey.events(receipt))
