"""Temporal killed under submissions: how many receipts, and how long after its return every case is under way.

`python -m benchmarks.burst [--submissions N] [--minutes M] [--json PATH]`. It starts a PostgreSQL, a Temporal dev
server and Baton's processes of its own, kills Temporal (SIGKILL) while reports come in, and starts it again after so
many minutes. Every tenth case is withdrawn while nobody can be told. Speed passes or fails nothing; the exit status is
1 when a report got no receipt, a receipt has no case, or a withdrawal was not answered.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col, select
from temporalio.client import Client

from baton.codec import data_converter
from baton.payload_keys import KEY_BYTES
from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from benchmarks import machine
from benchmarks.servers import Child, Servers, new_database, started
from benchmarks.sides import ended, opened, report_of
from console.app import create_app
from console.collaborators import Collaborators
from core import clock, log
from core.settings import Settings
from fallbacks.act_relay import ActRelay
from fallbacks.relay import Relay
from fallbacks.temporal_acts import TemporalActs
from fallbacks.temporal_starter import TemporalStarter
from records import access
from records.database import Database
from records.evidence_store import EvidenceStore
from records.trail import Event
from records.waiting_act import WaitingAct

WHO = "supervisor@example.org"
FIRST_ORDER = 4_800_001
AT_ONCE = 8
"""People who press the button together, where the reports need not be spread over minutes."""
LOOKS_EVERY = 0.2
GIVES_UP = timedelta(minutes=10)


class Figures(BaseModel):
    """What came of the reports: `seconds` are from Temporal's first answer after its return."""

    submissions: int
    away_seconds: float
    receipts: int
    slowest_receipt_ms: float
    cases: int
    seconds: float
    withdrawals: int
    answered: int
    withdrawals_seconds: float

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.receipts == self.cases == self.submissions and self.withdrawals == self.answered


