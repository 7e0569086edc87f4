"""Plain entry: a file's rows become work items, some at a time; people pause, resume and withdraw it."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio import activity
from temporalio.worker import Worker

from activities.perform import Performed, PerformItem
from core import clock
from core.outcome import Outcome
from core.work_item import Kind, Priority, State
from records import items
from records.entry_file import EntryFile, FileState
from records.entry_files import Fate
from records.items import Move
from records.people import Role
from records.work_item import WorkItem
from tests.replay.histories import keep_entries
from tests.support.entry_cast import counted, kept_file, started
from tests.support.journey import Journey, listening
from tests.support.patience import PATIENCE
from tests.support.pressing import pressed
from tests.workflows.cast import refusal
from workflows import policies
from workflows.acts import Act, WithdrawRest
from workflows.entries import place
from workflows.work_item import ItemStart

_NUMBERS = itertools.count(6_000_000)


def rows(count: int) -> list[dict[str, Any]]:
    """So many rows about as many orders."""
    return [{"order_no": f"{next(_NUMBERS)}", "delivery_date": "2026-12-01", "window_code": "2"} for _ in range(count)]


class Desk:
    """Bots of the order desk that need no screen: `gate` holds them back, `refuses` names orders that they refuse."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.gate = asyncio.Event()
        self.gate.set()
        self.refuses: set[str] = set()
        self.entered: list[str] = []
        self.most = self.now = 0

    @activity.defn(name="perform")
    async def perform(self, asked: PerformItem) -> Performed:
        """Enter it at once, as a bot would say that it did."""
        self.now += 1
        self.most = max(self.most, self.now)
        await self.gate.wait()
        self.now -= 1
        async with self.journey.database.session() as session:
            item = await items.view(session, asked.item_id)
            refused = item.target_key in self.refuses
            self.entered += [] if refused else [item.target_key]
            await items.move(session, arrow(item.id, item.fence, State.RUNNING), clock.now())
            ended = {"code": "status_forbids"} if refused else {"confirmation": f"C-{item.target_key}"}
            to = State.REFUSED if refused else State.DONE
            await items.move(session, arrow(item.id, item.fence, to, **ended), clock.now())
            item = await items.view(session, asked.item_id)
        return Performed(outcome=Outcome.REFUSED if refused else Outcome.DONE, code=item.code, item=item)


def arrow(item_id: uuid.UUID, fence: int, to: State, **values: Any) -> Move:
    """How a bot's try moves an item."""
    return Move(item_id=item_id, fence=fence, to=to, event=f"item.{to.value}", bump=False, values=values)


@asynccontextmanager
async def desk_of(journey: Journey, seats: int = 4, made: type[Desk] = Desk) -> AsyncIterator[Desk]:
    """A desk with so many seats."""
    desk = made(journey)
    async with Worker(
        journey.client, task_queue="bots-orderdesk", activities=[desk.perform], max_concurrent_activities=seats
    ):
        yield desk
        desk.gate.set()


async def begun(journey: Journey, count: int) -> EntryFile:
    """A file of so many rows that was started."""
    file = await kept_file(journey.database, rows(count))
    assert await started(journey.database, file) == count
    return file


