"""Migrations and models are the same schema, and the way back works."""

import psycopg
from alembic import command

from records import migrate


def test_the_models_need_no_migration_that_is_not_there(database_url: str) -> None:
    """A migrated database is exactly what the models say."""
    command.check(migrate.config(database_url))

    assert migrate.pending(database_url) == []


def test_every_migration_goes_both_ways(empty_database_url: str) -> None:
    """Down to nothing and up again leaves the same schema."""
    migrate.upgrade(empty_database_url)

    command.downgrade(migrate.config(empty_database_url), "base")
    with psycopg.connect(empty_database_url) as connection:
        left = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    migrate.upgrade(empty_database_url)

    assert left == [("alembic_version",)]
    command.check(migrate.config(empty_database_url))
