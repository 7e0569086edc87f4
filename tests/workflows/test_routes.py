"""Ways while one of them is held: another is taken, a doubt bars it, a person is one, a hung system hangs alone."""

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlmodel import select
from temporalio.client import Client

from bots.kit.contract import Hands, Job, RouteKey
from bots.kit.means import Means
from bots.servicedesk.api import ServiceDeskApi
from core import clock
from core.faults import Unknown
from core.outcome import Outcome, Sighting
from fallbacks.held_line import HeldLine
from records.operation_holds import OperationHold
from records.people import Role
from records.route_choice import RouteChoice
from records.work_item import Attempt
from systems.base import PERSON
from systems.registry import SYSTEMS
from systems.seating import Seatings
from systems.servicedesk import OPEN_TICKET, OpenTicket
from tests.activities.shop import SHOP, Order, Shop
from tests.activities.toy_desk import ToyDesk
from tests.replay.histories import keep_item
from tests.support.cable import cable_to
from tests.support.held_way import free_way, hold_way
from tests.support.journey import Journey, bots_of
from tests.support.patience import PATIENCE
from tests.support.sign_ins import always
from tests.workflows.cast import item_of_its_own, refusal
from workflows.acts import DoneByHand, GiveBack, RerouteItem, TakeOver

API, BOT = RouteKey("shop", "api"), RouteKey("shop", "bot")


def shop_of(route: str, rows: list[tuple[str, str, str, str]]) -> Shop:
    """One way to the shop, whose rows are the same by every way."""
    shop = Shop()
    shop.name, shop.rows = route, rows
    return shop


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[RouteKey, Shop]:
    """The shop by its API, and by its screens when that is held."""
    rows: list[tuple[str, str, str, str]] = []
    monkeypatch.setitem(SYSTEMS, "shop", dataclasses.replace(SHOP, routes=("api", "bot")))
    return {API: shop_of("api", rows), BOT: shop_of("bot", rows)}


async def choices(journey: Journey) -> list[tuple[str, str]]:
    """The way that was chosen, and by which rule."""
    async with journey.database.session() as session:
        return [(row.to_route, row.rule) for row in await session.exec(select(RouteChoice))]


class Tickets(ToyDesk):
    """A way to the service desk, on which nothing is before it was clicked for."""

    async def find(self, job: Job) -> Sighting:
        """What was clicked for."""
        return await super().find(job) if self.clicks else Sighting()


async def test_an_entry_whose_way_is_held_is_made_by_the_other_one(desk_journey: Journey) -> None:
    """The API is out: its entry goes by bot, made once, as the same entry; the case's timeline says why."""
    journey, api, bot = desk_journey, Tickets({}), Tickets({})
    await hold_way(journey.database, "servicedesk", "api")

    async with bots_of(journey, {RouteKey("servicedesk", "api"): api, RouteKey("servicedesk", "bot"): bot}):
        receipt = await item_of_its_own(journey, OPEN_TICKET, ticket(), route="api")
        done = await journey.until_item(receipt, "open_ticket", "done")

    assert (done.route, done.attempts, done.doubts, done.adopted) == ("bot", 1, 0, False)
    assert (api.clicks, bot.clicks) == ([], [done.reference])
    assert (await choices(journey), done.held_behind) == ([("bot", "next_way")], None)
    assert (await journey.events(receipt)).count("item.route_chosen") == 1
    await keep_item(journey, done, "another_way_while_held")


class Desk(ServiceDeskApi):
    """A way to the service desk's tickets; once a doubt is there nobody opens it before `look` is set.

    `shut` is called the moment that an answer did not come, before anybody hears of it.
    """

    def __init__(self, url: str, name: str, look: asyncio.Event, shut: Callable[[], Any]) -> None:
        super().__init__(Means(url, _no_browser, always("demo-servicedesk-key"), 1))
        self.name, self._look, self._shut = name, look, shut
        self.sent: list[str] = []

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """As ever, but for what is said above."""
        await self._look.wait()
        async with super().open(account, step) as hands:
            submit = hands.submit

            async def shutting(job: Job) -> str:
                self.sent.append(job.reference)
                try:
                    return await submit(job)
                except Unknown:
                    self._look.clear()
                    await self._shut()
                    raise

            hands.submit = shutting  # type: ignore[method-assign]
            yield hands


