"""What becomes of a doubt: adopted, entered again after a look, or a person's; and what nobody may do meanwhile."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.items import Intent
from bots.kit.contract import Job, RouteKey
from core.faults import BrowserDied, RecordLocked, Stopping, TooSlow, Unknown
from records.people import Role
from records.work_item import WorkItem
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from systems.registry import SYSTEMS
from systems.servicedesk import OPEN_TICKET, OpenTicket
from tests.activities.shop import SHOP, WAY, Shop, intent
from tests.activities.toy_desk import ToyDesk, raises
from tests.replay.histories import keep_item
from tests.support.journey import Journey, bots_of, listening
from tests.support.patience import PATIENCE
from tests.workflows.cast import item_of_its_own, refusal, until_asked, until_found
from workflows.acts import QUEUE, CorrectItem, DoneByHand, RerouteItem, RetryItem
from workflows.policies import BROKEN_RETRIES, REENTRIES
from workflows.work_item import ItemStart, WorkItemWorkflow

API = RouteKey("shop", "api")


def in_state(*states: str) -> Callable[[WorkItem], bool]:
    """Whether the item is in one of those states."""
    return lambda item: item.state in states


@pytest.fixture
async def shop(desk_journey: Journey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """The shop, with bots that work there by screens and by its API."""
    monkeypatch.setitem(SYSTEMS, "shop", SHOP)
    shop = Shop()
    async with bots_of(desk_journey, {WAY: shop, API: shop}):
        yield shop


async def started(journey: Journey, wanted: Intent) -> Intent:
    """The item's workflow is on its way."""
    await journey.client.start_workflow(
        WorkItemWorkflow.run, ItemStart(intent=wanted), id=f"item/{wanted.id}", task_queue=QUEUE
    )
    return wanted


async def until(journey: Journey, wanted: Intent, true: Callable[[WorkItem], bool]) -> WorkItem:
    """Wait until that holds of the item."""
    async with asyncio.timeout(PATIENCE), listening(journey.database.url) as notified:
        while True:
            async with journey.database.session() as session:
                item = await session.get(WorkItem, wanted.id)
            if item is not None and true(item):
                return item
            await notified()


def first(*faults: BaseException | None) -> Any:
    """A mishap that raises these, one after the other, and then nothing any more."""
    coming = itertools.chain(faults, itertools.repeat(None))

    async def mishap() -> None:
        fault = next(coming)
        if fault is not None:
            raise fault

    return mishap


@pytest.mark.parametrize("operation", ["note", "rename", "refund", "drop"])
async def test_what_was_surely_not_entered_is_entered_again(operation: str, desk_journey: Journey, shop: Shop) -> None:
    """The browser died before the click did anything: after the settle window a look says so: entered, once."""
    if operation in ("rename", "drop"):
        shop.rows.append(("note", "1", "BTN-OLD", "old"))
    shop.mishaps["late"] = first(BrowserDied())
    what = "old" if operation == "drop" else "new"
    wanted = await started(desk_journey, intent(operation, what=what, before={"what": "old"}))

    done = await until(desk_journey, wanted, in_state("done", "with_person"))

    assert (done.state, done.doubts, done.reentries, done.adopted) == ("done", 1, 1, False)
    assert len(shop.clicks) == 1


async def test_a_doubt_that_comes_back_becomes_a_persons(desk_journey: Journey, shop: Shop) -> None:
    """Entered again by itself twice for one revision, no more; a person's new revision may be entered again anew."""
    shop.mishaps["late"] = first(*[BrowserDied()] * (REENTRIES + 1))
    wanted = await started(desk_journey, intent("note", what="new"))

    asked = await until(desk_journey, wanted, in_state("with_person"))
    supervisor = await desk_journey.person(Role.SUPERVISOR)
    content = {**wanted.content, "what": "newer"}
    await desk_journey.act_on_item(asked, "correct", CorrectItem(by=supervisor, content=content))
    done = await until(desk_journey, wanted, in_state("done"))

    assert (asked.code, asked.reentries, asked.doubts) == ("not_entered_after_doubt", REENTRIES, REENTRIES + 1)
    assert (done.revision, done.reentries, [row[3] for row in shop.rows]) == (2, 0, ["newer"])


async def test_what_the_system_confirmed_is_never_entered_again(desk_journey: Journey, shop: Shop) -> None:
    """Confirmed, then not to be found: the search may lag or have lost our reference, so a person finds out."""
    shop.commits = False
    wanted = await started(desk_journey, intent("refund", what="10.00"))

    asked = await until(desk_journey, wanted, in_state("done", "with_person"))

    assert (asked.state, asked.code, len(shop.clicks)) == ("with_person", "confirmed_but_absent", 1)