@dataclass
class Came:
    """What came back for the reports, as it comes in."""

    numbers: list[str] = field(default_factory=list)
    slowest: float = 0.0
    withdrawn: int = 0


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="ERROR")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every workflow compiles its modules anew
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        with EmbeddedPostgres() as postgres, EmbeddedTemporal(Path(folder) / "temporal.db") as temporal:
            found = machine.here(postgres.url, "burst")
            figures = asyncio.run(_run(Servers(postgres, temporal, Path(folder)), given))
        found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    print(f"\nTemporal was killed for {figures.away_seconds:.0f} s under {figures.submissions} reports\n")
    print(f"receipts: {figures.receipts}, the slowest after {figures.slowest_receipt_ms:.0f} ms")
    print(f"cases under way: {figures.cases}, the last {figures.seconds:.1f} s after its return")
    print(
        f"withdrawals kept: {figures.withdrawals}, answered: {figures.answered} in {figures.withdrawals_seconds:.1f} s"
    )
    if given.json:
        document = {"machine": found.model_dump(), **figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if figures.whole else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.burst", description=main.__doc__)
    parser.add_argument("--submissions", type=int, default=500, help="reports that are handed in (500)")
    parser.add_argument("--minutes", type=float, default=10, help="how long Temporal is away (10)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


async def _run(servers: Servers, given: argparse.Namespace) -> Figures:
    async with AsyncExitStack() as stack:
        database, client = await _baton(stack, servers)
        browser = await _signed_in(stack, database, client, servers.folder)
        await _warm(browser, database)
        servers.temporal.kill()
        killed = time.monotonic()
        came = await _handed_in(browser, given.submissions, given.minutes * 60)
        await asyncio.sleep(max(0.0, given.minutes * 60 - (time.monotonic() - killed)))
        await asyncio.to_thread(servers.temporal.start_again)
        back = time.monotonic()
        cases = await _until(lambda: _under_way(database), given.submissions + 1) - 1
        seconds = time.monotonic() - back
        answered = await _until(lambda: _answered(database), came.withdrawn)
        return Figures(
            submissions=given.submissions,
            away_seconds=back - killed,
            receipts=len(came.numbers),
            slowest_receipt_ms=came.slowest * 1000,
            cases=cases,
            seconds=seconds,
            withdrawals=came.withdrawn,
            answered=answered,
            withdrawals_seconds=time.monotonic() - back,
        )


async def _baton(stack: AsyncExitStack, servers: Servers) -> tuple[Database, Client]:
    """Worker and stand-in systems as processes, and what `baton ticks` does for the outbox, here."""
    url, key = new_database(servers.postgres, "baton"), os.urandom(KEY_BYTES)
    for part in ("worker", "systems"):
        await started(stack, servers, Child("baton", part, url, key))
    database = opened(stack, url)
    client = await Client.connect(servers.temporal.address, data_converter=data_converter(key))
    starter = TemporalStarter(client, "http://127.0.0.1:8400")
    for relay in (Relay(database, starter, clock.now), ActRelay(database, TemporalActs(client), clock.now)):
        stack.push_async_callback(ended, asyncio.create_task(relay.run_forever()))
    return database, client


async def _signed_in(stack: AsyncExitStack, database: Database, client: Client, folder: Path) -> httpx.AsyncClient:
    """A program with a token, at the console within this process."""
    async with database.session() as session:
        await access.ensure_demo_users(session, clock.now())
        token = await access.create_token(session, WHO, "burst", timedelta(hours=6), clock.now())
    settings = Settings(database_url=database.url, data_dir=folder, demo=True)
    app = create_app(Collaborators(database, client, settings, EvidenceStore.local(folder), clock.now))
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    browser = httpx.AsyncClient(transport=transport, base_url="http://console.test", headers=headers, timeout=60)
    return await stack.enter_async_context(browser)


async def _warm(browser: httpx.AsyncClient, database: Database) -> None:
    """One case first, so that nothing is compiled while it is measured."""
    await _hand_in(browser, 0, Came())
    await _until(lambda: _under_way(database), 1)


async def _handed_in(browser: httpx.AsyncClient, count: int, seconds: float) -> Came:
    """All reports, spread over the first nine tenths of the time; every tenth case is withdrawn at once."""
    came, gate = Came(), asyncio.Semaphore(AT_ONCE)

    async def one(ordinal: int) -> None:
        await asyncio.sleep(seconds * 0.9 * ordinal / count)
        async with gate:
            number = await _hand_in(browser, ordinal, came)
            if number and ordinal % 10 == 0:
                await _withdraw(browser, number, came)

    await asyncio.gather(*(one(ordinal) for ordinal in range(1, count + 1)))
    return came


async def _hand_in(browser: httpx.AsyncClient, ordinal: int, came: Came) -> str:
    """Hand one in and load its receipt; the case's number, or "" when there is no receipt."""
    report = report_of(str(FIRST_ORDER + ordinal)).model_dump(mode="json")
    began = time.perf_counter()
    answer = await browser.post("/api/failed-deliveries", json=report)
    came.slowest = max(came.slowest, time.perf_counter() - began)
    if answer.status_code != 202:
        return ""
    kept = await browser.get(f"/api/receipts/{answer.json()['submission_id']}")
    if kept.status_code != 200:
        return ""
    came.numbers.append(answer.json()["case_number"])
    return came.numbers[-1]


async def _withdraw(browser: httpx.AsyncClient, number: str, came: Came) -> None:
    told = await browser.post(f"/api/cases/{number}/withdrawals", json={"reason": "handed in by mistake"})
    came.withdrawn += told.status_code == 200 and told.json()["kept"]


async def _under_way(database: Database) -> int:
    """Cases that their workflow has taken up."""
    async with database.session() as session:
        began = select(func.count(func.distinct(Event.case_id))).where(Event.name == "case.started")
        return (await session.exec(began)).one()


async def _answered(database: Database) -> int:
    async with database.session() as session:
        done = select(func.count()).select_from(WaitingAct).where(col(WaitingAct.settled_at).is_not(None))
        return (await session.exec(done)).one()


async def _until(count: Callable[[], Awaitable[int]], wanted: int) -> int:
    """Wait until it is as much as wanted, or for as long as anybody would; how much it was at the end."""
    until = time.monotonic() + GIVES_UP.total_seconds()
    while (found := await count()) < wanted and time.monotonic() < until:  # noqa: ASYNC110  (another process: no event)
        await asyncio.sleep(LOOKS_EVERY)
    return found


if __name__ == "__main__":
    main()
