"""A backup goes where it is wanted: into a database by address, to a newer build, beside keys that were changed."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from temporalio.api.common.v1 import Payload

from baton import payload_keys
from baton.backup import by_address, database, keys, manifest
from baton.backup.restore import Restored, restore
from baton.backup.take import take
from baton.backup.tls_door import door
from baton.codec import AesGcmCodec
from baton.data_folder import DataFolder
from baton.payload_keys import KeyRing
from baton.postgres import EmbeddedPostgres
from records import migrate
from records.evidence_store import EvidenceStore
from systems.registry import SYSTEMS
from tests.baton.test_backup import folder_with_keys, refused, settings_of, wanted
from tests.support.tls import Papers, papers
from tests.support.tls_postgres import TlsPostgres, mine, server

__all__ = ["mine", "server"]

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OLDER = "0030"
"""A schema of an older build."""
FAILS_LATE = """
CREATE FUNCTION late() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$;
CREATE EVENT TRIGGER late ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION late();
"""
"""An index is made when all rows are in."""
HELD = "SELECT count(DISTINCT system) FROM system_health WHERE state = 'isolated'"
AWKWARD = "Jörg \\ 'O''Hara'\t\\.\nCOPY x FROM stdin;\n\\restrict"
"""A reason that a careless reader of a dump takes for something else."""


@pytest.fixture(scope="module")
def made(
    postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A backup with something in it that is hard to read back, evidence, and the file of its keys."""
    room = tmp_path_factory.mktemp("backup")
    data = folder_with_keys(room / "data")
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE elsewhere TEMPLATE {migrated_template}".encode())
    url = postgres_server.url_of("elsewhere")
    _fill(url, data)
    asyncio.run(EvidenceStore.local(data.path / "evidence").put("cases/1/picture.png", b"a picture"))
    asyncio.run(take(settings_of(data.path, url), room / "made", room / "keys.json"))
    return room / "made", room / "keys.json"


def _fill(url: str, data: DataFolder) -> None:
    """A row that is hard to read back, and the key that was in use."""
    row = "INSERT INTO audit_entries (at, actor, action, about, data) VALUES (now(), 'it', 'test', %s, '{}')"
    with psycopg.connect(url) as connection:
        connection.execute(row, (AWKWARD,))
    asyncio.run(payload_keys.checked(settings_of(data.path, url)))


def put_back(data: Path, backup: Path, key_file: Path | None, into: str = "") -> Restored:
    """Restore it there."""
    return asyncio.run(restore(settings_of(data), DataFolder(data), wanted(backup, key_file, into=into), NOW))


def asked(url: str, query: str) -> object:
    """The one answer of a query."""
    with psycopg.connect(url) as connection:
        found = connection.execute(query.encode()).fetchone()
    return found[0] if found else None


@pytest.mark.failure_mode("F58")
def test_a_database_by_address_gets_it_over_tls(made: tuple[Path, Path], server: TlsPostgres, tmp_path: Path) -> None:
    """F58: everything comes in by one commit, held already; and is never written over."""
    data = tmp_path / "data"

    done = put_back(data, *made, into=server.url)
    again = refused(tmp_path / "another", wanted(*made, into=server.url))

    said = manifest.read(made[0])
    _, rows = database.count(server.url)
    changed = {name for name in rows if rows[name] != said.rows[name]}
    assert asked(server.url, "SELECT about FROM audit_entries WHERE action = 'test'") == AWKWARD
    assert changed <= {"system_health", "health_spans", "outages", "operation_holds", "audit_entries"}
    assert asked(server.url, HELD) == len(SYSTEMS)
    assert migrate.pending(server.url) == []
    assert done.manifest == said
    assert not {"postgres", "postgres.place", "restoring"} & {each.name for each in data.iterdir()}
    assert (data / "evidence" / "cases" / "1" / "picture.png").exists()
    assert "goes into an empty database, and the database postgres at 127.0.0.1 holds public." in again
    assert not (tmp_path / "another").exists()


