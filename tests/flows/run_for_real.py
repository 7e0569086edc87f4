"""Prefect in processes of its own: its server and our deployment as `baton up` has them, the flow and its schedule."""

import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Any

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.sorting import FlowRunSort
from prefect.flows import load_flow_from_entrypoint
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from baton import prefect_server
from baton.parts import Part
from baton.ports import Ports
from tests.support.patience import PATIENCE, STOPPED

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = "flows/nightly.py:count_cases_by_stage"


def soon() -> AsyncRetrying:
    """Asks twice a second for at most a minute and a half."""
    return AsyncRetrying(wait=wait_fixed(0.5), stop=stop_after_delay(PATIENCE), reraise=True)


async def start(part: Part) -> asyncio.subprocess.Process:
    """The part's command, speaking where this process speaks."""
    return await asyncio.create_subprocess_exec(*part.argv, cwd=ROOT)


async def main(ports: Ports) -> None:
    """What `baton up --prefect` does, then what its worker does; the server ends with it."""
    server = await start(prefect_server.server(ports, ROOT))
    try:
        await use(ports)
    finally:
        family = psutil.Process(server.pid).children(recursive=True)
        server.terminate()
        await server.wait()
        for left in psutil.wait_procs(family, timeout=STOPPED)[1]:
            left.kill()


async def use(ports: Ports) -> None:
    """Deploys twice, runs the flow once, and waits until the server has planned the coming nights."""
    async with get_client() as client:
        async for attempt in soon():
            with attempt:
                (await client.hello()).raise_for_status()
        await client.create_work_pool(WorkPoolCreate(name=prefect_server.POOL, type="process"))
        for _ in range(2):
            deploying = await start(prefect_server.deployment(ports, ROOT))
            sys.stdout.write(f"deployed with {await deploying.wait()}\n")
        nightly: Any = load_flow_from_entrypoint(ENTRYPOINT)
        await nightly(day=date(2026, 11, 20))
        async for attempt in soon():
            with attempt:
                runs = await client.read_flow_runs(limit=20, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
                planned = [run for run in runs if run.auto_scheduled]
                assert planned, "the server planned no run"
        sys.stdout.write(f"planned {planned[0].expected_start_time:%H:%M}\n")


if __name__ == "__main__":
    asyncio.run(main(Ports.of(int(sys.argv[1]))))
