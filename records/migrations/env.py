"""Alembic's entry: how a migration connects and what it compares with."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine, event, text
from sqlmodel.sql.sqltypes import AutoString

from records.tables import metadata

LOCK = 7_218_402_911
"""Advisory lock, so that two processes that start at once migrate one after the other."""


def _render(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """SQLModel's own string type is a plain one to the database."""
    return "sa.String()" if kind == "type" and isinstance(value, AutoString) else False


def _take_turn(connection: Connection) -> None:
    """Be the only one that migrates, until the connection ends; say so when another is at it."""
    taken = connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar()
    if not taken:
        if waiting := context.config.attributes.get("waiting"):
            waiting()
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.execute(text(f"SET lock_timeout = '{context.config.attributes['patience']}'"))
    connection.commit()


def run() -> None:
    """Run the wanted migrations, each in a transaction of its own, so that no table is held for all of them."""
    engine = create_engine(context.config.attributes["url"], hide_parameters=True)
    try:
        with engine.connect() as connection:
            _migrate(connection)
    finally:
        engine.dispose()  # which also lets the next one have its turn


def _migrate(connection: Connection) -> None:
    _take_turn(connection)
    if executed := context.config.attributes.get("executed"):
        event.listen(connection, "before_cursor_execute", lambda _c, _cursor, statement, *_: executed(statement))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_item=_render,
        transaction_per_migration=True,
        on_version_apply=context.config.attributes.get("applied"),
    )
    with context.begin_transaction():
        context.run_migrations()


run()
