"""The nightly flow, run for real by Prefect against a server of its own, and the file by which Prefect finds it."""

import asyncio
import importlib
import os
import re
import sys
from pathlib import Path

import psycopg
import yaml  # type: ignore[import-untyped]  # its stubs are not among the locked tools

from core.case import Stage, WaitsFor
from tests.support.standing_cases import AddCases

ROOT = Path(__file__).resolve().parents[2]


async def test_the_flow_runs_in_prefect_and_keeps_the_days_figures(
    database_url: str, add: AddCases, tmp_path: Path
) -> None:
    """Prefect loads the flow as prefect.yaml names it, runs it, and the figures of the day are in the database."""
    await add(1, Stage.RECEIVED, WaitsFor.TEMPORAL)

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.flows.run_for_real",
        cwd=ROOT,
        env=_surroundings(database_url, tmp_path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()

    assert process.returncode == 0, said[-4000:]
    assert "Finished in state Completed()" in said
    with psycopg.connect(database_url) as connection:
        kept = connection.execute(
            "SELECT name, key, value FROM figures WHERE day = '2026-11-20' ORDER BY name"
        ).fetchall()
    assert kept == [
        ("cases_by_cause", "not decided", 1),
        ("cases_by_stage", "received", 1),
        ("open_cases_by_wait", "temporal", 1),
    ]


def test_every_deployment_names_a_flow_that_exists() -> None:
    """Each entrypoint of prefect.yaml is a flow, on the pool that `baton up --prefect` serves, by a readable clock."""
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]

    for deployment in deployments:
        path, _, name = deployment["entrypoint"].partition(":")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        assert type(getattr(module, name)).__name__ == "Flow"
        assert deployment["work_pool"]["name"] == "baton"
        assert all(re.fullmatch(r"(\S+ ){4}\S+", clock["cron"]) for clock in deployment["schedules"])


def _surroundings(database_url: str, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **kept,
        "BATON_DATABASE_URL": database_url,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_COLORS": "false",
    }
