"""What the comparison of open cases with Temporal costs: in peace, and when most of them have vanished.

`python -m benchmarks.gone [--open N] [--running N] [--json PATH]`. It fills a PostgreSQL of its own with so many open
cases, of which the first run at a Temporal of its own, and lets the beat of `ticks` come until it has seen all others.
Speed passes or fails nothing.
"""

import argparse
import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import text
from temporalio.client import Client

from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from benchmarks import machine
from benchmarks.handoff import printed
from core import clock, log
from fallbacks.gone_processes import GoneProcesses
from fallbacks.temporal_processes import TemporalProcesses
from records import migrate, processes
from records.database import Database

AT_ONCE = 20
PATIENCE = timedelta(seconds=60)
_CASES = """
INSERT INTO cases (id, number, journey, journey_version, business_key, subject_key, stage, order_no, parcel_no, attempt,
  customer_no, customer_name, tier, cause, ticket_no, outcome, submitted_by, opened_at, updated_at,
  wait_kind, wait_since, wait_mover, wait_about, run_id, run_ordinal, seq)
SELECT md5('case' || n)::uuid, 'FD-' || lpad(n::text, 6, '0'), 'failed-delivery', 1, 'k' || n, 's' || n, 'with_service',
  '', '', 1, '', '', '', '', '', '', 'ops', :at, :at, 'nothing', :at, '', '', '', 0, 0
FROM generate_series(1, :open) AS n
"""
_STARTS = """
INSERT INTO outbox (id, case_id, workflow_type, workflow_id, run, signal, update, key, task_queue, argument, created_at,
  next_try_at, tries, last_error, sent_at)
SELECT id, id, 'Bench', journey || '/' || number, 1, '', '', '', 'baton', '{}', :at, :at, 0, '', :at FROM cases
"""


class Figures(BaseModel):
    """What one run found. `beats` were needed until everything that had vanished was shown."""

    open: int
    running: int
    beats: int = 0
    seen: int = 0
    vanished_seconds: float = 0
    known_ms: float = 0
    read_ms: float = 0
    list_ms: float = 0


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gone", description=main.__doc__)
    parser.add_argument("--open", type=int, default=10_000, help="cases that the records hold open (10,000)")
    parser.add_argument("--running", type=int, default=300, help="of which so many run at Temporal (300)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    log.configure("benchmark", level="ERROR")
    figures = Figures(open=given.open, running=given.running)
    with EmbeddedPostgres(fast=True) as postgres, EmbeddedTemporal() as temporal:
        found = machine.here(postgres.url, "gone")
        migrate.upgrade(postgres.url)
        asyncio.run(_whole(postgres.url, temporal.address, figures))
    found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    print()
    printed(_rows(figures))
    if given.json:
        document = {"machine": found.model_dump(), **figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _rows(one: Figures) -> list[tuple[str, ...]]:
    return [
        (f"{one.open:,} open, {one.running:,} running", ""),
        (f"until {one.seen:,} vanished ones are shown, {one.beats} beats, s", f"{one.vanished_seconds:.1f}"),
        ("a beat that finds nothing new, ms", f"{one.known_ms:.0f}"),
        ("of it: what is open, read from the records, ms", f"{one.read_ms:.0f}"),
        ("of it: what runs, listed by Temporal, ms", f"{one.list_ms:.0f}"),
    ]


async def _whole(url: str, address: str, figures: Figures) -> None:
    database = Database(url)
    try:
        await measure(database, await Client.connect(address), figures)
    finally:
        await database.close()


async def measure(database: Database, client: Client, figures: Figures) -> None:
    """Fill both, let the beat come until it has seen what vanished, and once more."""
    await _fill(database, client, figures)
    engine = TemporalProcesses(client, PATIENCE)
    beat = GoneProcesses(database, engine)
    began = time.perf_counter()
    while figures.seen < figures.open - figures.running:
        figures.seen += await beat.run_once(clock.now())
        figures.beats += 1
    figures.vanished_seconds = time.perf_counter() - began
    began = time.perf_counter()
    await beat.run_once(clock.now())
    figures.known_ms = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    async with database.session() as session:
        await processes.open_since(session, clock.now())
    between = time.perf_counter()
    await engine.running()
    figures.read_ms, figures.list_ms = (between - began) * 1000, (time.perf_counter() - between) * 1000


async def _fill(database: Database, client: Client, figures: Figures) -> None:
    """The cases as intake and the relay leave them, and the workflows of the first."""
    at = clock.now() - timedelta(hours=1)
    async with database.session() as session:
        connection = await session.connection()
        await connection.execute(text(_CASES), {"at": at, "open": figures.open})
        await connection.execute(text(_STARTS), {"at": at})
        await connection.execute(text("ANALYZE cases, outbox"))  # as autovacuum does within a minute
    numbers = iter(range(1, figures.running + 1))

    async def lane() -> None:
        for number in numbers:
            await client.start_workflow("Bench", {}, id=f"failed-delivery/FD-{number:06}", task_queue="nobody")

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    main()
