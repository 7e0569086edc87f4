"""One PostgreSQL and one Temporal dev server for the whole pytest process; a fresh database and namespace per test."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from temporalio.client import Client

from baton.embedded import Embedded
from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal, add_namespace
from records import migrate

TEMPLATE = "migrated"
numbers = itertools.count(1)


@dataclass(frozen=True)
class Temporal:
    """A namespace of this test's own: where it is, what it is called, and a client without the codec."""

    address: str
    namespace: str
    client: Client


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL server without fsync; it goes with the pytest process, however that ends."""
    with EmbeddedPostgres(fast=True) as server:
        yield server


@pytest.fixture(scope="session")
def temporal_server() -> Iterator[EmbeddedTemporal]:
    """One Temporal dev server in memory."""
    with EmbeddedTemporal() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: EmbeddedPostgres) -> str:
    """The name of a database with every migration done; tests clone it."""
    _command(postgres_server, f"CREATE DATABASE {TEMPLATE}")
    migrate.upgrade(postgres_server.url_of(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres_server: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database; it is dropped afterwards, open connections or not."""
    name = f"test_{next(numbers)}"
    _command(postgres_server, f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY FILE_COPY")
    yield postgres_server.url_of(name)
    _command(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    name = f"empty_{next(numbers)}"
    _command(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.url_of(name)
    _command(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def temporal(temporal_server: EmbeddedTemporal) -> Temporal:
    """A fresh namespace with our search attributes."""
    name = f"test-{os.getpid()}-{next(numbers)}"
    await add_namespace(await Client.connect(temporal_server.address), name)
    return Temporal(temporal_server.address, name, await Client.connect(temporal_server.address, namespace=name))


def killed_and_back(server: Embedded) -> None:
    """`kill -9` a server and start it again on the same data and port."""
    server.kill()
    server.start_again()


def _command(server: EmbeddedPostgres, command: str) -> None:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(command.encode())
