"""A database as deploy/roles.sql makes it: one role owns the tables, another works with their rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from baton.postgres import EmbeddedPostgres
from records import migrate, rights

SCRIPT = Path(__file__).resolve().parent.parent.parent / "deploy" / "roles.sql"
PASSWORD = "one-of-the-tests"


@dataclass(frozen=True)
class House:
    """The addresses of one database, for its owner and for the parts."""

    owner: str
    app: str
    app_role: str


@contextmanager
def house(server: EmbeddedPostgres, name: str) -> Iterator[House]:
    """Such a database on a running server, migrated and with rights given; it goes with its roles at the end."""
    script = (
        SCRIPT.read_text(encoding="utf-8").replace("baton_", f"{name}_").replace("DATABASE baton", f"DATABASE {name}")
    )
    with psycopg.connect(server.url, autocommit=True) as boss:
        for command in script.split(";"):
            if command.strip():
                boss.execute(command.encode())
        for role in (f"{name}_owner", f"{name}_app"):
            boss.execute(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'".encode())
        try:
            made = House(_url(server, name, "owner"), _url(server, name, "app"), f"{name}_app")
            migrate.upgrade(made.owner)
            rights.give(made.owner, made.app_role)
            yield made
        finally:
            boss.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            boss.execute(f"DROP ROLE {name}_owner, {name}_app".encode())


def _url(server: EmbeddedPostgres, name: str, role: str) -> str:
    place = urlsplit(server.url)
    return f"postgresql://{name}_{role}:{PASSWORD}@{place.hostname}:{place.port}/{name}"