def _no_browser() -> Any:
    raise AssertionError("an API needs no browser")


@pytest.mark.failure_mode("F25")
async def test_an_api_that_commits_and_does_not_answer_bars_the_way_that_is_free(desk_journey: Journey) -> None:
    """F25: the ticket is in, the API gave no answer and is out now: the other way only looks, and there is one."""
    journey, look, held = desk_journey, asyncio.Event(), list[OperationHold]()
    look.set()
    journey.floor.fault("servicedesk", reply_delay_seconds=2)

    async def shut() -> None:
        held.append(await hold_way(journey.database, "servicedesk", "api", playbook={"routes": {"*": "bot"}}))

    api, bot = (Desk(journey.floor.servicedesk, name, look, shut) for name in ("api", "bot"))
    async with bots_of(journey, {RouteKey("servicedesk", way.name): way for way in (api, bot)}):
        receipt = await item_of_its_own(journey, OPEN_TICKET, ticket(), route="api")
        doubtful = await journey.until_item(receipt, "open_ticket", "unknown")
        person = await journey.person(Role.SUPERVISOR)
        barred = await refusal(journey.act_on_item(doubtful, "reroute", RerouteItem(by=person, route="bot")))
        journey.floor.fault("servicedesk", reset=True)
        look.set()
        done = await journey.until_item(receipt, "open_ticket", "done")

    async with journey.database.session() as session:
        tries = list(await session.exec(select(Attempt).where(Attempt.item_id == done.id)))
    assert (barred, done.route, done.adopted, await choices(journey)) == ("route_barred", "api", True, [])
    assert [one.outcome for one in tries if one.purpose == "enter"] == [Outcome.UNKNOWN]
    assert (len(held), api.sent, bot.sent) == (1, [done.reference], [])
    assert len([row for row in journey.floor.ledger("servicedesk") if row["reference"] == done.reference]) == 1


def ticket() -> OpenTicket:
    """A ticket like no other."""
    number = f"FD-{uuid.uuid4().int % 10**6:06d}"
    url = f"http://127.0.0.1:8400/cases/{number}"
    known = {"case_ref": number, "title": "Delivery failed", "description": "Nobody.", "order_no": "4800001"}
    return OpenTicket.model_validate({**known, "priority": "normal", "case_url": url})


