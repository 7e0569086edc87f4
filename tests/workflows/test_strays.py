"""What somebody sends a workflow from outside that Baton does not know: it changes nothing, and is named."""

import asyncio
import json

import pytest
from sqlmodel import col, select
from temporalio.client import Client
from temporalio.worker import Replayer, WorkflowInboundInterceptor

from activities import strays
from activities.correlation import Correlated
from activities.strays import Strays
from baton import wiring
from baton.codec import data_converter
from baton.temporal_server import find_binary
from core import clock
from records.intake import Receipt
from records.people import Role
from records.trail import Event
from tests.support.handoffs import offered
from tests.support.journey import KEY, Journey
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.test_handoff_outage import HIT, OVER
from tests.workflows.test_handoff_time import until_told
from tests.workflows.test_process_gone import name_of, once_each
from workflows.failed_delivery import FailedDeliveryWorkflow
from workflows.handoff import HandoffWorkflow


async def typed(journey: Journey, *words: str) -> tuple[int, str]:
    """Somebody at the command line; its status and what it said."""
    server = ("--address", journey.client.service_client.config.target_host, "--namespace", journey.client.namespace)
    child = await asyncio.create_subprocess_exec(
        *(str(find_binary()), *words, *server), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await child.communicate()
    return child.returncode or 0, said.decode()


async def named(journey: Journey, receipt: Receipt, name: str = "process.stray") -> list[Event]:
    """What the timeline says of such signals."""
    async with journey.database.session() as session:
        asked = select(Event).where(Event.name == name, Event.case_id == receipt.case_id)
        return list(await session.exec(asked.order_by(col(Event.id))))


async def test_a_signal_that_nobody_knows_is_named(journey: Journey, order_no: str) -> None:
    """Sent to a case and to its handoff: each is on the timeline with its sender, and the case ends as ever."""
    receipt = await at_desk(journey, order_no)
    handoff = (await journey.handoff_handle(receipt)).id
    for name in (name_of(receipt), handoff):
        status, said = await typed(journey, "workflow", "signal", "--workflow-id", name, "--name", "close_it_now")
        assert status == 0, said

    await journey.until(receipt, lambda: _are(journey, receipt, 2))

    found = await named(journey, receipt)
    assert {one.data["kind"] for one in found} == {"case", "handoff"}
    assert {one.data["name"] for one in found} == {"close_it_now"}
    assert all(one.data["by"].startswith("temporal-cli:") for one in found)
    await resolved(journey, receipt, in_three_days())
    await once_each(journey, receipt, order_no)


@pytest.mark.failure_mode("F44")
async def test_many_alike_do_not_fill_a_timeline(journey: Journey) -> None:
    """F44: of a thousand the first, tenth, hundredth and thousandth are named; who opens the case can read it."""
    receipt = await at_desk(journey)

    await asyncio.gather(*(journey.case_handle(receipt).signal("again", n) for n in range(1000)))

    await journey.until(receipt, lambda: _are(journey, receipt, 4))
    often = [one.data["often"] for one in await named(journey, receipt)]
    assert sorted(often) == ["", ", 10 times by now", ", 100 times by now", ", 1000 times by now"]


async def test_what_baton_knows_is_named_too_when_it_comes_by_hand(journey: Journey, order_no: str) -> None:
    """Baton's own signal and Update, typed: named with who sent them, in their order; the case goes on after them.

    What Baton's parts themselves sent is named nowhere.
    """
    receipt = await at_desk(journey, order_no)
    handoff = (await journey.handoff_handle(receipt)).id
    agent = await journey.person(Role.AGENT)
    words = json.dumps({"by": str(agent), "text": "I have rung them", "kind": "phone"})
    note = ("update", "execute", "--workflow-id", handoff, "--name", "note", "--input", words)
    withdraw = ("signal", "--workflow-id", handoff, "--name", "withdraw", "--input", json.dumps("by mistake"))
    for command in (note, withdraw):
        _, said = await typed(journey, "workflow", *command)
        assert "succeeded" in said or "binary/encrypted" in said  # an answer that this command cannot read

    await journey.until(receipt, lambda: _offered(journey, receipt, 2))
    found = await named(journey, receipt, "process.by_hand")
    await resolved(journey, receipt, in_three_days())

    assert [(one.data["sort"], one.data["name"], one.data["thing"]) for one in found] == [
        ("Update", "note", "the handoff"),
        ("signal", "withdraw", "the handoff"),
    ]
    assert all(one.data["by"].startswith("temporal-cli:") for one in found)
    assert await named(journey, receipt, "process.by_hand") == found
    assert [await _asked(journey, one) for one in (name_of(receipt), handoff)] == [0, 2]
    await once_each(journey, receipt, order_no)


async def older_part(journey: Journey) -> Client:
    """One that marks nothing yet."""
    there = journey.client.service_client.config.target_host
    converter = journey.client.data_converter
    return await Client.connect(there, namespace=journey.client.namespace, data_converter=converter)


async def test_an_older_part_is_not_taken_for_a_person(journey: Journey) -> None:
    """One that marks nothing yet, as while a new build comes in: its words are taken, and nobody is blamed."""
    receipt = await at_desk(journey)
    older = await older_part(journey)

    await older.get_workflow_handle(name_of(receipt)).signal("went_on", {})
    await resolved(journey, receipt)

    assert await named(journey, receipt, "process.by_hand") == []


async def test_an_older_part_is_heard_in_its_order(desk_journey: Journey) -> None:
    """A system is away and back at once: who is looked up after the first word keeps no later one waiting behind it."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now())
    older = (await older_part(desk_journey)).get_workflow_handle(handoff.handle.id)

    for word in (HIT, OVER):
        await older.signal("outage", word)
    told = await until_told(handoff, "handoff.outage_over")

    assert told.index("handoff.outage_hit") < told.index("handoff.outage_over")


async def test_an_update_that_nobody_knows_is_refused(journey: Journey) -> None:
    """With a sentence, to whoever sent it; the case's history knows of none."""
    receipt = await at_desk(journey)

    status, said = await typed(
        journey, "workflow", "update", "execute", "--workflow-id", name_of(receipt), "--name", "close_it_now"
    )

    history = await journey.case_handle(receipt).fetch_history()
    taken = [
        event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name
        for event in history.events
        if event.HasField("workflow_execution_update_accepted_event_attributes")
    ]
    assert (status, "close_it_now" in said, taken) == (1, True, ["confirm_order"])


@pytest.fixture
def before_strays(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A build that does not listen for them yet."""
    monkeypatch.setattr(strays, "_Hearing", WorkflowInboundInterceptor)
    return monkeypatch


async def test_a_signal_from_before_replays(before_strays: pytest.MonkeyPatch, journey: Journey) -> None:
    """A history in which one was left lying, by a build that did not note them, goes on with this one."""
    receipt = await at_desk(journey)
    await journey.case_handle(receipt).signal("again", 1)
    await resolved(journey, receipt)
    history = await journey.case_handle(receipt).fetch_history()
    before_strays.undo()

    replayed = await Replayer(
        workflows=[FailedDeliveryWorkflow, HandoffWorkflow],
        workflow_runner=wiring.workflow_runner(),
        data_converter=data_converter(KEY),
        interceptors=[Correlated(), Strays()],
    ).replay_workflow(history, raise_on_replay_failure=False)

    assert replayed.replay_failure is None
    assert await named(journey, receipt) == []


async def _asked(journey: Journey, workflow_id: str) -> int:
    """How often its workflow had a sender looked up: nothing of Baton's own costs that."""
    history = await journey.client.get_workflow_handle(workflow_id).fetch_history()
    asked = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]
    return asked.count("note_stray")


async def _offered(journey: Journey, receipt: Receipt, number: int) -> bool:
    return number in [one.number for one in await journey.handoffs(receipt)]


async def _are(journey: Journey, receipt: Receipt, wanted: int) -> bool:
    return len(await named(journey, receipt)) == wanted
