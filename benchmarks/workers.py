"""The workers of one side as processes of their own, laid out alike: one for workflows and records, one for systems.

`python -m benchmarks.workers SIDE PART`, with addresses from the environment, says *ready* and works until it is
killed, or told to end (SIGTERM), when it finishes as `baton worker` and `baton bots` do. Baton's are made by the same
code as those; only the routes are stand-ins.
"""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from baton import bots_worker, wiring
from baton.passed_through import PASSED_THROUGH
from baton.seen import traces
from benchmarks.bare import QUEUE as BARE_QUEUE
from benchmarks.bare import BareDelivery, queue_of
from benchmarks.bare_handoff import QUEUE as HANDOFF_QUEUE
from benchmarks.bare_handoff import BareDesk, BareHandoff
from benchmarks.bare_steps import BareSteps
from benchmarks.desk import new_routes
from benchmarks.ledger import ledger_routes
from core import log as logging_
from core.settings import Settings, settings
from records.database import Database
from systems.registry import SYSTEMS


async def baton(part: str, chosen: Settings, database: Database) -> list[Worker]:
    """Baton's workers of that part."""
    client = await wiring.temporal_client(chosen, lazy=False)
    if part == "worker":
        return [wiring.temporal_worker(client, wiring.Steps(database, chosen))]
    store = wiring.evidence(chosen)
    shared = os.environ.get("BATON_BENCH_LEDGER")
    systems = ledger_routes(Path(shared)) if shared else new_routes()
    return list(bots_worker.bot_workers(client, database, chosen, systems, store))


async def bare(part: str, chosen: Settings, database: Database) -> list[Worker]:
    """The bare peer's: for each system as many slots as Baton's bots have seats."""
    client = await Client.connect(
        ClientConfig.load_client_connect_config()["target_host"], data_converter=pydantic_data_converter
    )
    steps = BareSteps(database, new_routes(), wiring.evidence(chosen))
    if part == "worker":
        passed = (*PASSED_THROUGH, "benchmarks.bare_steps")
        runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*passed))
        kept: list[Any] = [steps.write, steps.decide, steps.create_item]
        return [
            Worker(client, task_queue=BARE_QUEUE, workflows=[BareDelivery], activities=kept, workflow_runner=runner)
        ]
    entries: list[Any] = [steps.read_order, steps.enter]
    return [
        Worker(
            client,
            task_queue=queue_of(system.name),
            activities=entries,
            max_concurrent_activities=min(chosen.seats, len(system.accounts_of(system.route))),
        )
        for system in SYSTEMS.values()
    ]


async def bare_handoffs(_part: str, _chosen: Settings, database: Database) -> list[Worker]:
    """The worker of the bare peer of a handoff."""
    client = await Client.connect(
        ClientConfig.load_client_connect_config()["target_host"], data_converter=pydantic_data_converter
    )
    runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
    return [
        Worker(
            client,
            task_queue=HANDOFF_QUEUE,
            workflows=[BareHandoff],
            activities=[BareDesk(database).note],
            workflow_runner=runner,
        )
    ]


async def serve(side: str, part: str) -> None:
    """Work until told to end."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    chosen = settings()
    logging_.configure(f"{side}-{part}", level="WARNING")
    database = wiring.database(chosen)
    made = {"baton": baton, "bare": bare, "bare_handoffs": bare_handoffs}[side]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        for worker in await made(part, chosen, database):
            await stack.enter_async_context(worker)
        print("ready", flush=True)
        await told.wait()


if __name__ == "__main__":
    with traces.sent(sys.argv[2]):
        asyncio.run(serve(sys.argv[1], sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # all has ended: a thread of the SDK that comes back late would abort the interpreter's own end