@pytest.mark.failure_mode("F26")
async def test_a_person_keys_it_while_bots_try_again(
    desk_journey: Journey, ways: dict[RouteKey, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F26: given to a person for the outage, who has it when the way comes back: bots look, adopt, enter nothing."""
    journey = desk_journey
    by_hand = dataclasses.replace(SHOP.operations["rename"], routes=("api", PERSON))
    known = dataclasses.replace(SYSTEMS["shop"], operations={**SHOP.operations, "rename": by_hand})
    monkeypatch.setitem(SYSTEMS, "shop", known)
    rows = ways[API].rows
    rows.append(("note", "1", "BTN-OLD", "old"))
    hold = await hold_way(journey.database, "shop", "api")
    agent = await journey.person(Role.AGENT)

    async with bots_of(journey, dict(ways)):
        entry = Order(order_no="1", what="new")
        receipt = await item_of_its_own(journey, by_hand, entry, before={"what": "old"}, route="api")
        given = await journey.until_item(receipt, "rename", "with_person")
        await journey.act_on_item(given, "take_over", TakeOver(by=agent))
        await free_way(journey.database, hold)
        await HeldLine(journey.database, Seatings()).run_once(clock.now())
        too_soon = await refusal(journey.act_on_item(given, "done_by_hand", DoneByHand(by=agent, confirmation="H-1")))
        rows[:] = [("note", "1", "BTN-OLD", "new")]
        await journey.act_on_item(given, "give_back", GiveBack(by=agent))
        done = await journey.until_item(receipt, "rename", "done")

    assert (given.code, given.attempts, too_soon) == ("by_hand", 0, "not_found_on_screen")
    assert (done.adopted, done.held_by) == (True, None)
    assert [way.clicks for way in ways.values()] == [[], []]


async def test_a_system_that_hangs_takes_nothing_of_a_healthy_one(
    desk_journey: Journey, ways: dict[RouteKey, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every seat of one system hangs in the middle: another one makes its entries, and the late ones are made once."""
    journey, go, hung = desk_journey, asyncio.Event(), asyncio.Semaphore(0)
    stall = shop_of("bot", [])

    async def hang() -> None:
        hung.release()
        await go.wait()

    stall.system, stall.mishaps["find"] = "stall", hang
    operations = {name: dataclasses.replace(one, system="stall") for name, one in SHOP.operations.items()}
    known = dataclasses.replace(SHOP, name="stall", operations=operations, routes=("bot",))
    monkeypatch.setitem(SYSTEMS, "stall", known)

    async with bots_of(journey, {**ways, RouteKey("stall", "bot"): stall}):
        waiting = [await note(journey, operations["note"], str(number), "bot") for number in range(4)]
        for _ in range(2):  # both seats
            await asyncio.wait_for(hung.acquire(), PATIENCE)
        healthy = [await note(journey, SHOP.operations["note"], str(number), "api") for number in range(4)]
        done = [await journey.until_item(receipt, "note", "done") for receipt in healthy]
        stuck = [item for receipt in waiting for item in await journey.items(receipt)]
        go.set()
        late = [await journey.until_item(receipt, "note", "done") for receipt in waiting]

    assert [item.state for item in done] == ["done"] * 4
    assert not [item for item in stuck if item.state == "done"]
    assert len({*ways[API].clicks}) == len(ways[API].clicks) == 4
    assert (len(late), len(stall.clicks)) == (4, 4)


@pytest.mark.failure_mode("F36")
async def test_a_worker_that_is_cut_from_temporal_enters_nothing_late(
    desk_journey: Journey, ways: dict[RouteKey, Shop]
) -> None:
    """F36: cut in the middle of an entry, no beat is heard: another worker makes it, the late one does not click."""
    journey, late, begun, go = desk_journey, shop_of("api", ways[API].rows), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await go.wait()

    late.mishaps["find"] = hang
    async with cable_to(journey.client.service_client.config.target_host) as cable:
        known = journey.client.config(active_config=True)
        far = await Client.connect(
            cable.address, namespace=journey.client.namespace, data_converter=known["data_converter"]
        )
        async with bots_of(dataclasses.replace(journey, client=far), {API: late}):
            receipt = await note(journey, SHOP.operations["note"], "1", "api")
            await asyncio.wait_for(begun.wait(), PATIENCE)
            cable.pull()
            async with bots_of(journey, {API: ways[API]}):
                done = await journey.until_item(receipt, "note", "done")
            go.set()
            cable.plug()

    handle = journey.client.get_workflow_handle(f"item/{done.id}")
    ends = [event.WhichOneof("attributes") async for event in handle.fetch_history_events()]
    assert (late.clicks, ways[API].clicks) == ([], [done.reference])
    assert (done.attempts, done.doubts, len(ways[API].rows)) == (2, 0, 1)
    assert ends.count("activity_task_timed_out_event_attributes") == 1


async def note(journey: Journey, operation: Any, order_no: str, route: str) -> Any:
    """A note that is to be made."""
    return await item_of_its_own(journey, operation, Order(order_no=order_no, what="new"), route=route)
