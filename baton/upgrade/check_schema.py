"""The migrations of this build, tried on a copy of the database: how long each takes and what it locks.

The copy stands in a PostgreSQL of its own on this machine, in a temporary folder that goes with it: the database that
is copied is only read, with no other right than the parts have, and any number of checks can go on at once.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from baton.backup.database import copy_out, load
from baton.embedded import ServerDidNotStart
from baton.postgres import EmbeddedPostgres, reachable_temporary_folder
from records import additive, migrate
from records.database import libpq_url

ROOM = 3
"""Times the database's size: its dump, the copy, and what a rewritten table needs until it is done."""
LEAST_ROOM = 300_000_000
"""Bytes that an empty cluster and its journal take."""
_TABLES = "SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_LOCKED = text(
    "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE pid = pg_backend_pid()"
    " AND relkind = 'r' AND relnamespace = 'public'::regnamespace AND mode IN"
    " ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
)


class CopyError(Exception):
    """No copy could be made; the message says why and what to do."""


class Step(BaseModel):
    """One migration on the copy. `locked`: tables that were there and that nobody could write to meanwhile."""

    model_config = ConfigDict(frozen=True)

    revision: str
    after: bool
    seconds: float
    locked: list[str] = []
    rewritten: list[str] = []
    narrows: list[str] = []
    failed: str = ""


class Tried(BaseModel):
    """What came of it; `newer`: what a newer build has done to the database already."""

    model_config = ConfigDict(frozen=True)

    steps: list[Step] = []
    newer: list[str] = []
    bytes: int = 0
    rows: bool = True
    seconds: float = 0

    @property
    def fits(self) -> bool:
        """Whether every migration ran, and the older build goes on beside those that run before."""
        return not any(step.failed or (step.narrows and not step.after) for step in self.steps)


def attempt(url: str, *, rows: bool = True) -> Tried:
    """Run what this build would run on the database, on a copy; without `rows` on its empty tables. Blocking.

    Raises CopyError, BackupError, psycopg.Error, SQLAlchemyError.
    """
    newer = migrate.newer(url)
    waiting = [*migrate.pending(url), *migrate.pending_after(url)]
    if newer or not waiting:
        return Tried(newer=newer, rows=rows)
    began, size = time.monotonic(), _size(url) if rows else 0
    room(size, shutil.disk_usage(reachable_temporary_folder()).free)
    with _own_server() as server, tempfile.TemporaryDirectory(prefix="baton-copy-") as folder:
        _copy(url, server.url, Path(folder) / "dump", rows=rows)
        steps = []
        for revision in waiting:
            steps.append(_step(server.url, revision))
            if steps[-1].failed:
                break
    return Tried(steps=steps, bytes=size, rows=rows, seconds=time.monotonic() - began)


def room(size: int, free: int) -> None:
    """Raise CopyError when a copy of so many bytes does not fit into what is free."""
    needed = size * ROOM + LEAST_ROOM
    if free < needed:
        raise CopyError(
            f"A copy of the database needs {needed / 1e9:.1f} GB in {reachable_temporary_folder()}, and "
            f"{free / 1e9:.1f} GB are free there: free some, name another folder by TMPDIR, or try the "
            "tables alone with --without-rows."
        )


@contextlib.contextmanager
def _own_server() -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(fast=True)
    try:
        server.start()
    except ServerDidNotStart:  # another program was quicker on its port, another check perhaps
        server = EmbeddedPostgres(fast=True)
        server.start()
    try:
        yield server
    finally:
        server.stop()


def _size(url: str) -> int:
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(found[0]) if found else 0


def _copy(url: str, copy: str, dump: Path, *, rows: bool) -> None:
    copy_out(url, dump, *([] if rows else ["--schema-only"]))
    load(copy, dump)
    dump.unlink()
    if not rows:
        with psycopg.connect(copy) as connection:
            for revision in migrate.applied(url):
                connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))


def _step(copy: str, revision: str) -> Step:
    statements: list[str] = []
    seen: dict[str, Any] = {}
    with psycopg.connect(copy) as connection:
        before: dict[str, int] = dict(connection.execute(_TABLES).fetchall())
    began = time.monotonic()
    failed = ""
    try:
        command.upgrade(migrate.config(copy, executed=statements.append, applied=_looking(before, seen)), revision)
    except DBAPIError as fault:
        primary = getattr(getattr(fault.orig, "diag", None), "message_primary", None)
        failed = str(primary or type(fault.orig).__name__)  # never the detail: it quotes rows
    except SQLAlchemyError as fault:
        failed = type(fault).__name__
    return Step(
        revision=revision,
        after=revision.endswith(migrate.AFTER),
        seconds=round(seen.get("at", time.monotonic()) - began, 3),
        locked=seen.get("locked", []),
        rewritten=seen.get("rewritten", []),
        narrows=additive.narrowing(one for one in statements if "alembic_version" not in one),
        failed=failed,
    )


def _looking(before: dict[str, int], seen: dict[str, Any]) -> Callable[..., None]:
    """A look from inside the migration's own transaction, when all is done and nothing is let go."""

    def look(*, ctx: Any, **_: Any) -> None:
        connection: Connection = ctx.connection
        seen["at"] = time.monotonic()
        seen["locked"] = sorted(name for (name,) in connection.execute(_LOCKED) if name in before)
        now = connection.execute(text(_TABLES))
        seen["rewritten"] = sorted(name for name, file in now if before.get(name, file) != file)

    return look
