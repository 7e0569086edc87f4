"""What fallbacks cost and how fast they are: the breaker's price for a call, the relay, the line, and a backlog.

`python -m benchmarks.fallbacks [--calls N] [--starts N] [--line N] [--backlog N] [--bots N] [--json PATH]`. It starts
all it needs and leaves nothing behind. Each figure has a peer in the same run: the same call without the breaker, the
same workflows started by hand, the same entries with no outage. Speed passes or fails nothing.
"""

import argparse
import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from pydantic import BaseModel
from sqlalchemy import insert, text
from sqlmodel import col, func, select
from temporalio.client import Client

from baton.drill.command import timings
from baton.drill.entries import Planned, part_of
from baton.drill.play import start
from baton.part_log import Terminal
from baton.postgres import EmbeddedPostgres
from baton.sweep import cast as casting
from baton.sweep.records import Records
from baton.sweep.stage import Manner, Stage, fresh_folder
from baton.temporal_server import EmbeddedTemporal
from benchmarks import machine
from benchmarks.handoff import printed
from core import clock, log
from core.work_item import Kind, State
from fallbacks import breaker
from fallbacks.breaker import Breaker, Heard, Patience, Source
from fallbacks.health import Health
from fallbacks.relay import Relay
from fallbacks.temporal_starter import TemporalStarter
from records import held_line, migrate
from records.database import Database
from records.operation_holds import OperationHold
from records.outbox import OutboxRow
from records.work_item import WorkItem
from systems.drills import Mode
from systems.way import Way

WAY, SCREENS = Way("servicedesk", route="api"), Way("servicedesk")
"""What is measured; and the other way there, which entries would take while the first one is out of use."""
AT_ONCE = 20
PROBES = 10_000


