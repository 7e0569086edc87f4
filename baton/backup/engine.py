"""Temporal's state in a backup, where it is ours: the dev server's file, copied while it runs.

The records win. What is put back carries histories to read, and no run of it goes on: every open one is ended, and
begins anew from the records, which are of a later moment.
"""

import asyncio
import contextlib
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import quote

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from baton import temporal_peer
from baton.backup.manifest import BackupError
from baton.temporal_server import EmbeddedTemporal, find_binary
from fallbacks.temporal_processes import TemporalProcesses

AT_ONCE = 50
ENDED = "restored from a backup: what was open begins anew from the records"


def version() -> str:
    """What the program `temporal` says of itself."""
    said = subprocess.run([find_binary(), "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def copy(source: Path, target: Path) -> None:
    """A consistent copy of a database that is written to meanwhile, checked. Raises BackupError."""
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True, timeout=30)) as read,
            contextlib.closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written)
            written.execute("PRAGMA journal_mode=DELETE")  # one file; the server makes its journal anew
            found = written.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"Temporal's database {source} could not be copied: {error}.") from None
    if found != ("ok",):
        raise BackupError(f"Temporal's database {source} is damaged: {found[0]}.")


async def end_open(database: Path) -> int:
    """End every open run of that database, with the reason, by a server that nobody else reaches; how many."""
    ended = 0
    async with EmbeddedTemporal(database) as server:
        client = await Client.connect(server.address, identity=temporal_peer.identity())
        gate = asyncio.Semaphore(AT_ONCE)

        async def end(workflow_id: str, run_id: str) -> None:
            async with gate:
                try:
                    await client.get_workflow_handle(workflow_id, run_id=run_id).terminate(reason=ENDED)
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:  # it had ended by itself
                        raise

        while running := await TemporalProcesses(client).running():
            await asyncio.gather(*(end(workflow_id, run_id) for workflow_id, run_id in running.items()))
            ended += len(running)
    return ended
