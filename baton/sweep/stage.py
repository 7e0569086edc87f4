"""The stage of a sweep: PostgreSQL, Temporal, the demo systems, a worker and several bots, in a folder of its own."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from baton import leftovers, processes, ready, wiring
from baton.data_folder import DataFolder
from baton.leftovers import RunRecord
from baton.part_log import Terminal
from baton.parts import Part, Wave
from baton.ports import Ports
from baton.postgres import prepare
from baton.stack import DEMO_SYSTEMS, ROOT, SLOW_START, Options, Stack, at, surroundings
from baton.supervisor import Supervisor
from baton.temporal_server import TemporalServer
from core.settings import Settings
from records.database import Database

LEASE, SETTLE, HEARTBEAT, PAGE = 3.0, 5.0, 3.0, 6.0
TIMINGS = {
    "BATON_LEASE_SECONDS": str(LEASE),
    "BATON_SETTLE_SECONDS": str(SETTLE),
    "BATON_HEARTBEAT_SECONDS": str(HEARTBEAT),
    "BATON_PAGE_SECONDS": str(PAGE),
    "BATON_PROBE_SECONDS": "1",
    "BATON_PROBE_LONGEST_SECONDS": "5",
    "BATON_SEATS": "1",
    "PYTHONDONTWRITEBYTECODE": "",
}
"""A tenth of what production has, in the same order: settle stays above lease, so that a run takes seconds.

Compiled modules are kept: a bot that is started again every few seconds would else compile all of ours each time.
"""
SEEDS = {"orderdesk": "--seed-orders", "fieldboard": "--seed-bookings"}
"""How a demo system is told what it begins with."""
AGAIN_AFTER = (0.2,)
"""A bot that is killed on purpose comes back at once, however often."""


@dataclass(frozen=True)
class Manner:
    """How a stage is set: its settings over those of production."""

    settings: Mapping[str, str] = field(default_factory=lambda: TIMINGS)


class Stage:
    """Everything a sweep needs; `start` once, `stop` once, also after a start that failed."""

    def __init__(self, folder: Path, bots: int, terminal: Terminal, manner: Manner | None = None) -> None:
        self._bots_wanted = bots
        self._manner = manner or Manner()
        self._terminal = terminal
        self._held = contextlib.ExitStack()
        self._supervisor: Supervisor | None = None
        self._postgres: Path | None = None
        self.folder = DataFolder(folder)
        self.scratch = folder / "tmp"
        self.tower = folder / "t"
        self.temporary = (self.scratch, folder / "browsers")
        self.desks: dict[str, str] = {}
        self.database: Database
        self.client: Client

    @property
    def bots(self) -> dict[str, int]:
        """The bot processes that run now."""
        pids = {} if self._supervisor is None else self._supervisor.pids
        return {name: pid for name, pid in pids.items() if name.startswith("bots-")}

    async def start(self, seeds: Mapping[str, list[dict[str, Any]]]) -> None:
        """Everything up; `seeds` are what demo systems begin with, by system. Raises what `baton up` raises."""
        self.folder.create()
        self.scratch.mkdir(exist_ok=True)
        self._held.enter_context(self.folder.locked())
        await asyncio.to_thread(leftovers.end_of, self.folder.record)
        stack = await asyncio.to_thread(self._put_together)
        processes.become_subreaper()
        environment = {**surroundings(self.folder), **stack.environment(), **self._manner.settings}
        self.desks = {name: at(getattr(stack.ports, name)) for name in DEMO_SYSTEMS}
        supervisor = self._supervisor = Supervisor(
            RunRecord(self.folder.record), self.folder.logs, self._terminal, environment
        )
        await supervisor.start([stack.cluster.part(), stack.temporal.part(), *self._demo_systems(stack, seeds)])
        await supervisor.once(stack.migration())
        bots = [self._bots(number) for number in range(1, self._bots_wanted + 1)]
        upkeep = stack.silent("ticks", Wave.FACES)  # who else would say that a way is open again
        await supervisor.start([upkeep, stack.silent("worker", Wave.WORKERS), *bots])
        self.database, self.client = Database(stack.cluster.url()), await _client(stack.environment())

    async def stop(self) -> None:
        """Nothing runs any more."""
        if self._supervisor is not None:
            await self._supervisor.stop()
        self._held.close()

    def remove(self) -> None:
        """Forget the folder, and PostgreSQL's where that lies elsewhere."""
        if self._postgres is not None:
            shutil.rmtree(self._postgres, ignore_errors=True)
        shutil.rmtree(self.folder.path, ignore_errors=True)

    async def ledger(self) -> list[dict[str, Any]]:
        """What every demo system committed."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answers = [await client.get(f"{url}/ledger.json") for url in self.desks.values()]
        return [row for answer in answers for row in answer.raise_for_status().json()]

    async def post(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the service desk's API, as somebody who works there; its answer."""
        key = {"X-Api-Key": self.folder.demo_secrets()["BATON_SECRET_SERVICEDESK_API_KEY"]}
        async with httpx.AsyncClient(trust_env=False, timeout=30, headers=key) as client:
            answer = await client.post(f"{self.desks['servicedesk']}{path}", json=dict(fields))
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def _put_together(self) -> Stack:
        ports = Ports.of(0)
        cluster = prepare(self.folder, ports.postgres, fast=True)
        self._postgres = cluster.home
        temporal = TemporalServer(ports.temporal, ports.temporal_metrics)
        options = Options(data_dir=self.folder.path, port_base=ports.base, fast=True)
        return Stack(options, self.folder, ports, cluster, temporal, own_mail=True)

    def _demo_systems(self, stack: Stack, seeds: Mapping[str, list[dict[str, Any]]]) -> list[Part]:
        """The demo systems, with the records of the cast."""
        return [self._seeded(part, seeds[part.name]) if part.name in seeds else part for part in stack.demo_systems()]

    def _seeded(self, part: Part, records: list[dict[str, Any]]) -> Part:
        file = self.folder.path / f"{part.name}.json"
        file.write_text(json.dumps(records), encoding="utf-8")
        return replace(part, argv=(*part.argv, SEEDS[part.name], str(file)))

    def _bots(self, number: int) -> Part:
        name = f"bots-{number}"
        file = self.folder.path / "run" / f"{name}.ready"
        return Part(
            name,
            (sys.executable, "-m", "baton", "bots"),
            ready.said_so(file),
            Wave.WORKERS,
            env={
                ready.READY_FILE: str(file),
                "BATON_CRASH_TOLD_TO": str(self.tower),
                "TMPDIR": str(self.scratch),
            },
            cwd=ROOT,
            ready_within=SLOW_START,
            clean=lambda: file.unlink(missing_ok=True),
            again_after=AGAIN_AFTER,
        )


def fresh_folder(name: str = "sweep") -> Path:
    """A folder with a short path, for sockets, that PostgreSQL's own user can reach too."""
    folder = Path(tempfile.mkdtemp(prefix=f"baton-{name}-", dir="/tmp" if os.geteuid() == 0 else None))  # noqa: S108
    folder.chmod(0o755)
    return folder


async def _client(environment: Mapping[str, str]) -> Client:
    """A client as any part of this stage has it."""
    os.environ.update(environment)
    return await wiring.temporal_client(Settings(), lazy=False)
