"""Which build of the workers takes new work, and which still carries what: Temporal's worker deployment versions.

What begins on a build ends on it (it is pinned), so a build goes on running until nothing of it is open.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import BaseModel, ConfigDict
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from baton.seen.queues import HEARD_WITHIN, WORKFLOW
from baton.versioning import DEPLOYMENT
from workflows.acts import QUEUE

ANSWER_WITHIN = timedelta(seconds=10)
AT_ONCE = 20
RUNNING = 'ExecutionStatus = "Running"'
MEANWHILE = (
    "Somebody else changed this a moment ago, so nothing was changed. Look at `baton upgrade`, and say it again."
)


class UpgradeRefused(Exception):
    """It cannot be done as it was asked for; the message says why, and nothing changed."""


class Build(BaseModel):
    """One build: when Temporal first heard of it (seconds), what share of new work it takes (percent), how many open
    workflows it carries, and how many of its workers asked for work lately. `last_current`: when it last took all."""

    model_config = ConfigDict(frozen=True)

    name: str
    known_since: float
    share: float
    open: int
    workers: int
    last_current: float


class Standing(BaseModel):
    """How it is: the builds, the newest first, and what runs without one. `token` guards against a second hand."""

    model_config = ConfigDict(frozen=True)

    builds: tuple[Build, ...]
    current: str
    ramping: str
    without: int
    workers_without: int
    token: bytes

    def of(self, name: str) -> Build:
        """The build of that name; UpgradeRefused where Temporal has never heard of it."""
        found = next((one for one in self.builds if one.name == name), None)
        if found is None:
            known = ", ".join(one.name for one in self.builds) or "none yet"
            raise UpgradeRefused(f"No worker has ever said that it is build {name}. Known: {known}.")
        return found


async def standing(client: Client) -> Standing:
    """Ask Temporal. RPCError when it does not answer."""
    info, token = await _described(client)
    routing = info.routing_config
    current = routing.current_deployment_version.build_id
    ramping, percent = routing.ramping_deployment_version.build_id, routing.ramping_version_percentage
    workers = await _workers(client)
    names = [one.deployment_version.build_id for one in info.version_summaries]
    carried = dict(zip(names, await asyncio.gather(*(_open(client, name) for name in names)), strict=True))
    shares = {current: 100.0 - (percent if ramping else 0.0), ramping: float(percent)}
    builds = [
        Build(
            name=name,
            known_since=one.create_time.ToNanoseconds() / 1e9,
            share=shares.get(name, 0.0),
            open=carried[name],
            workers=workers.get(name, 0),
            last_current=max(one.last_current_time.ToNanoseconds(), one.current_since_time.ToNanoseconds()) / 1e9,
        )
        for name, one in zip(names, info.version_summaries, strict=True)
    ]
    everything = await client.count_workflows(RUNNING, rpc_timeout=ANSWER_WITHIN)
    return Standing(
        builds=tuple(sorted(builds, key=lambda one: one.known_since, reverse=True)),
        current=current,
        ramping=ramping,
        without=max(0, everything.count - sum(carried.values())),
        workers_without=workers.get("", 0),
        token=token,
    )


async def make_current(client: Client, now: Standing, build: str) -> None:
    """All new work goes to this build from now on, and what ran without a build goes on there."""
    _polled(now, build)
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace,
        deployment_name=DEPLOYMENT,
        build_id=build,
        conflict_token=now.token,
        identity=client.identity,
    )
    await _steered(client.workflow_service.set_worker_deployment_current_version(request, timeout=ANSWER_WITHIN))


async def ramp(client: Client, now: Standing, build: str, percent: float) -> None:
    """So many of a hundred new cases begin on this build; none takes the ramp away."""
    if not now.current:
        raise UpgradeRefused("No build takes new work yet: the first is brought in with --current.")
    if not percent and not now.ramping:
        raise UpgradeRefused(f"All new work begins on {now.current} already.")
    if percent:
        _polled(now, build)
    if percent and build == now.current:
        raise UpgradeRefused(f"All new work begins on {build} already.")
    request = SetWorkerDeploymentRampingVersionRequest(
        namespace=client.namespace,
        deployment_name=DEPLOYMENT,
        build_id=build if percent else "",
        percentage=percent,
        conflict_token=now.token,
        identity=client.identity,
    )
    await _steered(client.workflow_service.set_worker_deployment_ramping_version(request, timeout=ANSWER_WITHIN))


def troubles(now: Standing) -> list[str]:
    """What stands still or waits for a word, a sentence each; `baton status` says them too."""
    said = [
        f"Build {one.name} has no worker, {one.open:,} open there stand: run one, or `baton upgrade --move {one.name}`"
        for one in now.builds
        if one.open and not one.workers
    ]
    said += [
        f"Build {one.name} takes new work and has no worker: start one, or `baton upgrade --back`"
        for one in now.builds
        if one.share and not one.open and not one.workers
    ]
    if now.builds and not now.current:
        said.append("No build takes new work yet: `baton upgrade --current` brings the first one in")
    return said


def before(now: Standing) -> Build:
    """The older build that took new work last; UpgradeRefused when there is none.

    Never a newer one: who goes back twice, since the first time was not believed, must not land on the build they fled.
    """
    if not now.current:
        raise UpgradeRefused("No build takes new work yet, so there is none to go back from.")
    since = now.of(now.current).known_since
    earlier = [one for one in now.builds if one.last_current and one.known_since < since]
    if not earlier:
        raise UpgradeRefused(f"There is no build to go back to: none older than {now.current} took new work.")
    return max(earlier, key=lambda one: one.last_current)


def newest(now: Standing) -> Build:
    """The newest build that has workers and does not take all new work; UpgradeRefused when there is none."""
    found = next((one for one in now.builds if one.workers and one.name != now.current), None)
    if found is None:
        raise UpgradeRefused(
            "No worker of another build asks for work. Start `baton worker` with BATON_BUILD set to the new build."
        )
    return found


async def move(client: Client, now: Standing, left: str, build: str) -> tuple[int, int]:
    """Have what is open on one build go on, on another: how many, and how many ended meanwhile."""
    now.of(left)
    _polled(now, build)
    if left == build:
        raise UpgradeRefused(f"It is on {build} already.")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(workflow_id: str, run_id: str) -> bool:
        async with gate:
            return await _pin(client, workflow_id, run_id, build)

    found = [(one.id, one.run_id) async for one in client.list_workflows(_on(left))]
    moved = await asyncio.gather(*(one(*each) for each in found))
    return sum(moved), len(moved) - sum(moved)


async def _pin(client: Client, workflow_id: str, run_id: str, build: str) -> bool:
    """Whether it was open still."""
    pinned = VersioningOverride.PinnedOverride(
        behavior=VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED,
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build),
    )
    request = UpdateWorkflowExecutionOptionsRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        workflow_execution_options=WorkflowExecutionOptions(versioning_override=VersioningOverride(pinned=pinned)),
        update_mask=FieldMask(paths=["versioning_override"]),
    )
    try:
        await client.workflow_service.update_workflow_execution_options(request, timeout=ANSWER_WITHIN)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


def _polled(now: Standing, build: str) -> None:
    if not now.of(build).workers:
        raise UpgradeRefused(f"No worker of build {build} asks for work, so nothing would go on. Start one first.")


async def _steered(asked: Awaitable[object]) -> None:
    try:
        await asked
    except RPCError as error:
        if error.status in (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.ABORTED):
            raise UpgradeRefused(f"{MEANWHILE} Temporal says: {error.message}") from None
        raise


async def _described(client: Client) -> tuple[WorkerDeploymentInfo, bytes]:
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    try:
        found = await client.workflow_service.describe_worker_deployment(request, timeout=ANSWER_WITHIN)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return WorkerDeploymentInfo(), b""
        raise
    return found.worker_deployment_info, found.conflict_token


async def _workers(client: Client) -> dict[str, int]:
    """How many workers of each build asked for work lately; those without one under the empty name."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=QUEUE), task_queue_type=WORKFLOW
    )
    found = await client.workflow_service.describe_task_queue(request, timeout=ANSWER_WITHIN)
    since = time.time() - HEARD_WITHIN
    return _counted(
        poller.deployment_options.build_id for poller in found.pollers if poller.last_access_time.seconds >= since
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for name in names:
        counted[name] = counted.get(name, 0) + 1
    return counted


async def _open(client: Client, build: str) -> int:
    return (await client.count_workflows(_on(build), rpc_timeout=ANSWER_WITHIN)).count


def _on(build: str) -> str:
    return f'{RUNNING} AND TemporalWorkerDeploymentVersion = "{DEPLOYMENT}:{build}"'
