"""Least rights: the parts' role reads and writes rows; tables, and what is only added to, are out of its reach."""

from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from baton import check_production
from baton.cli import app
from baton.postgres import EmbeddedPostgres
from core.settings import Settings
from records import rights
from tests.support.roles import House, house

BEYOND = [
    "DROP TABLE cases",
    "ALTER TABLE cases ADD COLUMN more text",
    "CREATE TABLE more (id int)",
    "CREATE SCHEMA more",
    "CREATE TEMP TABLE more (id int)",
    "TRUNCATE events",
    "UPDATE events SET actor = 'nobody'",
    "DELETE FROM events",
    "DELETE FROM audit_entries",
    "UPDATE decisions SET verdict = '{}'",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE ROLE more",
]


@pytest.fixture(scope="module")
def least(postgres_server: EmbeddedPostgres) -> Iterator[House]:
    """A database with an owner and a role for the parts."""
    with house(postgres_server, "least") as made:
        yield made


@pytest.mark.parametrize("command", BEYOND)
def test_what_no_part_needs_is_refused(least: House, command: str) -> None:
    """PostgreSQL itself says no, whatever a part is made to send."""
    with psycopg.connect(least.app) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(command.encode())


def test_every_table_is_there_to_work_with(least: House) -> None:
    """The role reads and adds to each table, and changes rows of all but those that are only added to."""
    with psycopg.connect(least.app) as connection:
        found = connection.execute(
            "SELECT relname, has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT'),"
            " has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE') FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
        ).fetchall()

    assert [name for name, added, _ in found if not added] == []
    assert sorted(name for name, _, changed in found if not changed) == sorted(rights.ONLY_ADDED_TO)


def test_a_right_too_many_is_taken_back(least: House) -> None:
    """Giving rights again leaves exactly those, whatever somebody gave by hand; the check sees the difference."""
    settings = Settings(database_url=least.app)
    with psycopg.connect(least.owner) as owner:
        owner.execute(f"GRANT DELETE ON events TO {least.app_role}".encode())
    before = check_production.database_roles(settings)

    rights.give(least.owner, least.app_role)

    assert (before, check_production.database_roles(settings)) == ("The parts' role may rewrite the event log.", "")


def test_the_owner_is_no_role_for_the_parts(least: House) -> None:
    """The check says so, and rights are not given to the owner itself."""
    with pytest.raises(rights.NoRightsError, match="a role of their own"):
        rights.give(least.owner, "least_owner")

    assert "may make tables" in check_production.database_roles(Settings(database_url=least.owner))


def test_the_verb_gives_the_rights(least: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """`baton migrate --app-role` does it as the owner; for an unknown role, or as the parts, it says why not."""
    monkeypatch.setenv("BATON_DATA_DIR", ".baton")
    said = []
    for url, role in ((least.owner, least.app_role), (least.owner, "nobody_of_that_name"), (least.app, least.app_role)):
        monkeypatch.setenv("BATON_DATABASE_URL", url)
        result = CliRunner().invoke(app, ["migrate", "--app-role", role])
        said.append((result.exit_code, result.output.split(":")[0].strip()))

    assert said[0] == (0, "the database is current")
    assert said[1] == (1, "There is no role nobody_of_that_name")
    assert said[2] == (1, "Only the owner of the tables gives rights on them")