def test_a_database_that_is_reached_by_tls_alone_is_backed_up(
    made: tuple[Path, Path], server: TlsPostgres, tmp_path: Path
) -> None:
    """The packaged `pg_dump` speaks no TLS: it goes by a door, which checks the server as the address says."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE by_tls")
    url = server.url.replace("/postgres?", "/by_tls?")
    data = tmp_path / "data"
    put_back(data, *made, into=url)

    asyncio.run(take(settings_of(data, url), tmp_path / "again", None))

    said = manifest.read(tmp_path / "again")
    assert (database.count(url)[1], said.rows) == (said.rows, database.count(url)[1])
    put_back(tmp_path / "back", tmp_path / "again", made[1])


def test_the_door_lets_nobody_else_answer(server: TlsPostgres, mine: Papers, tmp_path: Path) -> None:
    """It checks the server by the same authority as the address, each time: with another one nothing goes through."""
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(mine.ca.read_bytes())
    with psycopg.connect(server.url.replace(str(mine.ca), str(trusted))) as connection:
        with door(connection) as reached, psycopg.connect(reached) as through:
            by_tls = through.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
        trusted.write_bytes(papers(tmp_path).ca.read_bytes())
        with door(connection) as reached, pytest.raises(psycopg.OperationalError):
            psycopg.connect(reached)

    assert by_tls == (True,)


@pytest.mark.failure_mode("F58")
def test_a_database_by_address_gets_all_or_nothing(
    made: tuple[Path, Path], empty_database_url: str, tmp_path: Path
) -> None:
    """F58: it fails in the middle: the database is as empty as before, the folder too, and the next try works."""
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(FAILS_LATE)

    with pytest.raises(psycopg.errors.RaiseException):
        put_back(tmp_path / "data", *made, into=empty_database_url)
    by_address.check(empty_database_url)
    left = {each.name for each in (tmp_path / "data").iterdir()}
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("DROP EVENT TRIGGER late")
    put_back(tmp_path / "data", *made, into=empty_database_url)

    assert not left & {"restoring", "evidence", "postgres"}
    assert asked(empty_database_url, HELD) == len(SYSTEMS)


def test_a_role_that_may_make_no_tables_is_told_so(
    made: tuple[Path, Path], postgres_server: EmbeddedPostgres, empty_database_url: str, tmp_path: Path
) -> None:
    """The parts' own role, say: refused before anything is made."""
    role = f"reader_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'one-of-the-tests'".encode())
    other = empty_database_url.replace(f"//baton:{postgres_server.cluster.password}@", f"//{role}:one-of-the-tests@")

    said = refused(tmp_path / "data", wanted(*made, into=other))

    assert "This role may make no tables in the database empty_" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.failure_mode("F58")
def test_an_older_backup_is_migrated(
    postgres_server: EmbeddedPostgres, empty_database_url: str, tmp_path: Path
) -> None:
    """F58: what an older build kept is there, counted before the migrations, and the store is of this build, held."""
    command.upgrade(migrate.config(empty_database_url), OLDER)
    data = folder_with_keys(tmp_path / "old")
    _fill(empty_database_url, data)
    old = asyncio.run(take(settings_of(data.path, empty_database_url), tmp_path / "backup", tmp_path / "keys.json"))

    done = put_back(tmp_path / "new", tmp_path / "backup", tmp_path / "keys.json")

    with EmbeddedPostgres(tmp_path / "new") as again:
        stands = migrate.pending(again.url), migrate.pending_after(again.url)
        kept, held = asked(again.url, "SELECT about FROM audit_entries WHERE action = 'test'"), asked(again.url, HELD)
    assert old.revision == OLDER
    assert migrate.head() in done.migrated
    assert (stands, kept, held) == (([], []), AWKWARD, len(SYSTEMS))


@pytest.mark.failure_mode("F47")
def test_a_backup_under_a_key_that_was_changed_since(made: tuple[Path, Path], tmp_path: Path) -> None:
    """F47: with the new key alone it is refused by the old one's name; with both, the old reads and the new writes."""
    data = folder_with_keys(tmp_path / "data")
    newest = KeyRing.of(data.codec_key()).newest
    old = KeyRing(list(keys.read(made[1]).payload))
    sent = asyncio.run(AesGcmCodec(old).encode([Payload(data=b"a case")]))

    without = refused(data.path, wanted(made[0], None))
    put_back(data.path, *made)

    with EmbeddedPostgres(data.path) as server:
        ring = asyncio.run(payload_keys.checked(settings_of(data.path, server.url)))
    assert f"The payload key {old.newest[0]} of this backup is not at hand" in without
    assert ring.newest == newest
    assert asyncio.run(AesGcmCodec(ring).decode(sent))[0].data == b"a case"
