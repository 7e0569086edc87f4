"""What the parts' role may do with our tables: rows, never tables; and what is only added to is never rewritten."""

import psycopg
from psycopg import sql
from sqlmodel import SQLModel

from records import tables  # noqa: F401 - every table has to be known here
from records.database import libpq_url

ONLY_ADDED_TO = ("audit_entries", "decisions", "events")
"""Tables that no part ever changes or removes a row of."""


class NoRightsError(Exception):
    """The rights cannot be given; the message says why."""


def give(url: str, role: str) -> None:
    """Give `role` what the parts need on every table, and take what they do not; `url` is the owner's. Repeatable."""
    with psycopg.connect(libpq_url(url)) as connection:
        _look(connection, role)
        for command in _commands():
            connection.execute(command.format(role=sql.Identifier(role)))


def _look(connection: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    """Refuse what PostgreSQL would half do with a warning. Raises NoRightsError."""
    owns = connection.execute(
        "SELECT bool_and(pg_has_role(current_user, relowner, 'MEMBER')) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchone()
    if owns is None or not owns[0]:
        raise NoRightsError("Only the owner of the tables gives rights on them: run it with the owner's address.")
    found = connection.execute(
        "SELECT rolsuper OR rolname = current_user FROM pg_roles WHERE rolname = %s", (role,)
    ).fetchone()
    if found is None:
        raise NoRightsError(f"There is no role {role}: make it first, see deploy/roles.sql.")
    if found[0]:
        raise NoRightsError(f"{role} owns the tables or is a superuser: the parts need a role of their own.")


def _commands() -> list[sql.SQL]:
    ours = sorted(SQLModel.metadata.tables)
    added = [name for name in ours if name in ONLY_ADDED_TO]
    changed = [name for name in ours if name not in ONLY_ADDED_TO]
    return [
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"),
        sql.SQL("REVOKE CREATE ON SCHEMA public FROM {role}"),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {role}"),
        sql.SQL(f"GRANT SELECT, INSERT ON {', '.join(added)} TO {{role}}"),
        sql.SQL(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(changed)} TO {{role}}"),
        sql.SQL("GRANT SELECT ON alembic_version TO {role}"),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"),
    ]
