"""No part works on tables that do not fit its build: older ones are waited for, narrowed ones are refused."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from baton.postgres import EmbeddedPostgres
from baton.seen import checks
from records import migrate
from records.database import Database
from records.schema_fit import Fit
from tests.support import seen_parts
from tests.support.patience import PATIENCE

NARROWER = "9999_after"
ADDED = "9999"


@pytest.fixture
def empty(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A database that no migration has seen."""
    name = f"begins_{os.getpid()}"
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield postgres_server.url_of(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_a_part_waits_for_the_migrations(empty: str, tmp_path: Path) -> None:
    """It says what to run, and begins by itself once that was done."""
    with seen_parts.running("ticks", seen_parts.environment(empty, seen_parts.NOBODY, tmp_path)) as ticks:
        url = seen_parts.address(ticks)
        assert "run `baton migrate`" in ticks.says("schema.older")
        with seen_parts.heard(ticks):
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                waiting = (await client.get(f"{url}/readyz")).json()["needs"]
                migrate.upgrade(empty)
                await seen_parts.until(client, f"{url}/readyz", '"work":"ok"')

    assert waiting["records"] == Fit.OLDER.value
    assert waiting["work"] != "ok"


@pytest.mark.parametrize("part", ["worker", "bots", "ticks", "console"])
def test_a_part_that_the_tables_are_too_narrow_for_ends(empty: str, tmp_path: Path, part: str) -> None:
    """It says why and what to start in its place, and has taken nothing."""
    migrate.upgrade(empty)
    _mark(empty, NARROWER)

    with seen_parts.running(part, seen_parts.environment(empty, seen_parts.NOBODY, tmp_path)) as program:
        status = program.end()

    assert status == 1
    assert Fit.NARROWED.value in "\n".join(program.said)


async def test_a_part_that_runs_says_that_the_tables_no_longer_fit(empty: str) -> None:
    """What a newer build adds is no matter; once it has removed something, an older part is no longer ready."""
    database = Database(empty)
    try:
        asks = checks.records(database)
        before = await asks()
        migrate.upgrade(empty)
        fitting = await asks()
        _mark(empty, ADDED)
        added = await asks()
        _mark(empty, NARROWER)
        narrowed = await asks()
    finally:
        await database.close()

    assert [before, fitting, added, narrowed] == [Fit.OLDER.value, "", "", Fit.NARROWED.value]


def _mark(url: str, revision: str) -> None:
    """As a newer build leaves it: an addition takes the place of this build's newest, a removal stands beside."""
    with psycopg.connect(url) as connection:
        if not revision.endswith(migrate.AFTER):
            connection.execute("DELETE FROM alembic_version WHERE version_num NOT LIKE '%%_after'", ())
        connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
