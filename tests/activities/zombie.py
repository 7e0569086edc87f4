"""A bot process for a test to stop and wake: it says when it fills the form, and goes on when it is told to."""

import asyncio
import os
import sys
import tempfile
import uuid
from pathlib import Path

from core.faults import LeaseLost
from records import items, tables
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from systems.registry import SYSTEMS
from tests.activities.shop import SHOP, Bots, Shop

LEASE_LOST = 3
assert tables.metadata.tables, "every table is known before a row is written"


async def main(url: str, item_id: str) -> int:
    """Try the item once; 0 when it was clicked, LEASE_LOST when that was refused."""
    SYSTEMS["shop"] = SHOP
    database = Database(url)

    async def told() -> None:
        sys.stdout.write("here\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)

    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(host="zombie", boot_id="today", worker_pid=os.getpid())
        bots = Bots(database, Shop(enter=told), EvidenceStore.local(Path(folder) / "evidence"), runner, lease_seconds=2)
        async with database.session() as session:
            item = await items.view(session, uuid.UUID(item_id))
        try:
            await bots.enters(item)
        except LeaseLost:
            return LEASE_LOST
        finally:
            await database.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
