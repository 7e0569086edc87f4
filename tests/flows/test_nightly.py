"""The nightly flow, run for real by Prefect on a server of its own, found by prefect.yaml."""

import asyncio
import os
import re
import sys
from pathlib import Path

import psycopg

from baton import prefect_server
from baton.data_folder import DataFolder
from baton.ports import Ports
from core.case import Stage, WaitsFor
from tests.support.standing_cases import AddCases

ROOT = Path(__file__).resolve().parents[2]


async def test_the_flow_runs_in_prefect_and_keeps_the_days_figures(
    database_url: str, add: AddCases, tmp_path: Path
) -> None:
    """Prefect takes the deployment twice, runs its flow, plans the coming nights, and the day's figures are kept."""
    await add(1, Stage.RECEIVED, WaitsFor.TEMPORAL)
    ports = Ports.of(0)

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.flows.run_for_real",
        str(ports.base),
        cwd=ROOT,
        env=_surroundings(database_url, tmp_path, ports),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()

    assert process.returncode == 0, said[-4000:]
    assert said.count("deployed with 0") == 2, said[-4000:]
    assert "Finished in state Completed()" in said
    assert "planned 01:15" in said
    with psycopg.connect(database_url) as connection:
        asked = "SELECT name, key, value FROM figures WHERE day = '2026-11-20' ORDER BY name"
        kept = connection.execute(asked).fetchall()
    assert kept == [
        ("cases_by_cause", "not decided", 1),
        ("cases_by_stage", "received", 1),
        ("open_cases_by_wait", "temporal", 1),
    ]


def test_every_deployment_runs_on_the_pool_that_we_serve() -> None:
    """Each entrypoint of prefect.yaml is a file of ours, and its pool is the one that `baton up --prefect` serves."""
    written = (ROOT / "prefect.yaml").read_text(encoding="utf-8")

    entrypoints = re.findall(r"entrypoint: (\S+):(\w+)", written)
    pools = re.findall(r"work_pool:\n\s+name: (\S+)", written)

    assert len(entrypoints) == len(pools) > 0
    assert all(f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") for path, name in entrypoints)
    assert set(pools) == {prefect_server.POOL}


def _surroundings(database_url: str, home: Path, ports: Ports) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    folder = DataFolder(home)
    return {**kept, **prefect_server.environment(folder, ports), "BATON_DATABASE_URL": database_url}