async def until(journey: Journey, asked: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds: asked at every word of the records, and now and then without one."""

    async def asking() -> None:
        async with listening(journey.database.url, patience=0.2) as notified:
            while not await asked():
                await notified()

    await asyncio.wait_for(asking(), PATIENCE)


async def until_state(journey: Journey, file: EntryFile, state: FileState) -> None:
    async def there() -> bool:
        async with journey.database.session() as session:
            return (await session.get_one(EntryFile, file.id)).state is state

    await until(journey, there)


async def act(journey: Journey, file: EntryFile, name: str, argument: Act) -> str:
    handle = journey.client.get_workflow_handle(f"legacy-entry/{file.id}")
    return await pressed(handle, name, argument)


async def test_every_row_is_entered_once_and_failures_wait_apart(desk_journey: Journey) -> None:
    """Each row becomes one item; a refused one waits for a person and holds up no other, and the file ends."""
    async with desk_of(desk_journey) as desk:
        contents = rows(30)
        desk.refuses = {contents[3]["order_no"]}
        file = await kept_file(desk_journey.database, [*contents, None])
        await started(desk_journey.database, file)
        await until_state(desk_journey, file, FileState.HANDED_OUT)

        counts = await counted(desk_journey.database, file)

    assert counts.by_fate == {Fate.DONE: 29, Fate.PERSON: 1, Fate.BAD: 1}
    assert sorted(desk.entered) == sorted({row["order_no"] for row in contents} - desk.refuses)
    await keep_entries(desk_journey, file, "rows_done_and_refused")


async def test_a_large_file_continues_as_new(desk_journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several runs of the workflow no row is lost or begun twice, and never more than its share is on its way."""
    monkeypatch.setattr(policies, "ROWS_PER_RUN", 25)
    monkeypatch.setattr(policies, "ROWS_IN_FLIGHT", 10)
    async with desk_of(desk_journey, seats=50) as desk:
        file = await begun(desk_journey, 60)
        await until_state(desk_journey, file, FileState.HANDED_OUT)

    assert len(desk.entered) == len(set(desk.entered)) == 60
    assert desk.most <= 10


async def test_a_paused_file_begins_no_row_until_it_goes_on(desk_journey: Journey) -> None:
    """What is on its way ends, no further row begins; after *resume* the rest follows. Only who may start work may."""
    ops, agent = await desk_journey.person(Role.OPS), await desk_journey.person(Role.AGENT)
    async with desk_of(desk_journey) as desk:
        desk.gate.clear()
        file = await begun(desk_journey, policies.ROWS_IN_FLIGHT + 10)
        await until(desk_journey, lambda: _counted_as(desk_journey, file, Fate.MOVING, policies.ROWS_IN_FLIGHT))
        code = await refusal(act(desk_journey, file, "pause", Act(by=agent)))
        await act(desk_journey, file, "pause", Act(by=ops))
        twice = await refusal(act(desk_journey, file, "pause", Act(by=ops)))
        desk.gate.set()
        await until(desk_journey, lambda: _counted_as(desk_journey, file, Fate.DONE, policies.ROWS_IN_FLIGHT))
        paused = await counted(desk_journey.database, file)

        await act(desk_journey, file, "resume", Act(by=ops))
        await until_state(desk_journey, file, FileState.HANDED_OUT)

    assert (code, twice) == ("not_allowed", "wrong_state")
    assert paused.by_fate == {Fate.DONE: policies.ROWS_IN_FLIGHT, Fate.QUEUED: 10}
    assert len(desk.entered) == policies.ROWS_IN_FLIGHT + 10
    await keep_entries(desk_journey, file, "paused_and_resumed")


async def test_a_withdrawn_rest_is_never_entered(desk_journey: Journey) -> None:
    """What a bot has begun goes on to its end; every other row stays out, for good, and says so."""
    ops = await desk_journey.person(Role.OPS)
    async with desk_of(desk_journey, seats=2) as desk:
        desk.gate.clear()
        file = await begun(desk_journey, policies.ROWS_IN_FLIGHT + 5)
        await until(desk_journey, lambda: _counted_as(desk_journey, file, Fate.MOVING, policies.ROWS_IN_FLIGHT))

        await act(desk_journey, file, "withdraw_rest", WithdrawRest(by=ops, reason="the wrong file"))
        desk.gate.set()
        end = await desk_journey.client.get_workflow_handle(f"legacy-entry/{file.id}").result()

    counts = await counted(desk_journey.database, file)
    assert end["state"] == "withdrawn"
    assert counts.of(Fate.NOT_BEGUN) == 5
    assert counts.of(Fate.DONE, Fate.GIVEN_UP) == policies.ROWS_IN_FLIGHT
    assert len(desk.entered) == counts.of(Fate.DONE)
    await keep_entries(desk_journey, file, "rest_withdrawn")


async def test_a_file_of_many_rows_lets_an_urgent_entry_pass(desk_journey: Journey) -> None:
    """With one seat, what is urgent is entered before the bulk that came first and waits for the seat."""
    async with desk_of(desk_journey, seats=1) as desk:
        desk.gate.clear()
        file = await begun(desk_journey, policies.ROWS_IN_FLIGHT)
        await until(desk_journey, lambda: _counted_as(desk_journey, file, Fate.MOVING, policies.ROWS_IN_FLIGHT))
        urgent = await _urgent(desk_journey)
        desk.gate.set()
        await until_state(desk_journey, file, FileState.HANDED_OUT)
        await desk_journey.client.get_workflow_handle(f"item/{urgent.id}").result()
        async with desk_journey.database.session() as session:
            kept = await session.get_one(WorkItem, urgent.id)

    assert kept.priority is Priority.URGENT
    assert desk.entered.index(urgent.target_key) < policies.ROWS_IN_FLIGHT // 2


async def test_two_files_take_turns(desk_journey: Journey) -> None:
    """With one seat, the rows of a second file are not kept waiting until the first one's are all entered."""
    async with desk_of(desk_journey, seats=1) as desk:
        desk.gate.clear()
        first = await begun(desk_journey, policies.ROWS_IN_FLIGHT)
        await until(desk_journey, lambda: _counted_as(desk_journey, first, Fate.MOVING, policies.ROWS_IN_FLIGHT))
        contents = rows(6)
        second = await kept_file(desk_journey.database, contents)
        await started(desk_journey.database, second)
        await until(desk_journey, lambda: _counted_as(desk_journey, second, Fate.MOVING, 6))
        desk.gate.set()
        await until_state(desk_journey, first, FileState.HANDED_OUT)
        await until_state(desk_journey, second, FileState.HANDED_OUT)

    last = max(desk.entered.index(row["order_no"]) for row in contents)
    assert last < len(desk.entered) - 4


async def _urgent(journey: Journey) -> items.Intent:
    """An urgent item of its own, whose first try waits for the seat."""
    (content,) = rows(1)
    intent = items.Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="reschedule",
        kind=Kind.CHANGE,
        target_key=content["order_no"],
        occurrence=f"test/{content['order_no']}",
        content=content,
        priority=Priority.URGENT,
    )
    handle = await journey.client.start_workflow(
        "WorkItemWorkflow",
        ItemStart(intent=intent),
        id=f"item/{intent.id}",
        task_queue="baton",
        priority=place(Priority.URGENT),
    )

    async def asked() -> bool:
        events = [event async for event in handle.fetch_history_events()]
        return any(event.HasField("activity_task_scheduled_event_attributes") for event in events)

    await until(journey, asked)
    return intent


async def _counted_as(journey: Journey, file: EntryFile, fate: Fate, count: int) -> bool:
    return (await counted(journey.database, file)).of(fate) == count