class Figures(BaseModel):
    """What one run found; `peer` is the same work without what is measured."""

    hear_us: float = 0
    call_ms: float = 0
    call_peer_ms: float = 0
    relay_per_second: float = 0
    relay_peer_per_second: float = 0
    line_entries: int = 0
    line_per_second: float = 0
    backlog: int = 0
    backlog_seconds: float = 0
    backlog_per_minute: float = 0
    own_per_minute: float = 0


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="ERROR")
    figures = Figures()
    with EmbeddedPostgres(fast=True) as postgres, EmbeddedTemporal() as temporal:
        found = machine.here(postgres.url, "fallbacks")
        migrate.upgrade(postgres.url)
        asyncio.run(_parts(postgres.url, temporal.address, given, figures))
    if given.backlog:
        asyncio.run(_whole(given, figures))
    found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    print()
    printed(_rows(figures))
    if given.json:
        document = {"machine": found.model_dump(), **figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fallbacks", description=main.__doc__)
    parser.add_argument("--calls", type=int, default=300, help="calls of each kind (300)")
    parser.add_argument("--starts", type=int, default=1000, help="workflows that the relay starts (1,000)")
    parser.add_argument("--line", type=int, default=1000, help="entries of the line that is let go (1,000)")
    parser.add_argument(
        "--backlog", type=int, default=1000, help="entries of the backlog (1,000); 0: neither it nor calls"
    )
    parser.add_argument("--bots", type=int, default=2, help="bot processes (2)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def _rows(one: Figures) -> list[tuple[str, ...]]:
    return [
        ("", "Baton", "without", "ratio"),
        ("one fact, pure, microseconds", f"{one.hear_us:.1f}", "", ""),
        ("a call by API, ms", f"{one.call_ms:.1f}", f"{one.call_peer_ms:.1f}", _ratio(one.call_ms, one.call_peer_ms)),
        (
            "workflows started a second",
            f"{one.relay_per_second:.0f}",
            f"{one.relay_peer_per_second:.0f}",
            _ratio(one.relay_per_second, one.relay_peer_per_second),
        ),
        ("entries of a line let go a second", f"{one.line_per_second:.0f}", "", ""),
        (
            f"a backlog of {one.backlog:,}, entries a minute",
            f"{one.backlog_per_minute:.0f}",
            f"{one.own_per_minute:.0f}",
            _ratio(one.backlog_per_minute, one.own_per_minute),
        ),
    ]


def _ratio(this: float, peer: float) -> str:
    return f"{this / peer:.2f}" if peer else "-"


async def _parts(url: str, temporal: str, given: argparse.Namespace, figures: Figures) -> None:
    """What needs no system: the breaker's rule, the relay, the line."""
    database = Database(url)
    try:
        figures.hear_us = _hear()
        await _relay(database, await Client.connect(temporal), given.starts, figures)
        await _line(database, given.line, figures)
    finally:
        await database.close()


def _hear() -> float:
    known, heard = Breaker(since=clock.now()), Heard(ok=True, source=Source.ENTRY)
    began = time.perf_counter()
    for _ in range(PROBES):
        known = breaker.hear(known, heard, Patience(), clock.now())
    return (time.perf_counter() - began) / PROBES * 1e6


async def _relay(database: Database, client: Client, starts: int, figures: Figures) -> None:
    """The relay's rounds over rows that are due, and the same starts by hand."""
    now = clock.now()
    async with database.session() as session:
        for number in range(starts):
            session.add(
                OutboxRow(
                    workflow_type="Bench",
                    workflow_id=f"bench/relay/{number}",
                    task_queue="nobody",
                    argument={},
                    created_at=now,
                    next_try_at=now,
                )
            )
    relay = Relay(database, TemporalStarter(client, "http://console.bench"), clock.now)
    began = time.perf_counter()
    sent = 0
    while sent < starts:
        sent += await relay.run_once(clock.now())
    figures.relay_per_second = starts / (time.perf_counter() - began)
    began = time.perf_counter()
    numbers = iter(range(starts))

    async def lane() -> None:
        for number in numbers:
            await client.start_workflow("Bench", {}, id=f"bench/{number}", task_queue="nobody")

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    figures.relay_peer_per_second = starts / (time.perf_counter() - began)


async def _line(database: Database, entries: int, figures: Figures) -> None:
    """A line behind a whole way, a fifth as many records as entries, let go as far as the order of each allows."""
    now = clock.now()
    await Health(database).isolate([WAY], by="benchmark", why="a line is made")
    async with database.session() as session:
        hold = (await session.exec(select(OperationHold))).one()
        moments = {"wait_since": now, "created_at": now, "updated_at": now, "kind": Kind.CREATE}
        line = {**WAY._asdict(), "operation": "update_ticket", "state": State.READY, "held_behind": hold.id, **moments}
        rows = [
            {**line, "id": uuid.uuid4(), "target_key": f"T-{n // 5}", "occurrence": f"{n}", "reference": f"BTN-{n}"}
            for n in range(entries)
        ]
        await (await session.connection()).execute(insert(WorkItem), rows)
        await (await session.connection()).execute(text("ANALYZE work_items"))  # as autovacuum does within a minute
    seconds, left = 0.0, entries
    while left:
        began = time.perf_counter()
        async with database.session() as session:
            went = await held_line.let_go(session, hold.id, AT_ONCE, clock.now())
        seconds += time.perf_counter() - began
        async with database.session() as session:
            ended = {"state": State.DONE, "ended_at": clock.now(), "held_behind": None}
            gone = WorkItem.__table__.update().where(col(WorkItem.through_hold)).values(**ended)  # type: ignore[attr-defined]
            await (await session.connection()).execute(gone)
        left -= went
    figures.line_entries, figures.line_per_second = entries, entries / seconds


async def _whole(given: argparse.Namespace, figures: Figures) -> None:
    """A stage with the service desk, the upkeep, a worker and bots that go by API."""
    folder = fresh_folder("bench")
    part = part_of(casting.read(), "servicedesk")
    with (folder / "bench.log").open("a", encoding="utf-8") as out:
        stage = Stage(folder, given.bots, Terminal(out=out), Manner(timings(Mode.DOWN)))
        records = Records(casting.read(), [part.target], given.backlog, stage.post)
        try:
            await stage.start(records.seeds())
            keys = [await records.fresh(part.target) for _ in range(max(1, given.backlog // 5))]
            await _calls(stage, keys[0], given.calls, figures)
            await _backlog(stage, part.turns(keys, 2 * given.backlog), given.backlog, figures)
            await stage.database.close()
        finally:
            await stage.stop()
            stage.remove()


async def _calls(stage: Stage, ticket: str, calls: int, figures: Figures) -> None:
    """A read by API, bare, and with what the breaker asks and notes of it."""
    health = Health(stage.database)
    key = {"X-Api-Key": stage.folder.demo_secrets()["BATON_SECRET_SERVICEDESK_API_KEY"]}
    bare, watched = [], []
    async with httpx.AsyncClient(trust_env=False, headers=key, base_url=stage.desks["servicedesk"]) as client:
        for _ in range(calls):
            began = time.perf_counter()
            (await client.get(f"/api/tickets/{ticket}")).raise_for_status()
            between = time.perf_counter()
            assert await health.shut(WAY) is None
            (await client.get(f"/api/tickets/{ticket}")).raise_for_status()
            await health.note(WAY, ok=True, source=Source.READ, ms=1)
            bare.append(between - began)
            watched.append(time.perf_counter() - between)
    figures.call_ms, figures.call_peer_ms = median(watched) * 1000, median(bare) * 1000


async def _backlog(stage: Stage, turns: Iterator[list[Planned]], backlog: int, figures: Figures) -> None:
    """Entries in peace, then as many that stood in line while the way was out of use."""
    health = Health(stage.database)
    began = time.perf_counter()
    own = await _hand_in(stage, turns, backlog // 2)
    await _all_in(stage.database, own)
    figures.own_per_minute = own / (time.perf_counter() - began) * 60
    await health.isolate([WAY, SCREENS], by="benchmark", why="a backlog is made")
    figures.backlog = await _hand_in(stage, turns, backlog)
    await _all_held(stage.database, figures.backlog)
    began = time.perf_counter()
    await health.resume([WAY], by="benchmark", why="the backlog is there")
    await _all_in(stage.database, own + figures.backlog)
    figures.backlog_seconds = time.perf_counter() - began
    figures.backlog_per_minute = figures.backlog / figures.backlog_seconds * 60


async def _hand_in(stage: Stage, turns: Iterator[list[Planned]], wanted: int) -> int:
    handed_in = 0
    while handed_in < wanted:
        planned = next(turns)
        await start(stage.client, planned)
        handed_in += len(planned)
    return handed_in


async def _all_in(database: Database, wanted: int) -> None:
    await _until(database, wanted, WorkItem.state == State.DONE)


async def _all_held(database: Database, wanted: int) -> None:
    await _until(database, wanted, col(WorkItem.held_behind).is_not(None))


async def _until(database: Database, wanted: int, which: Any) -> None:
    while True:
        async with database.session() as session:
            if (await session.exec(select(func.count()).select_from(WorkItem).where(which))).one() >= wanted:
                return
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    main()
