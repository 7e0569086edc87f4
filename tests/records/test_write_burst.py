"""PostgreSQL killed while many write: whatever was acknowledged is there. `BATON_KILLS=200` is the long round."""

import asyncio
import itertools
import os
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import select

from baton.postgres import EmbeddedPostgres
from records import migrate
from records.case import Case
from records.database import Database
from records.intake import hand_in
from records.outbox import OutboxRow
from records.submission import Submission
from tests.records.conftest import NOW
from tests.support.journey import handed, report_of
from tests.support.servers import killed_and_back

KILLS = int(os.environ.get("BATON_KILLS", "10"))
WRITERS = 8
ENOUGH = 24
"""So many acknowledged submissions make a burst; then the server dies, whatever is under way."""


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of its own with fsync, as in production: the others of the session stay alive."""
    with EmbeddedPostgres() as server:
        migrate.upgrade(server.url)
        yield server


@pytest.mark.failure_mode("F52")
async def test_what_was_acknowledged_before_a_kill_is_there(own_server: EmbeddedPostgres) -> None:
    """F52: after every kill each acknowledged submission has its case and its row for Temporal, and no half one."""
    numbers = itertools.count(4800000)
    acknowledged: set[str] = set()
    for kill in range(1, KILLS + 1):
        await _burst(own_server, numbers, acknowledged)
        kept = await _kept(own_server.url)
        lost = acknowledged - kept["submissions"]
        assert not lost, f"lost at kill {kill} of {KILLS}: {sorted(lost)}"
        assert kept["submissions"] == kept["cases"] == kept["rows"], f"half a submission at kill {kill}"
    assert len(acknowledged) >= KILLS * ENOUGH


async def _burst(server: EmbeddedPostgres, numbers: Iterator[int], acknowledged: set[str]) -> None:
    database, enough, before = Database(server.url), asyncio.Event(), len(acknowledged)

    async def write() -> None:
        while True:
            order = str(next(numbers))
            try:
                async with database.session() as session:
                    receipt = await hand_in(session, handed(report_of(order)), NOW)
            except (DBAPIError, PoolTimeout):
                return
            acknowledged.add(str(receipt.case_id))
            if len(acknowledged) - before >= ENOUGH:
                enough.set()

    writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
    await enough.wait()
    await asyncio.to_thread(killed_and_back, server)
    for writer in writers:
        writer.cancel()
    await asyncio.gather(*writers, return_exceptions=True)
    await database.close()


async def _kept(url: str) -> dict[str, set[str]]:
    database = Database(url)
    async with database.session() as session:
        kept = {
            "cases": {str(one) for one in await session.exec(select(Case.id))},
            "rows": {str(one) for one in await session.exec(select(OutboxRow.case_id))},
            "submissions": {str(one) for one in await session.exec(select(Submission.case_id))},
        }
    await database.close()
    return kept
