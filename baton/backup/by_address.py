"""A PostgreSQL by address as the goal of a restore: it has to be empty, and gets everything or nothing.

What it gets was made whole on this machine first, so that the moment it commits it is of this build, counted and held.
It is spoken to by the libpq that the parts use too: the packaged `pg_restore` speaks no TLS.
"""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from baton import postgres_user
from baton.backup import database
from baton.backup.manifest import BackupError
from records.database import libpq_url

OLDEST = 15
"""The oldest PostgreSQL that has every word of our schema."""
NAMED = 3
_HELD = """
SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
   AND n.nspname NOT LIKE 'pg\\_temp%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""
"""What anybody put there; what an extension of the provider brought counts as nothing."""


def named(url: str) -> str:
    """The database as people name it, without its password."""
    known = conninfo_to_dict(libpq_url(url))
    return f"the database {known.get('dbname', '')} at {known.get('host', 'this machine')}"


def check(url: str) -> None:
    """Raise BackupError unless the database is empty and ours to fill."""
    with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
        version = connection.info.server_version // 10_000
        if version < OLDEST:
            raise BackupError(f"The server of {named(url)} is PostgreSQL {version}: Baton needs {OLDEST} or newer.")
        if held := [str(name) for (name,) in connection.execute(_HELD)]:
            more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
            raise BackupError(
                f"A restore goes into an empty database, and {named(url)} holds {', '.join(held[:NAMED])}{more}: "
                "make a new one and name it in BATON_DATABASE_URL."
            )
        may = connection.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone()
        if may is None or not may[0]:
            raise BackupError(f"This role may make no tables in {named(url)}: restore with the owner's address.")


def put(prepared: str, url: str, room: Path) -> None:
    """Bring all of the database `prepared` into the empty one at `url`, in one transaction. Raises BackupError."""
    file = room / "prepared.dump"
    database.copy_out(prepared, file)
    check(url)
    program = str(postgres_user.binaries_for(None) / "pg_restore")
    command = [program, "--no-owner", "--no-privileges", "--file=-", str(file)]
    with (
        tempfile.TemporaryFile() as trouble,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=trouble) as reading,
        psycopg.connect(libpq_url(url), connect_timeout=5) as connection,
    ):
        assert reading.stdout is not None, "it was asked for"
        _play(connection, iter(reading.stdout))
        if reading.wait() != 0:
            trouble.seek(0)
            raise BackupError(f"pg_restore failed: {trouble.read().decode(errors='replace').strip()}")
    file.unlink()


def _play(connection: psycopg.Connection, script: Iterator[bytes]) -> None:
    """Carry out what `pg_restore` writes for `psql`: statements, and rows between COPY and its end."""
    statements: list[bytes] = []
    for line in script:
        if line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            connection.execute(b"".join(statements))
            statements.clear()
            with connection.cursor().copy(line) as rows:
                for row in _until_end(script):
                    rows.write(row)
        elif _for_server(connection, line):
            statements.append(line)
    connection.execute(b"".join(statements))


def _until_end(script: Iterable[bytes]) -> Iterator[bytes]:
    for line in script:
        if line == b"\\.\n":
            return
        yield line
    raise BackupError("pg_restore ended in the middle of a table; nothing was changed.")


def _for_server(connection: psycopg.Connection, line: bytes) -> bool:
    """Whether a line is for the server: not those for `psql` itself, nor a setting that an older one does not know."""
    if line.startswith((b"\\restrict ", b"\\unrestrict ")):
        return False
    return not (line.startswith(b"SET transaction_timeout") and connection.info.server_version < 170_000)
