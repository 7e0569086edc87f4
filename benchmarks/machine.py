"""What the figures were measured on: processors, load, versions, the command."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg
from pydantic import BaseModel

from baton.temporal_server import find_binary
from bots.kit.browser_path import find_browser


class Machine(BaseModel):
    """The surroundings of one run. `load` is the one-minute load average: above the cores, figures are too slow."""

    cores: int
    memory_gb: int
    system: str
    load_before: float
    load_after: float = 0.0
    versions: dict[str, str]
    command: str

    def lines(self) -> list[str]:
        """For the terminal."""
        busy = max(self.load_before, self.load_after) > self.cores / 2
        other = "  (other work was running: read the ratios, not the absolute figures)" if busy else ""
        return [
            f"{self.cores} cores, {self.memory_gb} GB, {self.system}",
            f"load {self.load_before:.1f} before, {self.load_after:.1f} after{other}",
            ", ".join(f"{name} {number}" for name, number in self.versions.items()),
            self.command,
        ]


def here(postgres_url: str, program: str) -> Machine:
    """This machine, before the run of `program` (a module of this folder)."""
    with psycopg.connect(postgres_url) as connection:
        postgres = connection.info.parameter_status("server_version") or ""
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        load_before=os.getloadavg()[0],
        versions={
            "Python": platform.python_version(),
            "temporalio": version("temporalio"),
            "Temporal": _said(find_binary()),
            "PostgreSQL": postgres,
            "Playwright": version("playwright"),
            "browser": _said(find_browser().path),
        },
        command=" ".join([f"python -m benchmarks.{program}", *sys.argv[1:]]),
    )


def load_now() -> float:
    """The one-minute load average."""
    return os.getloadavg()[0]


def _said(program: Path) -> str:
    """What a program answers to --version, its first line."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return answer.splitlines()[0] if answer else program.name
