"""Every open history of ours, replayed against this build: what would go on, what would not, and why.

Nothing is changed, neither at Temporal nor in the records: histories are read page by page, a few ahead of the one that
is replayed, with the same workflows, sandbox, codec and interceptors as the worker's.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.common import SearchAttributeKey
from temporalio.converter import DataConverter
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from activities.correlation import Correlated
from activities.edge import FaultEdge
from activities.strays import Strays
from baton import extensions, wiring
from baton.upgrade import check_why
from baton.upgrade.check_why import Why, Words
from workflows.acts import QUEUE

RUNNING = f'ExecutionStatus = "Running" AND TaskQueue = "{QUEUE}"'
"""What our workers carry: a namespace may be shared with others."""
PAGE = 1000
AHEAD = 8
"""Histories that are read while one is replayed: replaying is slower than reading, and each may be megabytes."""

_LINK = SearchAttributeKey.for_keyword("BatonCaseUrl")
_BEHAVIOUR = SearchAttributeKey.for_keyword("TemporalWorkflowVersioningBehavior")
_BUILD = SearchAttributeKey.for_keyword("TemporalWorkerDeploymentVersion")


class Stranded(BaseModel):
    """One open workflow that this build would not carry on."""

    model_config = ConfigDict(frozen=True)

    workflow_id: str
    run_id: str
    workflow: str
    link: str
    why: Why
    sentence: str
    stays_on: str = ""


@dataclass
class Replays:
    """What came of replaying everything that is open."""

    open: int = 0
    ended: int = 0
    seconds: float = 0
    stranded: list[Stranded] = field(default_factory=list)
    staying: Counter[str] = field(default_factory=Counter)

    @property
    def stuck(self) -> list[Stranded]:
        """Those that would stand still; what stays on the build that it is pinned to is none of them."""
        return [one for one in self.stranded if not one.stays_on]


@dataclass(frozen=True)
class _Read:
    """An open workflow with its history; None when it ended and was removed meanwhile."""

    execution: WorkflowExecution
    history: WorkflowHistory | None


async def replay(
    client: Client, build: str = "", workflows: Sequence[type] = (), told: Callable[[int, int], None] | None = None
) -> Replays:
    """Replay everything of ours that runs in the client's namespace. Raises RPCError, KeyTroubleError.

    `build`: what Temporal knows this build by, as in `baton.0.2.0`; `workflows` in place of the product's; `told` hears
    how many of how many are done.
    """
    kinds = list(workflows) or [*wiring.WORKFLOWS, *extensions.workflows()]
    done, began = Replays(), time.monotonic()
    expected = (await client.count_workflows(RUNNING)).count
    slow: list[_Read] = []
    async for read, words in _replayed(client.data_converter, kinds, _read_ahead(client)):
        if words is not None and words.why is Why.SLOW:
            slow.append(read)
        else:
            _count(done, read, words, build)
        if told is not None:
            told(done.open + done.ended, expected)
    async for read, words in _replayed(
        client.data_converter, kinds, _again(slow)
    ):  # a busy machine is no reason to say no
        _count(done, read, words, build)
    done.seconds = time.monotonic() - began
    return done


def _count(done: Replays, read: _Read, words: Words | None, build: str) -> None:
    if read.history is None:
        done.ended += 1
        return
    done.open += 1
    stays_on = _stays_on(read.execution, build)
    if stays_on:
        done.staying[stays_on] += 1
    if words is not None:
        one = read.execution
        done.stranded.append(
            Stranded(
                workflow_id=one.id,
                run_id=one.run_id,
                workflow=one.workflow_type,
                link=one.typed_search_attributes.get(_LINK) or "",
                why=words.why,
                sentence=words.sentence,
                stays_on=stays_on,
            )
        )


def _stays_on(one: WorkflowExecution, build: str) -> str:
    """The older build that Temporal keeps a workflow on, by worker versioning; nothing when it comes to this one."""
    if one.typed_search_attributes.get(_BEHAVIOUR) != "Pinned":
        return ""
    pinned = one.typed_search_attributes.get(_BUILD) or "?"
    return "" if pinned.replace(":", ".") == build.replace(":", ".") else pinned


async def _replayed(
    converter: DataConverter, kinds: Sequence[type], reads: AsyncIterator[_Read]
) -> AsyncIterator[tuple[_Read, Words | None]]:
    """Each with the words for why it does not replay; None when it does."""
    handed: deque[_Read] = deque()
    noticing, codec = check_why.noticing(converter)

    async def histories() -> AsyncIterator[WorkflowHistory]:
        async for read in reads:
            handed.append(read)
            if read.history is not None:
                yield read.history

    async with _replayer(kinds, noticing).workflow_replay_iterator(histories()) as results:
        async for result in results:
            while handed[0].history is None:
                yield handed.popleft(), None
            trouble, failure = codec.taken(), result.replay_failure
            words = check_why.words(failure, result.history, trouble) if failure is not None else None
            yield handed.popleft(), words
    for read in handed:
        yield read, None


def _replayer(kinds: Sequence[type], converter: DataConverter) -> Replayer:
    """As the product's worker runs workflows; its own logs stay silent: what they say is in the result."""
    return Replayer(
        workflows=kinds,
        workflow_runner=wiring.workflow_runner(),
        data_converter=converter,
        interceptors=[Correlated(), Strays(), FaultEdge()],
        runtime=Runtime(telemetry=TelemetryConfig(logging=None)),
    )


async def _read_ahead(client: Client) -> AsyncIterator[_Read]:
    """Everything of ours that runs, each with its history, at most so many in memory."""
    ahead: deque[asyncio.Task[_Read]] = deque()
    try:
        async for one in client.list_workflows(RUNNING, page_size=PAGE):
            ahead.append(asyncio.create_task(_read(client, one)))
            if len(ahead) > AHEAD:
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()


async def _read(client: Client, one: WorkflowExecution) -> _Read:
    try:
        return _Read(one, await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history())
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return _Read(one, None)
        raise


async def _again(reads: Sequence[_Read]) -> AsyncIterator[_Read]:
    for read in reads:
        yield read
