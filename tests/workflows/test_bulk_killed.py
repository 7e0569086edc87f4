"""A bulk action whose worker is killed in the middle goes on with another one, and its counts add up."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Self

import pytest
from temporalio.client import Client

from baton import wiring
from records.bulk_action import BulkFate, BulkState
from tests.support.floor import Floor
from tests.support.journey import Journey, baton_without_bots
from tests.support.processes import Program
from tests.workflows.bulk_cast import failed_entries, fates, retry_of, targets, until_bulk, until_gated
from tests.workflows.test_legacy_entry import Desk, desk_of


@pytest.fixture
async def no_worker(database_url: str, client: Client, floor: Floor, tmp_path: Path) -> AsyncIterator[Journey]:
    """A running Baton whose relay lives in this process; the worker is the test's own matter."""
    async with baton_without_bots(client, database_url, floor, tmp_path, worker=False) as running:
        yield running


class Until(list[str]):
    """What was entered; the gate closes behind so many, so that the others stand before it."""

    def __init__(self, desk: Desk, count: int) -> None:
        super().__init__()
        self._desk, self._count = desk, count

    def __iadd__(self, more: Iterable[str]) -> Self:  # type: ignore[misc, override]
        """One more."""
        super().__iadd__(more)
        if len(self) == self._count:
            self._desk.gate.clear()
        return self


def worker(journey: Journey) -> Program:
    """`baton worker` as a process of its own."""
    return Program(
        "-m",
        "baton.cli",
        "worker",
        env={
            "BATON_DATABASE_URL": journey.settings.database_url,
            "BATON_DATA_DIR": str(journey.settings.data_dir),
            "BATON_CODEC_KEY_FILE": str(journey.settings.codec_key_file),
            "TEMPORAL_ADDRESS": journey.client.service_client.config.target_host,
            "TEMPORAL_NAMESPACE": journey.client.namespace,
        },
    )


async def test_killed_in_the_middle_it_goes_on(no_worker: Journey) -> None:
    """Each entry is sent once and has one result, whatever the killed worker was about to keep."""
    journey = no_worker
    async with desk_of(journey, seats=1) as desk:
        with worker(journey):  # killed at its end
            found = await failed_entries(journey, desk, 12)
            desk.refuses.clear()
            desk.entered = Until(desk, 4)
            action = await retry_of(journey, found, canary=True, in_flight=3, stop_after=3)
            await until_gated(journey, desk, 1)
        killed = await fates(journey, action.id)
        desk.gate.set()
        async with wiring.temporal_worker(journey.client, wiring.Steps(journey.database, journey.settings)):
            ended = await until_bulk(journey, action.id, BulkState.DONE, ended=True)

    assert killed[BulkFate.DONE] <= 4
    assert killed[BulkFate.WAITING] > 0
    assert ended.counts == {"done": 12}
    assert sorted(desk.entered) == sorted(await targets(journey, found))
