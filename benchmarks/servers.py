"""What all sides stand on: one PostgreSQL, one Temporal dev server, and worker processes that end with the run."""

import asyncio
import base64
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from records import migrate

ROOT = Path(__file__).resolve().parent.parent
SEATS = 8
"""Seats for each system, or as many as it has accounts; the bare peer gets as many slots."""


@dataclass(frozen=True)
class Servers:
    """What all sides stand on."""

    postgres: EmbeddedPostgres
    temporal: EmbeddedTemporal
    folder: Path


@dataclass(frozen=True)
class Child:
    """A worker process: whose it is, which part, its records, the codec's key when payloads are encrypted, and
    the file of the systems when several bot processes share them."""

    side: str
    part: str
    database_url: str
    key: bytes = b""
    ledger: Path | None = None


async def started(stack: AsyncExitStack, servers: Servers, child: Child) -> asyncio.subprocess.Process:
    """A worker process that is ready; it is killed when the stack closes."""
    folder = servers.folder / child.side
    folder.mkdir(exist_ok=True)
    key_file = folder / "codec.key"
    key_file.write_bytes(base64.b64encode(child.key))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.workers", child.side, child.part),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "BATON_DATABASE_URL": child.database_url,
            "BATON_DATA_DIR": str(folder),
            "BATON_CODEC_KEY_FILE": str(key_file),
            "BATON_SEATS": str(SEATS),
            "TEMPORAL_ADDRESS": servers.temporal.address,
            **({"BATON_BENCH_LEDGER": str(child.ledger)} if child.ledger else {}),
        },
    )
    stack.push_async_callback(killed, process)
    assert process.stdout is not None
    if b"ready" not in await process.stdout.readline():
        raise SystemExit(f"the {child.part} process of {child.side} did not start")
    stack.callback(asyncio.create_task(_drained(process.stdout)).cancel)
    return process


async def _drained(said: asyncio.StreamReader) -> None:
    """Read on to the end: Temporal's SDK warns on stdout too, and stands still once the pipe is full."""
    while await said.read(1 << 16):
        pass


async def killed(process: asyncio.subprocess.Process) -> None:
    """End it at once: nothing of a benchmark has to be finished."""
    if process.returncode is None:
        process.kill()
    await process.wait()


def new_database(server: EmbeddedPostgres, name: str) -> str:
    """A fresh database with this build's tables."""
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE bench_{name}".encode())
    url = server.url_of(f"bench_{name}")
    migrate.upgrade(url)
    return url