@pytest.mark.failure_mode("F06")
async def test_a_late_commit_is_found_and_not_repeated(desk_journey: Journey, shop: Shop) -> None:
    """F06: the click timed out; it is committed while the system settles: adopted, and clicked for once."""
    committed, shop.commits = asyncio.Event(), False
    waits = Shop(submit=first(TooSlow()), find=lambda: committed.wait() if shop.clicks else asyncio.sleep(0))
    shop.mishaps = waits.mishaps
    wanted = await started(desk_journey, intent("note", what="new"))
    doubtful = await until(desk_journey, wanted, in_state("unknown"))
    await until_found(desk_journey, doubtful, "unknown", TooSlow.code, doubtful.signature)
    shop.rows.append(("note", "1", doubtful.reference, "new"))
    committed.set()
    done = await until(desk_journey, wanted, in_state("done", "with_person"))

    assert (doubtful.wait_kind, done.state, done.adopted, len(shop.clicks)) == ("look", "done", True, 1)


async def test_what_cannot_be_searched_goes_to_a_person_at_once(desk_journey: Journey, shop: Shop) -> None:
    """A fax without an answer: nobody looks, nobody sends it again; the person's word is taken for what it is."""
    shop.mishaps["submit"] = first(Unknown())
    wanted = await started(desk_journey, intent("fax", what="hello"))

    asked = await until(desk_journey, wanted, in_state("with_person"))
    agent = await desk_journey.person(Role.AGENT)
    await desk_journey.act_on_item(asked, "done_by_hand", DoneByHand(by=agent, confirmation="seen on paper"))
    done = await until(desk_journey, wanted, in_state("done"))

    assert (asked.code, asked.doubts, shop.looks, len(shop.clicks)) == ("cannot_tell", 1, 0, 1)
    assert (done.confirmation, done.adopted) == ("seen on paper", False)


async def test_parts_go_on_after_a_doubt_about_one(desk_journey: Journey, shop: Shop) -> None:
    """Doubts at the second and third of three: found and adopted, each clicked for once."""
    shop.mishaps["submit"] = first(None, TooSlow(), Unknown(), Unknown())
    wanted = await started(desk_journey, intent("order", lines=("chair", "table")))

    done = await until(desk_journey, wanted, in_state("done", "with_person"))

    assert (done.state, done.parts_done, done.doubts) == ("done", 3, 2)
    assert shop.clicks == [f"{done.reference}P{number}" for number in (1, 2, 3)]


async def test_a_correction_changes_only_what_is_missing(desk_journey: Journey, shop: Shop) -> None:
    """One line is in: another value for it is refused, another one for the next line is taken and entered."""
    shop.mishaps["find"] = first(*[None] * 4, *[ValueError("a bug")] * (BROKEN_RETRIES + 1))
    wanted = await started(desk_journey, intent("order", lines=("chair", "table")))
    broken = await until(desk_journey, wanted, in_state("broken"))
    supervisor = await desk_journey.person(Role.SUPERVISOR)

    def correction(*lines: str) -> CorrectItem:
        return CorrectItem(by=supervisor, content={**wanted.content, "lines": lines})

    refused = [
        await refusal(desk_journey.act_on_item(broken, "correct", correction("stool", "table"))),
        await refusal(desk_journey.act_on_item(broken, "correct", correction("chair"))),
    ]
    await desk_journey.act_on_item(broken, "correct", correction("chair", "lamp"))
    done = await until(desk_journey, wanted, in_state("done"))

    assert (broken.parts_done, refused) == (2, ["input_refused", "input_refused"])
    assert (done.revision, [row[3] for row in shop.rows]) == (2, ["1", "chair", "lamp"])


async def test_stops_never_send_an_item_to_a_person(desk_journey: Journey, shop: Shop) -> None:
    """Rolling restarts drop the job before its click again and again: none of them counts as a broken try."""
    shop.mishaps["find"] = first(*[Stopping()] * (BROKEN_RETRIES + 2))
    wanted = await started(desk_journey, intent("note", what="new"))

    done = await until(desk_journey, wanted, in_state("done", "broken", "with_person"))

    assert (done.state, done.attempts, len(shop.clicks)) == ("done", 1, 1)


