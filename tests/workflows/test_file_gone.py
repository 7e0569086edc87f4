"""A file whose process is gone goes on behind its last row; an entry of it begins anew by itself."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from core import clock
from records import processes
from records.entry_files import workflow_id
from records.work_item import WorkItem
from tests.support.entry_cast import kept_file, started
from tests.support.journey import Journey, listening
from tests.support.patience import PATIENCE
from tests.workflows.gone_cast import beat, recovered, terminate
from tests.workflows.test_legacy_entry import rows


async def until_runs(journey: Journey, name: str) -> None:
    """Wait until a workflow of that id runs."""
    async with asyncio.timeout(PATIENCE), listening(journey.database.url, 0.2) as notified:
        while not await _runs(journey, name):
            await notified()


async def _runs(journey: Journey, name: str) -> bool:
    try:
        found = await journey.client.get_workflow_handle(name).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return found.status is WorkflowExecutionStatus.RUNNING


async def entries_of(journey: Journey, count: int) -> list[WorkItem]:
    """The entries, once there are so many."""
    found: list[WorkItem] = []
    async with asyncio.timeout(PATIENCE), listening(journey.database.url, 0.2) as notified:
        while len(found) < count:
            await notified()
            async with journey.database.session() as session:
                found = list(await session.exec(select(WorkItem).order_by(WorkItem.occurrence)))
    return found


@pytest.mark.failure_mode("F33")
async def test_a_file_and_its_entries_go_on(desk_journey: Journey) -> None:
    """F33: the entry is carried on by itself once it was missed twice, the file by a word; no row is begun twice."""
    journey = desk_journey
    file = await kept_file(journey.database, rows(3))
    await started(journey.database, file)
    before = await entries_of(journey, 3)
    lost = f"item/{before[0].id}"
    await terminate(journey.client, workflow_id(file.id))
    await terminate(journey.client, lost)

    looks, now = beat(journey), clock.now() + timedelta(minutes=1)
    await looks.run_once(now)
    await looks.run_once(now)
    await until_runs(journey, lost)
    async with journey.database.session() as session:
        gone = [(one.kind.value, one.what.value) for one in await processes.gone(session)]
    await recovered(journey, workflow_id(file.id))
    await until_runs(journey, workflow_id(file.id))
    await looks.run_once(now + timedelta(minutes=1))

    after = await entries_of(journey, 3)
    assert gone == [("file", "terminated")]
    assert [one.id for one in after] == [one.id for one in before]
    async with journey.database.session() as session:
        assert await processes.gone(session) == []
