"""What may wait while Temporal is away: a table that knows every act, and nothing overtakes what waits."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from sqlmodel import select
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from baton import wiring
from console.app import create_app
from console.late_acts import LATE, late
from fallbacks.act_relay import ActRelay
from fallbacks.temporal_acts import TemporalActs
from records.database import Database
from records.handoff import Handoff
from records.people import Role
from tests.console.conftest import NOW, Console
from tests.console.test_desk import mine
from tests.support.servers import Temporal
from workflows.acts import Told
from workflows.handoff_acts import Note

KINDS = {
    "FailedDeliveryWorkflow": "case",
    "BookingDispatchWorkflow": "case",
    "BotToAgentWorkflow": "case",
    "HandoffWorkflow": "handoff",
    "WorkItemWorkflow": "item",
    "BulkActionWorkflow": "bulk",
    "LegacyEntryWorkflow": "legacy-entry",
}


def test_the_table_knows_every_act() -> None:
    """Each Update of each workflow is in the table, and nothing else is."""
    found = set()
    for kind in wiring.WORKFLOWS:
        definition = workflow._Definition.must_from_class(kind)
        found |= {(KINDS[definition.name or ""], name) for name in definition.updates if name is not None}

    assert found == set(LATE)


def test_what_is_not_kept_says_why() -> None:
    """A pickup and what is about this moment are refused with a whole sentence; a decision waits."""
    assert late("handoff/1", "pick_up").not_kept.endswith(".")
    assert late("item/1", "run_now").not_kept.endswith(".")
    assert late("handoff/1", "complete").not_kept == ""
    assert late("failed-delivery/FD-000001", "withdraw").not_kept == ""


@pytest.fixture
async def noting(console: Console, temporal: Temporal, agent: httpx.AsyncClient) -> AsyncIterator[tuple[Console, str]]:
    """A console whose Temporal runs, and a case whose handoff takes notes there."""
    number = await mine(console)
    handoff = await only_handoff(console.database)
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=pydantic_data_converter
    )
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue="notes", workflows=[TakesNotes], workflow_runner=runner):
        handle = await client.start_workflow("TakesNotes", id=f"handoff/{handoff}", task_queue="notes")
        parts = replace(console.parts, temporal=client)
        yield Console(create_app(parts), parts), number
        await handle.terminate()


@workflow.defn(name="TakesNotes")
class TakesNotes:
    """A handoff that takes notes and nothing else."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self) -> None:
        """Until the test ends."""
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def note(self, act: Note) -> Told:
        """Heard."""
        self.heard.append(act.text)
        return Told(message="Noted.")

    @workflow.query
    def told(self) -> list[str]:
        """What was heard."""
        return self.heard


async def test_the_desk_says_what_is_kept(console: Console, agent: httpx.AsyncClient) -> None:
    """A case whose holder has done what they can, while Temporal is away, is not called their turn."""
    number = await mine(console)
    before = (await agent.get("/desk")).text
    await agent.post(f"/cases/{number}/desk-notes", data={"note_kind": "note", "said": "called them", "key": "one"})

    after = (await agent.get("/desk")).text

    assert ("Your turn" in before, "Your turn" in after) == (True, False)
    assert "“Note” is delivered when Temporal is back" in after


async def test_nothing_overtakes_what_waits(
    noting: tuple[Console, str], console: Console, agent: httpx.AsyncClient
) -> None:
    """An act that comes when Temporal is back stands behind those that wait, and one that may not wait is refused."""
    back, number = noting
    browser = await back.signed_in(Role.AGENT)
    words = {"note_kind": "note", "said": "while it was away", "key": "one"}
    await agent.post(f"/cases/{number}/desk-notes", data=words)
    await browser.post(f"/cases/{number}/desk-notes", data={**words, "said": "when it was back", "key": "two"})
    refused = await browser.post(f"/cases/{number}/pickups", data={"key": "three"})
    relay = ActRelay(back.database, TemporalActs(back.parts.temporal), lambda: NOW)
    sent = [await relay.run_once(NOW) for _ in range(3)]
    await browser.post(f"/cases/{number}/desk-notes", data={**words, "said": "at once", "key": "four"})

    page = (await browser.get(f"/desk/{number}")).text
    workflow_id = await only_handoff(console.database)
    heard: list[str] = await back.parts.temporal.get_workflow_handle(f"handoff/{workflow_id}").query("told")
    assert (refused.status_code, sent) == (503, [1, 1, 0])
    assert heard == ["while it was away", "when it was back", "at once"]
    assert "Kept; delivered" not in page


async def only_handoff(database: Database) -> uuid.UUID:
    async with database.session() as session:
        return (await session.exec(select(Handoff.id))).one()
