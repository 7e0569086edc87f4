"""A million failures in five thousand groups: the time of list and group pages, and how soon a bulk retry starts.

`python -m benchmarks.failures [--failures N] [--groups N] [--reads N] [--bulk N] [--json PATH]`. It starts a PostgreSQL
of its own, fills it by COPY, reads the pages through the real console, and leaves nothing behind. The peer is the same
list by GROUP BY over the rows, in the same run. Speed passes or fails nothing.
"""

import argparse
import asyncio
import json
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import httpx
import psycopg
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import col, select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from baton.postgres import EmbeddedPostgres
from benchmarks import machine
from benchmarks.failure_rows import Rows, Size
from benchmarks.handoff import printed
from console.app import create_app
from console.collaborators import Collaborators
from core import clock, log
from core.settings import Settings
from records import access, bulk, failure_fix, migrate
from records.bulk import BulkAsked
from records.database import Database
from records.failure import FailureGroup
from records.people import User

ADDRESS = "http://console.bench"
SUPERVISOR = "supervisor@example.org"
LISTS = {
    "queue": "/failures",
    "since you were here, its late part": "/failures/news",
    "queue, by due time": "/failures?sort=due",
    "queue, filtered": "/failures?system=orderdesk&tier=A&due=24",
    "queue, searched": "/failures?q=depot",
}
GROUPS = {
    "largest group": "",
    "largest group, in doubt, tier A": "?standing=maybe&tier=A",
    "largest group, due": "?due=24",
}
GROUP_BY = text(
    """
    SELECT g.id, count(*), count(*) FILTER (WHERE f.standing = 'maybe'), min(f.due_at)
      FROM failure_groups g JOIN failures f ON f.group_id = g.id
     WHERE f.ended_at IS NULL GROUP BY g.id ORDER BY count(*) DESC LIMIT 50
    """
)


class Times(BaseModel):
    """Milliseconds on the server, over all reads."""

    p50: float
    p95: float


class Figures(BaseModel):
    """What one run found. `bulk_ms` is the time until a retry of `bulk_things` is asked for and can be sent."""

    failures: int
    groups: int
    fill_seconds: float
    pages: dict[str, Times] = {}
    peer: Times = Times(p50=0, p95=0)
    bulk_things: int = 0
    bulk_ms: float = 0


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="ERROR")
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, EmbeddedPostgres(fast=True) as postgres:
        found = machine.here(postgres.url, "failures")
        url = _database(postgres)
        began = time.perf_counter()
        Rows(Size(given.failures, given.groups), clock.now()).keep(url)
        figures = Figures(failures=given.failures, groups=given.groups, fill_seconds=time.perf_counter() - began)
        asyncio.run(_measure(url, Path(folder), given, figures))
        found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    print(f"\n{given.failures:,} failures in {given.groups:,} groups, filled in {figures.fill_seconds:.0f} s\n")
    rows = [("", "p50 ms", "p95 ms")]
    rows += [(name, f"{one.p50:.0f}", f"{one.p95:.0f}") for name, one in figures.pages.items()]
    rows += [("the list by GROUP BY over the rows", f"{figures.peer.p50:.0f}", f"{figures.peer.p95:.0f}")]
    printed(rows)
    print(f"\na bulk retry of {figures.bulk_things:,} starts within {figures.bulk_ms:.0f} ms")
    if given.json:
        document = {"machine": found.model_dump(), **figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failures", description=main.__doc__)
    parser.add_argument("--failures", type=int, default=1_000_000, help="failures (1,000,000)")
    parser.add_argument("--groups", type=int, default=5_000, help="groups (5,000)")
    parser.add_argument("--reads", type=int, default=40, help="reads of each page (40)")
    parser.add_argument("--bulk", type=int, default=10_000, help="things of the bulk retry (10,000)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def _database(postgres: EmbeddedPostgres) -> str:
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE failures")
    url = postgres.url_of("failures")
    migrate.upgrade(url)
    return url


async def _measure(url: str, folder: Path, given: argparse.Namespace, figures: Figures) -> None:
    database = Database(url)
    async with database.session() as session:
        await access.ensure_demo_users(session, clock.now())
        largest = (await session.exec(select(FailureGroup).order_by(col(FailureGroup.open).desc()).limit(1))).one()
    async with await _browser(database, folder) as browser:
        here = f"/failures/{largest.id}"
        for name, path in {**LISTS, **{name: here + query for name, query in GROUPS.items()}}.items():
            figures.pages[name] = await _timed(given.reads, lambda path=path: _read(browser, path))  # type: ignore[misc]
    figures.peer = await _timed(min(given.reads, 10), lambda: _by_rows(database))
    async with database.session() as session:
        enough = select(FailureGroup).where(FailureGroup.open >= given.bulk * 5 // 4).order_by(col(FailureGroup.open))
        fitting = (await session.exec(enough.limit(1))).first() or largest  # a part of any group cannot be sent again
    figures.bulk_things, figures.bulk_ms = await _bulk(database, fitting.id, given.bulk, clock.now())
    await database.close()


async def _browser(database: Database, folder: Path) -> httpx.AsyncClient:
    settings = Settings(database_url=database.url, data_dir=folder, demo=True)
    temporal = await Client.connect("127.0.0.1:9", lazy=True, data_converter=pydantic_data_converter)
    app = create_app(Collaborators(database, temporal, settings, _Nothing(), clock.now))
    async with database.session() as session:
        token = await access.sign_in(session, SUPERVISOR, access.DEMO_PASSWORD, clock.now())
    cookies = {"baton_session": token or ""}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS, cookies=cookies)


class _Nothing:
    """No evidence is looked at."""

    async def get(self, path: str) -> bytes:
        """Nothing is kept."""
        raise FileNotFoundError(path)

    async def put(self, path: str, data: bytes) -> None:
        """Nothing is kept."""


async def _timed(reads: int, read: Callable[[], Awaitable[None]]) -> Times:
    await read()
    taken = []
    for _ in range(reads):
        began = time.perf_counter()
        await read()
        taken.append((time.perf_counter() - began) * 1000)
    return Times(p50=median(taken), p95=quantiles(taken, n=20)[-1])


async def _read(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"


async def _by_rows(database: Database) -> None:
    async with database.session() as session:
        (await (await session.connection()).execute(GROUP_BY)).all()


async def _bulk(database: Database, group_id: uuid.UUID, things: int, now: datetime) -> tuple[int, float]:
    """So many things of a group that holds about as many, from the click to the committed action with its outbox."""
    async with database.session() as session:
        user = (await session.exec(select(User).where(User.email == SUPERVISOR))).one()
        began = time.perf_counter()
        rows = (await failure_fix.rows(session, group_id, user.id, now))[:things]
        asked = BulkAsked(key="bench", kind="retry", title="Bench", by=user.email, by_id=user.id, group_id=group_id)
        await bulk.ask(session, asked, rows, now)
    return len(rows), (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
