"""PostgreSQL that is away for one database, while the server itself lives on for the others."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def away(url: str) -> Iterator[None]:
    """PostgreSQL refuses this database and has cut every connection to it."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