async def test_other_content_for_the_same_intent_is_shown_and_never_keyed(desk_journey: Journey, shop: Shop) -> None:
    """It arrives while the first is under way: kept as a proposal; what was asked for is what is entered."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await go_on.wait()

    shop.mishaps["enter"] = hold
    wanted = await started(desk_journey, intent("note", what="new"))
    await asyncio.wait_for(arrived.wait(), PATIENCE)
    other = intent("note", what="other").model_copy(update={"occurrence": wanted.occurrence})
    end = asyncio.create_task(_carried(desk_journey, other))
    proposed = await until(desk_journey, wanted, lambda item: item.proposed is not None)
    go_on.set()
    done = await until(desk_journey, wanted, in_state("done"))
    await asyncio.wait_for(end, PATIENCE)

    assert (proposed.proposed or {})["content"]["what"] == "other"
    assert ([row[3] for row in shop.rows], done.revision) == (["new"], 1)


async def _carried(journey: Journey, wanted: Intent) -> None:
    await started(journey, wanted)
    await journey.client.get_workflow_handle(f"item/{wanted.id}").result()


async def test_an_item_takes_another_way_and_stays_the_same(desk_journey: Journey, shop: Shop) -> None:
    """Broken by screens: sent by the API it is entered once; unknown ways are refused; a person is a way as well."""
    shop.mishaps["find"] = first(*[ValueError("a bug")] * (BROKEN_RETRIES + 1))
    wanted = await started(desk_journey, intent("note", what="new"))
    broken = await until(desk_journey, wanted, in_state("broken"))
    supervisor = await desk_journey.person(Role.SUPERVISOR)

    unheard = await refusal(desk_journey.act_on_item(broken, "reroute", RerouteItem(by=supervisor, route="fax")))
    await desk_journey.act_on_item(broken, "reroute", RerouteItem(by=supervisor, route="person"))
    by_hand = await until(desk_journey, wanted, in_state("with_person"))
    await desk_journey.act_on_item(broken, "reroute", RerouteItem(by=supervisor, route="api"))
    done = await until(desk_journey, wanted, in_state("done"))

    assert (unheard, by_hand.code) == ("no_such_route", "by_hand")
    assert (done.route, done.reference, len(shop.clicks)) == ("api", broken.reference, 1)


class Forgetful(ToyDesk):
    """A desk whose browser dies before the first click does anything."""

    async def submit(self, job: Job) -> str:
        """Click."""
        await self._mishap("late")
        return await super().submit(job)


async def given_to_a_person(journey: Journey, item: WorkItem, by: uuid.UUID) -> None:
    """Rerouted between two of its tries: while one is under way, the answer is no."""
    while True:
        try:
            await journey.act_on_item(item, "reroute", RerouteItem(by=by, route="person", reason="urgent"))
        except WorkflowUpdateFailedError:
            continue
        return


async def test_by_another_way_and_again_after_a_doubt(desk_journey: Journey, order_no: str) -> None:
    """Given to a person and back to the bot, whose first click does nothing: looked for, entered once more, done."""
    before = {"status": "30", "reason": "", "attempt": "0"}
    desk = Forgetful({**before}, find=raises(RecordLocked()), late=first(BrowserDied()))
    entry = MarkFailedDelivery(order_no=order_no, reason_code="12", attempt=1)
    supervisor = await desk_journey.person(Role.SUPERVISOR)
    async with bots_of(desk_journey, {RouteKey("orderdesk", "bot"): desk}):
        receipt = await item_of_its_own(desk_journey, MARK_FAILED_DELIVERY, entry, before=before)

        async def paused() -> bool:
            return [item.wait_kind for item in await desk_journey.items(receipt)] == ["held_system"]

        await desk_journey.until(receipt, paused)
        (ready,) = await desk_journey.items(receipt)
        await given_to_a_person(desk_journey, ready, supervisor)
        by_hand = await until_asked(desk_journey, receipt, MARK_FAILED_DELIVERY.name, "with_person")
        del desk.mishaps["find"]
        await desk_journey.act_on_item(ready, "reroute", RerouteItem(by=supervisor, route="bot"))
        done = await desk_journey.until_item(receipt, MARK_FAILED_DELIVERY.name, "done")

    assert (ready.state, by_hand.code) == ("ready", "by_hand")
    assert (done.doubts, done.reentries, desk.clicks) == (1, 1, [done.reference])
    await keep_item(desk_journey, done, "rerouted_and_entered_again")


@pytest.mark.failure_mode("F25")
async def test_another_way_is_barred_while_nobody_knows(journey: Journey) -> None:
    """F25: the API took the ticket and answered with an error: no bot and no person may enter it until it is found."""
    journey.floor.fault("servicedesk", commit_then_500=1)
    url = "http://127.0.0.1:8400/cases/FD-900001"
    ticket = {"case_ref": "FD-900001", "title": "Delivery failed", "description": "Nobody.", "order_no": "4800001"}
    entry = OpenTicket.model_validate({**ticket, "priority": "normal", "case_url": url})
    receipt = await item_of_its_own(journey, OPEN_TICKET, entry, route="api")
    doubtful = await journey.until_item(receipt, "open_ticket", "unknown")
    supervisor = await journey.person(Role.SUPERVISOR)

    barred = [
        await refusal(journey.act_on_item(doubtful, "reroute", RerouteItem(by=supervisor, route=way)))
        for way in ("bot", "person")
    ]
    barred.append(await refusal(journey.act_on_item(doubtful, "retry", RetryItem(by=supervisor))))
    done = await journey.until_item(receipt, "open_ticket", "done")

    assert barred == ["route_barred", "route_barred", "wrong_state"]
    assert (done.route, done.adopted) == ("api", True)
    assert len([row for row in journey.floor.ledger("servicedesk") if row["reference"] == done.reference]) == 1
