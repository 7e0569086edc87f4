"""What the command `temporal` ended or set back is named with by whom and why, as far as Temporal's history says."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from sqlmodel import col, select

from baton.temporal_server import find_binary
from core import clock
from fallbacks import gone_processes
from records import processes
from records.entry_files import workflow_id
from records.trail import Event
from tests.support.entry_cast import kept_file, started
from tests.support.journey import Journey
from tests.workflows.cast import at_desk, resolved
from tests.workflows.gone_cast import beat, listed, recovered, seen
from tests.workflows.test_file_gone import entries_of, until_runs
from tests.workflows.test_legacy_entry import rows
from tests.workflows.test_process_gone import name_of

WORDS = {
    "terminate": ["terminated by temporal-cli:", "(“pressed the wrong one”)"],
    "cancel": ["cancelled by temporal-cli:"],
    "reset": ["reset (“", ": pressed the wrong one”)"],
}
"""Temporal keeps no name with a reset; the command puts it before the reason."""


async def typed(journey: Journey, verb: str, name: str) -> None:
    """What somebody does to a workflow with the command, once Temporal's lists say so."""
    words = {"terminate": ("--reason", "pressed the wrong one"), "cancel": ()}
    reset = ("--type", "FirstWorkflowTask", "--reason", "pressed the wrong one")
    server = ("--address", journey.client.service_client.config.target_host, "--namespace", journey.client.namespace)
    command = ("workflow", verb, "--workflow-id", name, *words.get(verb, reset), *server)
    child = await asyncio.create_subprocess_exec(str(find_binary()), *command, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert child.returncode == 0, said
    if verb == "cancel":
        async for _ in journey.client.get_workflow_handle(name).fetch_history_events(wait_new_event=True):
            pass
    await listed(journey.client, name)


async def told(journey: Journey, name: str, case_id: uuid.UUID | None) -> list[str]:
    """What the events of that name say of what became of a process."""
    asked = select(Event.data).where(Event.name == name, Event.case_id == case_id).order_by(col(Event.id))
    async with journey.database.session() as session:
        return [data["what"] for data in await session.exec(asked)]


@pytest.mark.failure_mode("F33")
@pytest.mark.parametrize("verb", list(WORDS))
async def test_a_case_names_who_did_it(journey: Journey, verb: str) -> None:
    """F33: {verb} from the command line: the timeline says so, who did it and why."""
    receipt = await at_desk(journey)
    await typed(journey, verb, name_of(receipt))

    await seen(journey)

    (what,) = await told(journey, "process.gone", receipt.case_id)
    assert [word for word in WORDS[verb] if word not in what] == []


@pytest.mark.failure_mode("F33")
async def test_a_file_and_an_entry_that_were_reset(desk_journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """F33: both runs that came of it are ended; the file waits for a word, the entry goes on, and is named."""
    journey = desk_journey
    file = await kept_file(journey.database, rows(2))
    await started(journey.database, file)
    entry = f"item/{(await entries_of(journey, 2))[0].id}"
    for name in (workflow_id(file.id), entry):
        await until_runs(journey, name)
        await typed(journey, "reset", name)

    monkeypatch.setattr(gone_processes, "SETTLED", timedelta())  # it has just begun, and goes on at once
    looks = beat(journey)
    await looks.run_once(clock.now())
    await listed(journey.client, entry)
    await looks.run_once(clock.now())
    await until_runs(journey, entry)
    async with journey.database.session() as session:
        (gone,) = await processes.gone(session)
    await recovered(journey, workflow_id(file.id))
    await until_runs(journey, workflow_id(file.id))

    assert (gone.kind, gone.what) == ("file", "reset")
    assert len(await told(journey, "process.gone", None)) == 1
    (what,) = await told(journey, "process.outside", None)
    assert [word for word in WORDS["reset"] if word not in what] == []


@pytest.mark.failure_mode("F33")
async def test_a_handoff_that_was_reset(journey: Journey) -> None:
    """F33: the run that came of it is ended, the timeline says who did it, and its case goes on to its end."""
    receipt = await at_desk(journey)
    (first,) = await journey.handoffs(receipt)
    await typed(journey, "reset", f"handoff/{first.id}")

    await beat(journey).run_once(clock.now() + timedelta(minutes=1))
    await journey.until_offered(receipt, 2)
    await resolved(journey, receipt)

    (what,) = await told(journey, "process.outside", receipt.case_id)
    assert [word for word in WORDS["reset"] if word not in what] == []
