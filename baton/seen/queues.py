"""Who takes work from Temporal's task queues: asked of Temporal itself, since a worker that is gone tells nothing."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from baton import wiring
from core.settings import Settings
from systems.environment import BadEnvironmentsError
from systems.registry import SYSTEMS
from workflows.acts import QUEUE

HEARD_WITHIN = 90.0
"""A poll lasts a minute; Temporal remembers pollers for five, dead ones too."""
ANSWER_WITHIN = timedelta(seconds=2)
WORKFLOW, ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
KINDS: Mapping[TaskQueueType.ValueType, str] = {WORKFLOW: "workflow", ACTIVITY: "activity"}
Queue = tuple[str, str]
"""Its name, and the kind of task."""


def expected(settings: Settings) -> list[Queue]:
    """The queues that somebody should serve: our own, and that of each system that has an address."""
    try:
        places = [place for place in wiring.known_places(settings) if place.address]
    except BadEnvironmentsError:
        places = []
    bots = sorted({SYSTEMS[place.system].queue_of(place.name) for place in places})
    return [(QUEUE, "workflow"), (QUEUE, "activity"), *((queue, "activity") for queue in bots)]


async def pollers(client: Client, queues: Iterable[Queue]) -> dict[Queue, int]:
    """How many workers asked for work lately. Raises RPCError or RuntimeError while Temporal is away."""
    asked = list(queues)
    numbers = await asyncio.gather(*(_pollers(client, *queue) for queue in asked))
    return dict(zip(asked, numbers, strict=True))


async def _pollers(client: Client, queue: str, kind: str) -> int:
    type_ = next(number for number, word in KINDS.items() if word == kind)
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=type_
    )
    found = await client.workflow_service.describe_task_queue(request, timeout=ANSWER_WITHIN)
    since = time.time() - HEARD_WITHIN
    return sum(1 for poller in found.pollers if poller.last_access_time.seconds >= since)
