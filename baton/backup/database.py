"""The records in a backup: PostgreSQL's own dump of one moment, and what was counted in exactly that moment."""

import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from baton import postgres_user
from baton.backup.manifest import BackupError
from baton.backup.tls_door import door
from baton.postgres import MAJOR
from records.database import libpq_url


@dataclass(frozen=True)
class Moment:
    """What the records hold at one moment; a dump of the same `snapshot` holds exactly that."""

    at: datetime
    revision: str
    postgres: int
    rows: dict[str, int]
    payload_keys: dict[str, str]
    evidence: frozenset[str]


def dump(url: str, file: Path) -> Moment:
    """Write all records of one moment to `file` while work goes on. Raises BackupError."""
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        version = connection.info.server_version // 10_000
        if version > int(MAJOR):
            raise BackupError(f"The server is PostgreSQL {version}, and pg_dump here is {MAJOR}: it cannot be read.")
        snapshot = str(_one(connection, "SELECT pg_export_snapshot()"))
        moment = _moment(connection, version)
        _copy_out(connection, url, file, f"--snapshot={snapshot}")
    return moment


def copy_out(url: str, file: Path, *options: str) -> None:
    """Write all of a database to `file`, as `options` of pg_dump say. Raises BackupError."""
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        _copy_out(connection, url, file, *options)


def _copy_out(connection: psycopg.Connection, url: str, file: Path, *options: str) -> None:
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", *options, f"--file={file}"]
    with door(connection) as reached:
        _run(reached or libpq_url(url), command)


def load(url: str, file: Path) -> None:
    """Bring a dump into an empty database, all of it or nothing. Raises BackupError."""
    _run(
        libpq_url(url), ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"], file
    )


def check(file: Path) -> None:
    """Raise BackupError when PostgreSQL cannot read a dump's table of contents."""
    _run("postgresql:///", ["pg_restore", "--list"], file, connects=False)


def count(url: str) -> tuple[str, dict[str, int]]:
    """The schema's revision and the rows of every table."""
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        return _revision(connection), _rows(connection)


def _moment(connection: psycopg.Connection, version: int) -> Moment:
    at = _one(connection, "SELECT now()")
    assert isinstance(at, datetime)
    keys = connection.execute("SELECT id, check_value FROM payload_keys").fetchall()
    kept = connection.execute("SELECT path FROM evidence WHERE removed_at IS NULL AND dropped = ''")
    return Moment(
        at=at,
        revision=_revision(connection),
        postgres=version,
        rows=_rows(connection),
        payload_keys={str(key_id): str(value) for key_id, value in keys},
        evidence=frozenset(str(path) for (path,) in kept),
    )


def _revision(connection: psycopg.Connection) -> str:
    return str(_one(connection, "SELECT min(version_num) FROM alembic_version WHERE version_num NOT LIKE '%_after'"))


def _rows(connection: psycopg.Connection) -> dict[str, int]:
    named = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    counted = {}
    for (name,) in named:
        asked = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        counted[str(name)] = int((connection.execute(asked).fetchone() or (0,))[0])
    return counted


def _one(connection: psycopg.Connection, asked: str) -> object:
    found = connection.execute(asked.encode()).fetchone()
    return found[0] if found else None


def _run(address: str, command: list[str], file: Path | None = None, *, connects: bool = True) -> None:
    """One of PostgreSQL's programs, of the version that we bring, with the database of that libpq address.

    The password stays out of the list of processes.
    """
    where = {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if password := where.pop("password", None):
        environment["PGPASSWORD"] = password
    program = str(postgres_user.binaries_for(None) / command[0])
    reached = [f"--dbname={make_conninfo(**where)}"] if connects else []
    last = [str(file)] if file else []
    done = subprocess.run(
        [program, *command[1:], *reached, *last], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise BackupError(f"{command[0]} failed: {said}")
