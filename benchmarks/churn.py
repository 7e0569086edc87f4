"""A quarter of the workers restarted again and again under load: what is lost, what is twice, what it costs.

`python -m benchmarks.churn [--cases N] [--rate N] [--restarts N] [--every SECONDS] [--json PATH]`. Four processes for
workflows and four of bots share a PostgreSQL, a Temporal dev server and systems that keep a ledger. A restart takes one
of each four: told to end (SIGTERM) and killed (SIGKILL) in turn. Speed passes or fails nothing; the exit status is 1
when a case or an entry is lost or twice.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from baton.payload_keys import KEY_BYTES
from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from benchmarks import machine
from benchmarks.ledger import Ledger
from benchmarks.servers import Child, Servers, new_database, started
from benchmarks.sides import BatonSide
from core import log

OF_EACH = 4
"""Processes of each kind: one of them is a quarter."""
PARTS = ("worker", "systems")
ENTRIES = ("mark_failed_delivery", "open_ticket", "update_ticket")
FIRST_ORDER = 4_800_001


class Figures(BaseModel):
    """What the churn left. Cases per second: closed before the first restart, up to the last, and after it."""

    cases: int
    restarts: int
    seconds: float
    closed: int
    entries: dict[str, tuple[int, int]]
    lost: int
    doubled: int
    before: float
    during: float
    after: float


@dataclass
class Fleet:
    """Four processes of each kind, and how one of each is replaced."""

    stack: AsyncExitStack
    servers: Servers
    url: str
    key: bytes
    processes: dict[str, list[asyncio.subprocess.Process]] = field(default_factory=dict)
    restarts: int = 0

    async def start(self) -> None:
        """All of them, at once."""
        for part in PARTS:
            self.processes[part] = list(await asyncio.gather(*(self._new(part) for _ in range(OF_EACH))))

    async def restart(self) -> None:
        """One of each kind, the next in turn; told to end and killed in turn."""
        how = (signal.SIGTERM, signal.SIGKILL)[self.restarts % 2]
        which = self.restarts % OF_EACH
        self.restarts += 1
        await asyncio.gather(*(self._replace(part, which, how) for part in PARTS))

    async def _replace(self, part: str, which: int, how: signal.Signals) -> None:
        old = self.processes[part][which]
        old.send_signal(how)
        await old.wait()
        self.processes[part][which] = await self._new(part)

    async def _new(self, part: str) -> asyncio.subprocess.Process:
        child = Child("baton", part, self.url, self.key, ledger_of(self.servers))
        return await started(self.stack, self.servers, child)


class Load:
    """Cases that are handed in at a steady rate; without a time between restarts each waits for its share's restart."""

    def __init__(self, side: BatonSide, given: argparse.Namespace) -> None:
        self._side = side
        self._given = given
        self._began = time.monotonic()
        self._gates = [asyncio.Event() for _ in range(given.restarts + 1)]
        self._gates[0].set()
        self.closed: list[float] = []
        self.restarts: list[float] = []
        self.cases = [asyncio.create_task(self._one(count)) for count in range(given.cases)]

    @property
    def now(self) -> float:
        """Seconds since the first hand-in."""
        return time.monotonic() - self._began

    async def churn(self, fleet: Fleet) -> None:
        """All restarts: at their time, or when half of a share has closed, together with the next share's hand-in."""
        for number in range(1, self._given.restarts + 1):
            if self._given.every:
                await asyncio.sleep(max(0.0, number * self._given.every - self.now))
            else:
                await self._until_closed(int(self._given.cases * (number - 0.5) / len(self._gates)))
            self.restarts.append(self.now)
            self._gates[number].set()
            await fleet.restart()

    async def _one(self, count: int) -> None:
        if self._given.every:
            await asyncio.sleep(count / self._given.rate)
        else:
            await self._gates[count * len(self._gates) // self._given.cases].wait()
        await self._side.closed(await self._side.hand_in(str(FIRST_ORDER + count)))
        self.closed.append(self.now)

    async def _until_closed(self, wanted: int) -> None:
        waiting = {task for task in self.cases if not task.done()}
        while waiting and len(self.closed) < wanted:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


async def measure(servers: Servers, given: argparse.Namespace) -> Figures:
    """Hand in, restart, wait for the last case to close, count."""
    async with AsyncExitStack() as stack:
        url, key = new_database(servers.postgres, "baton"), os.urandom(KEY_BYTES)
        fleet = Fleet(stack, servers, url, key)
        await fleet.start()
        load = Load(await BatonSide.at(stack, servers, url, key), given)
        churning = asyncio.create_task(load.churn(fleet))
        await asyncio.wait(load.cases, timeout=given.patience)
        took = load.now
        for task in (*load.cases, churning):
            task.cancel()
        ended = await asyncio.gather(*load.cases, churning, return_exceptions=True)
        if failed := [one for one in ended if isinstance(one, Exception)]:
            print("failed:", *failed, sep="\n  ", file=sys.stderr)
        return _counted(load, given.cases, took, Ledger(ledger_of(servers)).counts())


def ledger_of(servers: Servers) -> Path:
    """The file of the systems."""
    return servers.folder / "ledger.db"


def _counted(load: Load, cases: int, took: float, kept: dict[str, tuple[int, int]]) -> Figures:
    """Each case closes once and makes each of its entries once: whatever is missing is lost, the rest is twice."""
    entries = {name: kept.get(name, (0, 0)) for name in {*ENTRIES, *kept}}
    first, last = (load.restarts[0], load.restarts[-1]) if load.restarts else (took, took)
    spans = {"before": (0.0, first), "during": (first, last), "after": (last, took)}
    speeds = {
        name: sum(start < moment <= end for moment in load.closed) / (end - start) if end > start else 0.0
        for name, (start, end) in spans.items()
    }
    return Figures(
        cases=cases,
        restarts=len(load.restarts),
        seconds=took,
        closed=len(load.closed),
        entries=entries,
        lost=(cases - len(load.closed)) + sum(max(0, cases - references) for _, references in entries.values()),
        doubled=sum(rows - references + max(0, references - cases) for rows, references in entries.values()),
        **speeds,
    )


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="WARNING")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every workflow compiles its modules anew
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        with EmbeddedPostgres() as postgres, EmbeddedTemporal(Path(folder) / "temporal.db") as temporal:
            found = machine.here(postgres.url, "churn")
            figures = asyncio.run(measure(Servers(postgres, temporal, Path(folder)), given))
        found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    print(f"\n{figures.restarts} restarts of one in {OF_EACH} of each kind in {figures.seconds:.0f} s: ", end="")
    print(f"{figures.closed} of {figures.cases} cases closed, {figures.lost} lost, {figures.doubled} doubled.")
    print(f"cases/s: {figures.before:.2f} before, {figures.during:.2f} during, {figures.after:.2f} after")
    for name, (rows, references) in sorted(figures.entries.items()):
        print(f"  {name}: {rows} entries, {references} references")
    if given.json:
        document = {"machine": found.model_dump(), "churn": figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if figures.lost or figures.doubled else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.churn", description=main.__doc__)
    add = parser.add_argument
    add("--cases", type=int, default=1200, help="cases that are handed in (1200)")
    add("--rate", type=float, default=1.0, help="cases a second at intake (1)")
    add("--restarts", type=int, default=9, help="how often a quarter is restarted (9)")
    add("--every", type=float, default=120.0, help="seconds between restarts (120); 0 goes by cases closed")
    add("--patience", type=float, default=3600.0, help="seconds after which an open case is lost (3600)")
    add("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
