"""A Baton whose Temporal skips time: what takes a day for people takes no time in a test."""

import sysconfig
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from baton.codec import data_converter
from baton.temporal_server import DEFAULT_NAMESPACE, KINDS, SEARCH_ATTRIBUTES
from bots.kit.contract import Route, RouteKey
from tests.support.floor import Floor
from tests.support.journey import KEY, Journey, baton_without_bots, bots_of

SERVER = Path(sysconfig.get_path("scripts")) / "temporal-test-server"


class Skipping(Journey):
    """A journey whose timers can be made to end at once, by request."""

    async def skip(self, time: timedelta) -> None:
        """So much time passes at once. Ask when a timer is set: asked too early, the time goes by as it does."""
        asked = SleepRequest()
        asked.duration.FromTimedelta(time)
        await self.client.test_service.unlock_time_skipping_with_sleep(asked)

    async def now(self) -> datetime:
        """What time it is for Temporal, which may be months ahead of everybody else."""
        return (await self.client.test_service.get_current_time(Empty())).time.ToDatetime(tzinfo=UTC)


@pytest.fixture
async def skipping_desk(
    database_url: str, floor: Floor, tmp_path: Path, secrets_known: None
) -> AsyncIterator[Skipping]:
    """A running Baton without bots on a Temporal of its own that can skip time."""
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=data_converter(KEY), test_server_existing_path=str(SERVER)
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
