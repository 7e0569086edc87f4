"""What one case costs in every store and on every processor, and what that comes to at so many cases a day.

`python -m benchmarks.scale [--cases N] [--json PATH]` carries cases of `benchmarks.cases` (two reads, a decision, three
entries) through Baton's own worker, bots and relay, with systems that answer at once, and counts. `python -m
benchmarks.scale --reckon PATH` prints the tables of docs/scaling.md from such a file. Speed passes or fails nothing.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import BaseModel

from baton.postgres import EmbeddedPostgres
from baton.seen import traces
from baton.temporal_server import EmbeddedTemporal
from benchmarks import load, machine
from benchmarks.cases import AT_INTAKE, ORDERS
from benchmarks.handoff import printed
from benchmarks.load import Cpu
from benchmarks.servers import Servers
from benchmarks.sides import BatonSide
from core import log

WARM_UP = 8
_TABLES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
COUNT = sql.SQL("SELECT count(*) FROM {}")


class PerCase(BaseModel):
    """What one case leaves and uses, closed: at Temporal, in PostgreSQL (with indexes), on the processors (seconds).

    `transitions`: changes of state that Temporal's store has to take, the figure that clusters are laid out by.
    """

    workflows: float
    events: float
    history_bytes: float
    transitions: float
    temporal_bytes: float
    rows: dict[str, float]
    row_bytes: dict[str, float]
    cpu: Cpu

    @property
    def postgres_bytes(self) -> float:
        """All tables and their indexes."""
        return sum(self.row_bytes.values())

    @property
    def all_rows(self) -> float:
        """Of all tables."""
        return sum(self.rows.values())


class Figures(BaseModel):
    """One run: so many cases at once, how many a second were carried to their end, and what each cost."""

    cases: int
    per_second: float
    case: PerCase


class Store(BaseModel):
    """How full everything is at a moment."""

    rows: dict[str, int]
    row_bytes: dict[str, int]
    temporal_bytes: int


async def measure(servers: Servers, cases: int) -> Figures:
    """Carry so many cases and count what they left; the first ones, which fill caches, are not counted."""
    async with AsyncExitStack() as stack:
        side = await BatonSide.open(stack, servers)
        await _carried(side, WARM_UP)
        before, used, began = _store(servers, side), load.used(), time.perf_counter()
        workflows = set[str]()
        async for one in side.client.list_workflows(""):
            workflows.add(one.id)
        await _carried(side, cases)
        took, cpu, after = time.perf_counter() - began, load.used().since(used, cases), _store(servers, side)
        new = [one async for one in side.client.list_workflows("") if one.id not in workflows]
    each = PerCase(
        workflows=len(new) / cases,
        events=sum(one.history_length for one in new) / cases,
        history_bytes=sum(one.raw_info.history_size_bytes for one in new) / cases,
        transitions=sum(one.raw_info.state_transition_count for one in new) / cases,
        temporal_bytes=(after.temporal_bytes - before.temporal_bytes) / cases,
        rows=_grown(before.rows, after.rows, cases),
        row_bytes=_grown(before.row_bytes, after.row_bytes, cases),
        cpu=cpu,
    )
    return Figures(cases=cases, per_second=cases / took, case=each)


async def _carried(side: BatonSide, cases: int) -> None:
    at_intake = asyncio.Semaphore(AT_INTAKE)

    async def one() -> None:
        async with at_intake:
            handed = await side.hand_in(str(next(ORDERS)))
        await side.closed(handed)

    await asyncio.gather(*(one() for _ in range(cases)))


def _store(servers: Servers, side: BatonSide) -> Store:
    with psycopg.connect(str(side.database_url), autocommit=True) as connection:
        sizes = {str(name): int(size) for name, size in connection.execute(_TABLES)}
        rows = {name: _count(connection, name) for name in sizes}
    files = servers.folder.glob("temporal.db*")
    return Store(rows=rows, row_bytes=sizes, temporal_bytes=sum(file.stat().st_size for file in files))


def _count(connection: psycopg.Connection, name: str) -> int:
    found = connection.execute(COUNT.format(sql.Identifier(name))).fetchone()
    return int(found[0]) if found else 0


def _grown(before: dict[str, int], after: dict[str, int], cases: int) -> dict[str, float]:
    """What each table grew by for a case; those that did not are left out."""
    return {name: (after[name] - before[name]) / cases for name in after if after[name] > before[name]}


def main() -> None:
    """Measure, print, and write the JSON when asked to; or print what a file comes to."""
    given = _arguments()
    if given.reckon:
        from benchmarks import reckoning

        print(*reckoning.page(Figures.model_validate(json.loads(given.reckon.read_text())["scale"])), sep="\n")
        return
    log.configure("benchmark", level="WARNING")
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        with EmbeddedPostgres() as postgres, EmbeddedTemporal(Path(folder) / "temporal.db") as temporal:
            found = machine.here(postgres.url, "scale")
            figures = asyncio.run(measure(Servers(postgres, temporal, Path(folder)), given.cases))
        found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    printed(table(figures))
    if given.json:
        document = {"machine": found.model_dump(), "scale": figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def table(figures: Figures) -> Iterator[tuple[str, ...]]:
    """The rows to print."""
    case = figures.case
    yield ("one case", "")
    yield ("workflows at Temporal", f"{case.workflows:.1f}")
    yield ("events in their histories", f"{case.events:.0f}")
    yield ("bytes of histories", f"{case.history_bytes:,.0f}")
    yield ("state transitions", f"{case.transitions:.0f}")
    yield ("bytes in Temporal's store", f"{case.temporal_bytes:,.0f}")
    yield ("rows in PostgreSQL", f"{case.all_rows:.1f}")
    yield ("bytes in PostgreSQL", f"{case.postgres_bytes:,.0f}")
    yield ("processor seconds", f"{case.cpu.total:.3f}")
    for part in load.PARTS:
        yield (f"of these {part}", f"{getattr(case.cpu, part):.3f}")
    yield (f"cases/s, {figures.cases} at once", f"{figures.per_second:.1f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=main.__doc__)
    parser.add_argument("--cases", type=int, default=400, help="cases that are carried at once (400)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--reckon", type=Path, metavar="PATH", help="print what the figures of this file come to")
    return parser.parse_args()


if __name__ == "__main__":
    with traces.sent("client"):
        main()
