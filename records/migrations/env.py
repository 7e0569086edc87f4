"""Alembic's entry: how a migration connects and what it compares with."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine, text
from sqlmodel.sql.sqltypes import AutoString

from records.tables import metadata

LOCK = 7_218_402_911
"""Advisory lock, so that two processes that start at once migrate one after the other."""


def _render(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """SQLModel's own string type is a plain one to the database."""
    return "sa.String()" if kind == "type" and isinstance(value, AutoString) else False


def run() -> None:
    """Run the wanted migrations in one transaction."""
    engine = create_engine(context.config.attributes["url"], hide_parameters=True)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, compare_type=True, render_item=_render)
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            context.run_migrations()
    engine.dispose()


run()
