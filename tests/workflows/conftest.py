"""A Baton whose Temporal skips time: what takes a day for people takes no time in a test."""

import asyncio
import sysconfig
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.marks import Marks
from baton.codec import data_converter
from baton.temporal_server import DEFAULT_NAMESPACE, KINDS, SEARCH_ATTRIBUTES
from bots.kit.contract import Route, RouteKey
from tests.support.floor import Floor
from tests.support.journey import KEY, Journey, baton_without_bots, bots_of
from tests.support.patience import PATIENCE
from tests.workflows.cast import newest_event

SERVER = Path(sysconfig.get_path("scripts")) / "temporal-test-server"


class Skipping(Journey):
    """A journey whose timers can be made to end at once, by request."""

    async def skip(self, time: timedelta, of: WorkflowHandle[Any, Any] | None = None) -> None:
        """So much time passes at once. Ask when a timer is set: asked too early, the time goes by as it does.

        With a workflow `of` whose timer it is about, waits until that one is set.
        """
        if of is not None:
            await asyncio.wait_for(_timer_set(of), PATIENCE)
        asked = SleepRequest()
        asked.duration.FromTimedelta(time)
        await self.client.test_service.unlock_time_skipping_with_sleep(asked)

    async def now(self) -> datetime:
        """What time it is for Temporal, which may be months ahead of everybody else."""
        return (await self.client.test_service.get_current_time(Empty())).time.ToDatetime(tzinfo=UTC)


async def _timer_set(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until the workflow rests on a timer that was set after everything that has happened by now."""
    newest, rests = await newest_event(handle), False
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.HasField("timer_started_event_attributes"):
            rests = True
        elif event.HasField("workflow_execution_update_accepted_event_attributes"):
            rests = False
        if rests and event.event_id >= newest:
            return


@pytest.fixture
async def skipping_desk(
    database_url: str, floor: Floor, tmp_path: Path, secrets_known: None
) -> AsyncIterator[Skipping]:
    """A running Baton without bots on a Temporal of its own that can skip time."""
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=data_converter(KEY), interceptors=[Marks()], test_server_existing_path=str(SERVER)
    )
    async with environment:
        # Without them a workflow that writes one stalls in silence.
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=DEFAULT_NAMESPACE,
                search_attributes={name: KINDS[kind] for name, kind in SEARCH_ATTRIBUTES.items()},
            )
        )
        async with baton_without_bots(environment.client, database_url, floor, tmp_path) as running:
            yield Skipping(running.database, running.client, running.settings, running.floor)


@pytest.fixture
async def skipping_journey(skipping_desk: Skipping, shared_hands: dict[RouteKey, Route]) -> AsyncIterator[Skipping]:
    """The same with bots."""
    async with bots_of(skipping_desk, shared_hands):
        yield skipping_desk


@pytest.fixture
async def bots_only(
    database_url: str,
    client: Client,
    floor: Floor,
    tmp_path: Path,
    secrets_known: None,
    shared_hands: dict[RouteKey, Route],
) -> AsyncIterator[Journey]:
    """A running Baton whose relay and bots live in this process; the worker is another process's matter."""
    async with (
        baton_without_bots(client, database_url, floor, tmp_path, worker=False) as running,
        bots_of(running, shared_hands),
    ):
        yield running
