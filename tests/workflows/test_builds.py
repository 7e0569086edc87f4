"""Two builds of the worker side by side: what began on a build ends on it, new work goes where it is sent, and back."""

import asyncio

import pytest
from temporalio.worker import Worker

from baton import wiring
from baton.upgrade import builds
from records.intake import Receipt
from tests.replay.hasty import HastyCase
from tests.support.floor import ORDERS
from tests.support.journey import Journey
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.test_process_gone import once_each
from workflows.failed_delivery import FailedDeliveryWorkflow

NOW, NEXT = "2026.11.1", "2026.12.0"


def worker_of(journey: Journey, build: str) -> Worker:
    """A worker that says which build it is."""
    settings = journey.settings.model_copy(update={"build": build})
    return wiring.temporal_worker(journey.client, wiring.Steps(journey.database, settings))


async def upgraded(journey: Journey, *how: str, status: int = 0) -> str:
    """`baton upgrade` as IT types it, once Temporal knows of the workers; what it said."""
    environment = {
        "TEMPORAL_ADDRESS": journey.client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": journey.client.namespace,
        "BATON_DATABASE_URL": journey.database.url,
        "BATON_DATA_DIR": str(journey.settings.data_dir),
        "BATON_CODEC_KEY_FILE": str(journey.settings.codec_key_file),
    }
    with Program("-m", "baton", "upgrade", *how, env=environment) as program:
        ended = await asyncio.to_thread(program.end)
    assert ended == status, program.said
    return "\n".join(program.said)


async def build_of(journey: Journey, receipt: Receipt) -> str:
    """The build that the case's workflow is pinned to."""
    described = await journey.case_handle(receipt).describe()
    return described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id


async def task_failures(journey: Journey, receipt: Receipt) -> int:
    """How many of its workflow tasks failed."""
    history = await journey.case_handle(receipt).fetch_history()
    return sum(1 for event in history.events if event.HasField("workflow_task_failed_event_attributes"))


async def known(journey: Journey, build: str) -> None:
    """Until Temporal has heard of a worker of that build."""
    async with asyncio.timeout(PATIENCE):
        while not any(one.name == build and one.workers for one in (await builds.standing(journey.client)).builds):
            pass


@pytest.mark.failure_mode("F42")
async def test_a_build_comes_in_and_goes_again_with_work_in_flight(
    bots_only: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F42: a build that cannot replay what is open takes the new cases alone; back, the build before takes them.

    Each case ends on the build that it began on, with no task that failed, and each entry is there once.
    """
    journey = bots_only
    orders = [str(next(ORDERS)) for _ in range(3)]
    others = [one for one in wiring.WORKFLOWS if one is not FailedDeliveryWorkflow]
    async with worker_of(journey, NOW):
        await known(journey, NOW)
        await upgraded(journey, "--current")
        cases = [await at_desk(journey, orders[0])]
        monkeypatch.setattr(wiring, "WORKFLOWS", (HastyCase, *others))
        async with worker_of(journey, NEXT):
            await known(journey, NEXT)
            came = await upgraded(journey, "--current")
            cases.append(await at_desk(journey, orders[1]))
            await resolved(journey, cases[0], in_three_days())
            went = await upgraded(journey, "--back")
            cases.append(await at_desk(journey, orders[2]))
            for one in cases[1:]:
                await resolved(journey, one, in_three_days())
            last = await upgraded(journey)

    assert f"All new work begins on {NEXT}." in came
    assert f"All new work begins on {NOW} again." in went
    assert f"Nothing is open on {NEXT}: its workers can be stopped." in last
    assert [await build_of(journey, one) for one in cases] == [NOW, NEXT, NOW]
    assert [await task_failures(journey, one) for one in cases] == [0, 0, 0]
    for one, order_no in zip(cases, orders, strict=True):
        await once_each(journey, one, order_no)
