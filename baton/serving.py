"""How a worker process lives: connect for as long as it takes, work until it is told to stop, stop in time."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from tenacity import retry, retry_if_exception_type, wait_exponential

from baton import ready
from baton.wiring import temporal_client
from core.settings import Settings

log = structlog.get_logger(__name__)


@retry(retry=retry_if_exception_type((RPCError, RuntimeError)), wait=wait_exponential(multiplier=0.2, max=5))
async def connected(settings: Settings) -> Client:
    """A connected client; while Temporal is away it is asked again, at most five seconds apart."""
    try:
        return await temporal_client(settings, lazy=False)
    except (RPCError, RuntimeError) as error:
        log.warning("temporal.away", kind=type(error).__name__, next="asked again within seconds")
        raise


async def until_told(
    workers: Sequence[Worker],
    losses: Iterable[Coroutine[None, None, None]] = (),
    beside: Coroutine[None, None, None] | None = None,
    told: Callable[[], None] = ready.tell,
) -> bool:
    """Run the workers until SIGTERM or SIGINT; polling stops at once, work under way gets its grace.

    False when one of `losses` ended before that: something is lost that the work cannot do without. A worker that fails
    ends the process with its error, so that the supervisor starts a fresh one. What goes on `beside` the work needs no
    grace: it is ended first. `told` is called once the workers run.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stop.set)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    extra = [asyncio.create_task(beside)] if beside is not None else []
    told()
    log.info("worker.ready", queues=[worker.task_queue for worker in workers])
    stopping = asyncio.create_task(stop.wait())
    watching = [asyncio.create_task(loss) for loss in losses]
    await asyncio.wait([stopping, *running, *watching], return_when=asyncio.FIRST_COMPLETED)
    log.info("worker.stopping")
    for task in extra:
        task.cancel()
    # All at once, or the last would poll on while the first waits; also those that have not said hello yet.
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    for waiting in (stopping, *watching):
        waiting.cancel()
    await asyncio.gather(*running)
    for failed in await asyncio.gather(*extra, return_exceptions=True):
        if isinstance(failed, Exception):
            log.error("beside.failed", kind=type(failed).__name__)
    return stop.is_set()
