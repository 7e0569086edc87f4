"""Migrations in two halves: two builds side by side on one database, and only additions before the second."""

import threading

import psycopg
import pytest
from alembic import command
from typer.testing import CliRunner

from baton.check import schema
from baton.cli import app
from core import clock
from core.settings import Settings
from records import additive, migrate
from records.access import NewUser, create_user
from records.database import Database
from records.people import Role
from tests.support.next_build import NextBuild
from tests.support.patience import PATIENCE

LOCK = 7_218_402_911


def test_what_removes_waits_until_it_is_asked_for(database_url: str, next_build: NextBuild) -> None:
    """`baton migrate` adds and says what waits, `baton check` says it too, and `--after` removes."""
    first = CliRunner().invoke(app, ["migrate"], env={"BATON_DATABASE_URL": database_url})
    between, kept = schema(Settings(database_url=database_url)), _columns(database_url)
    last = CliRunner().invoke(app, ["migrate", "--after"], env={"BATON_DATABASE_URL": database_url})

    assert "1 to run once no older build does: baton migrate --after" in first.output
    assert between.well
    assert "--after" in between.said
    assert {"shade", "away_until"} <= kept
    assert (last.exit_code, last.output) == (0, "the database is current\n")
    assert "away_until" not in _columns(database_url)


def test_an_empty_database_gets_both_halves(empty_database_url: str, next_build: NextBuild) -> None:
    """No older build has ever worked there."""
    migrate.upgrade(empty_database_url)

    assert (migrate.pending(empty_database_url), migrate.pending_after(empty_database_url)) == ([], [])
    assert "away_until" not in _columns(empty_database_url)


async def test_a_build_works_on_a_schema_that_a_newer_one_added_to(
    database_url: str, next_build: NextBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This build, beside the next or after a way back: nothing to migrate, well in `baton check`, and it writes."""
    migrate.upgrade(database_url)
    monkeypatch.setattr(migrate, "FOLDER", next_build.today)

    again = CliRunner().invoke(app, ["migrate"], env={"BATON_DATABASE_URL": database_url})
    found = schema(Settings(database_url=database_url))
    database = Database(database_url)
    async with database.session() as session:
        user = NewUser(email="ops@example.org", name="Ops", role=Role.OPS, password="a-long-password")
        await create_user(session, user, clock.now())
    await database.close()

    assert (again.exit_code, migrate.newer(database_url)) == (0, [next_build.adds])
    assert "by additions only" in again.output
    assert found.well


def test_a_build_refuses_a_schema_that_lacks_what_it_needs(
    database_url: str, next_build: NextBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a newer build has removed, the older one says so and does nothing."""
    migrate.upgrade(database_url, after=True)
    monkeypatch.setattr(migrate, "FOLDER", next_build.today)

    refused = CliRunner().invoke(app, ["migrate"], env={"BATON_DATABASE_URL": database_url})
    found = schema(Settings(database_url=database_url))

    assert refused.exit_code == 1
    assert "has removed from this database what this build needs" in refused.output
    assert (found.well, found.mend) == (False, "Start the newer build, or restore the backup that was made before it.")


def test_the_second_of_two_migrations_waits_and_says_so(database_url: str, next_build: NextBuild) -> None:
    """While another migrates this one waits; when that has ended it goes on."""
    waits = threading.Event()
    second = threading.Thread(target=migrate.upgrade, args=(database_url,), kwargs={"waiting": waits.set})
    with psycopg.connect(database_url, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        second.start()
        assert waits.wait(PATIENCE)
        meanwhile = migrate.pending(database_url)
    second.join(PATIENCE)

    assert meanwhile == [next_build.adds]
    assert migrate.pending(database_url) == []


def test_a_table_in_use_is_not_waited_for_long(
    database_url: str, next_build: NextBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or everybody who comes behind the migration would stand still with it; nothing is done, and it says why."""
    monkeypatch.setattr(migrate, "PATIENCE", "50ms")
    with psycopg.connect(database_url) as reader:
        reader.execute(f"SET idle_in_transaction_session_timeout = '{PATIENCE:.0f}s'".encode())  # or it would never end
        reader.execute("SELECT count(*) FROM cases")
        with pytest.raises(migrate.MigrationError, match="in use"):
            migrate.upgrade(database_url)

    assert migrate.pending(database_url) == [next_build.adds]


def test_what_runs_before_only_adds(empty_database_url: str) -> None:
    """A migration since there are halves that does more belongs into one called `…_after`."""
    command.upgrade(migrate.config(empty_database_url), f"{migrate.BEFORE_PAIRS:04}")

    narrow = {one: _narrow(empty_database_url, one) for one in migrate.pending(empty_database_url)}

    assert {one: found for one, found in narrow.items() if found} == {}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE cases DROP COLUMN stage",
        "ALTER TABLE cases RENAME COLUMN stage TO step",
        "ALTER TABLE cases ALTER COLUMN stage TYPE integer",
        "ALTER TABLE cases ALTER COLUMN stage SET NOT NULL",
        "ALTER TABLE cases ADD COLUMN shade varchar NOT NULL",
        "ALTER TABLE cases ADD CONSTRAINT one CHECK (number <> '')",
        "CREATE UNIQUE INDEX one ON cases (number)",
        "DROP TABLE cases",
        "DELETE FROM cases",
    ],
)
def test_a_migration_that_does_more_is_caught(statement: str) -> None:
    """What an older build would trip over is no addition."""
    assert additive.narrowing([statement])


def test_additions_are_additions() -> None:
    """New tables with all they need, columns that may stay empty, and rules that are loosened."""
    added = [
        "CREATE TABLE shades (name varchar NOT NULL)",
        "CREATE UNIQUE INDEX one ON shades (name)",
        "ALTER TABLE shades ADD CONSTRAINT two UNIQUE (name)",
        "CREATE INDEX ix_cases_stage ON cases (stage)",
        "ALTER TABLE cases ADD COLUMN shade varchar",
        "ALTER TABLE cases ADD COLUMN tone varchar DEFAULT '' NOT NULL",
        "ALTER TABLE cases ALTER COLUMN stage DROP NOT NULL",
        "UPDATE cases SET shade = ''",
    ]

    assert additive.narrowing(added) == []


def test_the_rule_looks_at_what_is_really_run(database_url: str, next_build: NextBuild) -> None:
    """The half that adds passes; the half that removes would not, if somebody put it before."""
    adds, removes = _narrow(database_url, next_build.adds), _narrow(database_url, next_build.removes)

    assert adds == []
    assert removes == ["ALTER TABLE agents DROP COLUMN away_until: it changes what an older build relies on"]


def _narrow(url: str, revision: str) -> list[str]:
    run: list[str] = []
    command.upgrade(migrate.config(url, executed=run.append), revision)
    return additive.narrowing(one for one in run if "alembic_version" not in one)


def _columns(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name IN ('agents', 'cases')"
        )
        return {str(name) for (name,) in found}
