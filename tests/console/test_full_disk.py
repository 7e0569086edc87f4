"""The database's disk is full: refused in clear words, nothing typed and nothing acknowledged is lost, it goes on.

`BATON_FULLS=20` is the long round.
"""

import contextlib
import itertools
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlmodel import func, select

from baton.postgres import EmbeddedPostgres
from console.app import create_app
from records import access
from records.case import Case
from records.database import Database
from records.people import Role
from records.submission import Submission
from tests.console.conftest import NOW, Console
from tests.console.test_start_work import REPORT

FULLS = int(os.environ.get("BATON_FULLS", "2"))
PIECE = bytes(1 << 16)
ROOM = 96
"""Megabytes: an empty database of ours and room to begin."""


@pytest.fixture
def small_disk(postgres_server: EmbeddedPostgres) -> Iterator[Path]:
    """A small disk that PostgreSQL may write to."""
    owner, place = postgres_server.cluster.owner, postgres_server.cluster.home / "small"
    if owner is None:
        pytest.skip("a small disk can only be mounted by root")
    place.mkdir()
    options = f"size={ROOM}m,mode=700,uid={owner.uid},gid={owner.gid}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    mounted = subprocess.run(command, check=False, capture_output=True)
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
    place.rmdir()


@pytest.fixture
def on_it(postgres_server: EmbeddedPostgres, migrated_template: str, small_disk: Path) -> Iterator[str]:
    """A migrated database whose tables lie on the small disk."""
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'".encode())
        connection.execute(
            f"CREATE DATABASE small TEMPLATE {migrated_template} TABLESPACE small STRATEGY FILE_COPY".encode()
        )
        yield postgres_server.url_of("small")
        connection.execute(b"DROP DATABASE small WITH (FORCE)")
        connection.execute(b"DROP TABLESPACE small")


@pytest.fixture
async def clerk(console: Console, on_it: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody signed in at a console whose records lie on the small disk."""
    database = Database(on_it)
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
    parts = replace(console.parts, database=database)
    browser = await Console(create_app(parts), parts).signed_in(Role.OPS)
    yield browser
    await browser.aclose()
    await database.close()


def fill(place: Path) -> Path:
    """Leave no room at all; the file that takes it."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(PIECE):
            continue
    return filler


async def hand_in(browser: httpx.AsyncClient, order: int) -> httpx.Response:
    """One report by form."""
    return await browser.post("/failed-deliveries", data={**REPORT, "order_no": str(order), "key": f"k{order}"})


async def refused_while_full(browser: httpx.AsyncClient, place: Path, orders: Iterator[int]) -> int:
    """The disk is full once: 503 with the reason, and with room again what was typed is handed in. How many went in."""
    filler, taken = fill(place), 0
    while (refused := await hand_in(browser, next(orders))).status_code == 303:
        taken += 1
    program = await browser.post("/api/failed-deliveries", json={**REPORT, "order_no": "4709999", "attempt": 1})
    read = await browser.get("/cases")
    filler.unlink()
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', refused.text))
    again = await browser.post("/failed-deliveries", data=kept)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert "has no room left" in refused.text
    assert (program.status_code, program.json()["error"]["code"]) == (503, "database_full")
    assert (read.status_code, again.status_code) == (200, 303)
    return taken + 1


@pytest.mark.failure_mode("F49")
async def test_a_full_disk_is_said_and_loses_nothing(clerk: httpx.AsyncClient, small_disk: Path, on_it: str) -> None:
    """F49: again and again, 503 with the reason and Retry-After; nothing that was taken in is gone, or there twice."""
    orders = itertools.count(4700200)
    taken = 0
    for _ in range(FULLS):
        assert (await hand_in(clerk, next(orders))).status_code == 303
        taken += 1 + await refused_while_full(clerk, small_disk, orders)

    database = Database(on_it)
    async with database.session() as session:
        counted = [(await session.exec(select(func.count()).select_from(one))).one() for one in (Case, Submission)]
    await database.close()
    assert counted == [taken] * 2
