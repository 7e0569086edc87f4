"""The supervisor's board over a hundred thousand handoffs: how long the server takes for its page.

`python -m benchmarks.board [--handoffs N] [--open N] [--people N] [--loads N] [--json PATH]`. It starts a PostgreSQL of
its own, and leaves nothing behind. The page is asked for within this process, so that no network is measured. Speed
passes or fails nothing; the exit status is 1 when what the page counts is not what was put there.
"""

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from pydantic import BaseModel
from temporalio.client import Client

from baton.postgres import EmbeddedPostgres
from benchmarks import board_seed, machine
from benchmarks.servers import new_database
from console.app import create_app
from console.collaborators import Collaborators
from core import clock, log
from core.settings import Settings
from records import access
from records.database import Database
from records.evidence_store import EvidenceStore

WHO = "supervisor@example.org"


class Figures(BaseModel):
    """What one page took, in milliseconds, and what it said."""

    loads: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    waiting: int
    held: int


def main() -> None:
    """Measure, print, and write the JSON when asked to."""
    given = _arguments()
    log.configure("benchmark", level="WARNING")
    with EmbeddedPostgres() as postgres, tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        found = machine.here(postgres.url, "board")
        figures = asyncio.run(_run(new_database(postgres, "board"), Path(folder), given))
        found.load_after = machine.load_now()
    print(*found.lines(), sep="\n")
    print(f"\n{given.handoffs:,} handoffs, {given.open:,} of them open, {given.people} people\n")
    took = f"median {figures.median_ms:.0f} ms, 95 % {figures.p95_ms:.0f} ms, worst {figures.worst_ms:.0f} ms"
    print(f"the board's page: {took}")
    if given.json:
        sizes = {"handoffs": given.handoffs, "open": given.open}
        document = {"machine": found.model_dump(), **sizes, **figures.model_dump()}
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if (figures.waiting, figures.held) == (given.open - given.open // 4, given.open // 4) else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board", description=main.__doc__)
    parser.add_argument("--handoffs", type=int, default=100_000, help="handoffs in all (100,000)")
    parser.add_argument("--open", type=int, default=20_000, help="handoffs that are open (20,000)")
    parser.add_argument("--people", type=int, default=60, help="people who take cases (60)")
    parser.add_argument("--loads", type=int, default=60, help="pages that are timed (60)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


async def _run(url: str, folder: Path, given: argparse.Namespace) -> Figures:
    now = clock.now()
    board_seed.seed(url, now, handoffs=given.handoffs, still_open=given.open, people=given.people)
    database = Database(url)
    async with database.session() as session:
        await access.ensure_demo_users(session, now)
    settings = Settings(database_url=url, data_dir=folder, console_url="http://board.bench")
    nobody = await Client.connect("127.0.0.1:9", lazy=True)  # the board asks Temporal for nothing
    app = create_app(Collaborators(database, nobody, settings, EvidenceStore.local(folder), clock.now))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://board.bench") as client:
        await _sign_in(client)
        figures = await _measure(client, given.loads)
    await database.close()
    return figures


async def _sign_in(client: httpx.AsyncClient) -> None:
    page = (await client.get("/sign-in")).text
    proof = re.search(r'name="csrf" value="([^"]+)"', page)
    assert proof is not None
    form = {"email": WHO, "password": access.DEMO_PASSWORD, "csrf": proof[1]}
    await client.post("/sign-in", data=form)


async def _measure(client: httpx.AsyncClient, loads: int) -> Figures:
    took: list[float] = []
    text = ""
    for _ in range(loads + 3):
        began = time.perf_counter()
        answer = await client.get("/board")
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.status_code
        text = answer.text
    took = sorted(took[3:])  # the first ones compile templates and open connections
    waiting, held = (int(one.replace(",", "")) for one in re.findall(r'<span class="number">([\d,]+)</span>', text)[:2])
    p95 = took[min(int(len(took) * 0.95), len(took) - 1)]
    median = statistics.median(took)
    return Figures(loads=loads, median_ms=median, p95_ms=p95, worst_ms=took[-1], waiting=waiting, held=held)


if __name__ == "__main__":
    main()
