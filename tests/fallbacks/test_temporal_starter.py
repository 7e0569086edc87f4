"""The relay with a real Temporal: away when work is handed in, killed between start and mark, closed meanwhile."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.client import Client

from baton.ports import free_base
from baton.temporal_server import EmbeddedTemporal
from core.case import Stage
from fallbacks.relay import AWAY, EngineAway, Relay, Start, StartRefused
from fallbacks.temporal_starter import CASE_URL, JOURNEY, STAGE, TemporalStarter
from records.database import Database
from tests.fallbacks.conftest import NOW, HandIn, now, rows
from tests.support.servers import Temporal

CONSOLE = "http://console.example.org"


@pytest.fixture
def relay(database: Database, temporal: Temporal) -> Relay:
    """A relay to this test's namespace."""
    return Relay(database, TemporalStarter(temporal.client, CONSOLE), now)


async def test_a_case_is_started_with_its_argument_and_search_attributes(
    relay: Relay, temporal: Temporal, hand_one_in: HandIn
) -> None:
    """The workflow bears the case's id, type, argument, and what IT finds it by."""
    receipt = await hand_one_in(1)

    await relay.run_once(NOW)

    found = await temporal.client.get_workflow_handle(f"failed-delivery/{receipt.case_number}").describe()
    attributes = found.typed_search_attributes
    assert (found.workflow_type, found.task_queue) == ("FailedDeliveryWorkflow", "baton")
    assert attributes[JOURNEY] == "failed-delivery"
    assert attributes[STAGE] == Stage.RECEIVED
    assert attributes[CASE_URL] == f"{CONSOLE}/cases/{receipt.case_number}"


@pytest.mark.failure_mode("F31")
async def test_work_handed_in_while_temporal_is_away_starts_when_it_is_back(
    database: Database, hand_one_in: HandIn
) -> None:
    """F31: the receipt stands without Temporal, and the case's workflow starts by its id once Temporal answers."""
    port = free_base(3)
    client = await Client.connect(f"127.0.0.1:{port}", lazy=True)
    relay = Relay(database, TemporalStarter(client, CONSOLE), now)
    receipt = await hand_one_in(1)
    sent_while_away = await relay.run_once(NOW)
    (waiting,) = await rows(database)

    with EmbeddedTemporal(port=port):
        sent_when_back = await relay.run_once(NOW + timedelta(seconds=10))
        found = await client.get_workflow_handle(f"failed-delivery/{receipt.case_number}").describe()

    assert (sent_while_away, waiting.last_error, sent_when_back) == (0, AWAY, 1)
    assert found.workflow_type == "FailedDeliveryWorkflow"


@pytest.mark.failure_mode("F32")
async def test_a_relay_killed_between_start_and_mark_starts_one_workflow(
    database: Database, relay: Relay, temporal: Temporal, hand_one_in: HandIn, tmp_path: Path
) -> None:
    """F32: the relay dies after the start, the row is still there, and the next relay finds the same run."""
    receipt = await hand_one_in(1)
    handle = temporal.client.get_workflow_handle(f"failed-delivery/{receipt.case_number}")

    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fallbacks.relay_child",
        env={
            **os.environ,
            "BATON_DATABASE_URL": database.url,
            "TEMPORAL_ADDRESS": temporal.address,
            "TEMPORAL_NAMESPACE": temporal.namespace,
            "BATON_CRASH_AT": "relay_after_start",
            "BATON_CRASH_MARKER": str(tmp_path / "crashed"),
        },
    )
    status = await child.wait()
    async with database.session() as session:  # its transaction ends when PostgreSQL has seen that it is gone
        await (await session.connection()).execute(text("SELECT FROM outbox FOR UPDATE"))
    first_run = (await handle.describe()).run_id
    (unmarked,) = await rows(database)
    sent = await relay.run_once(NOW)

    (marked,) = await rows(database)
    assert status == -signal.SIGKILL
    assert (unmarked.sent_at, sent, marked.sent_at) == (None, 1, NOW)
    assert (await handle.describe()).run_id == first_run


async def test_a_workflow_that_has_ended_counts_as_started(
    relay: Relay, temporal: Temporal, hand_one_in: HandIn
) -> None:
    """A row whose workflow ran and closed before it was marked starts nothing new."""
    receipt = await hand_one_in(1)
    handle = await temporal.client.start_workflow(
        "FailedDeliveryWorkflow", {}, id=f"failed-delivery/{receipt.case_number}", task_queue="baton"
    )
    await handle.terminate()

    sent = await relay.run_once(NOW)

    found = await temporal.client.get_workflow_handle(handle.id).describe()
    assert sent == 1
    assert found.run_id == handle.result_run_id


@pytest.mark.failure_mode("F37")
async def test_starts_that_meet_at_temporal_are_one_workflow(temporal: Temporal) -> None:
    """F37: starts of one id at the same moment and later are one run, and each of them counts as done."""
    starter = TemporalStarter(temporal.client, CONSOLE)
    wanted = Start(workflow_type="Any", workflow_id="failed-delivery/FD-1", task_queue="baton", argument={})
    handle = temporal.client.get_workflow_handle(wanted.workflow_id)

    await asyncio.gather(*(starter.start(wanted) for _ in range(20)))
    first = (await handle.describe()).run_id
    await asyncio.gather(*(starter.start(wanted) for _ in range(20)))

    assert (await handle.describe()).run_id == first


async def test_a_recovery_may_start_an_id_again(temporal: Temporal) -> None:
    """A row that asks for it starts a closed id anew; no other row does."""
    starter = TemporalStarter(temporal.client, CONSOLE)
    wanted = Start(workflow_type="Any", workflow_id="failed-delivery/FD-2", task_queue="baton", argument={})
    handle = temporal.client.get_workflow_handle(wanted.workflow_id)
    await starter.start(wanted)
    first = (await handle.describe()).run_id
    await handle.terminate()

    await starter.start(wanted)
    same = (await handle.describe()).run_id
    await starter.start(wanted.model_copy(update={"run": 2}))
    fresh = (await handle.describe()).run_id

    assert same == first
    assert fresh != first


async def test_what_temporal_says_comes_out_in_two_classes(temporal: Temporal) -> None:
    """An answer that will not change is a refusal; silence is an outage."""
    wanted = Start(workflow_type="Any", workflow_id="failed-delivery/FD-3", task_queue="", argument={})
    nobody = await Client.connect("127.0.0.1:1", lazy=True)

    with pytest.raises(StartRefused):
        await TemporalStarter(temporal.client, CONSOLE).start(wanted)
    with pytest.raises(EngineAway):
        await TemporalStarter(nobody, CONSOLE).start(wanted)
