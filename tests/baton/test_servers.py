"""The embedded servers: they come back on the same data after a kill, and clean up what a kill left."""

import psycopg
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from baton import processes
from baton import temporal_server as temporal_module
from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal
from tests.support.servers import Temporal, killed_and_back


def test_a_fresh_database_is_migrated(database_url: str) -> None:
    """Each test gets a database of its own with Baton's tables and the account that may use them."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM alembic_version").fetchone()

    assert found == (1,)


def test_postgres_survives_a_kill() -> None:
    """What was committed before `kill -9` is there when the server starts again on the same data and port."""
    with EmbeddedPostgres(fast=True) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")

        killed_and_back(server)

        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_stale_lock_of_postgres_does_not_stop_the_next_start() -> None:
    """A lock file that names a living foreign process (pids are given out again) is no reason not to start."""
    with EmbeddedPostgres(fast=True) as server:
        server.kill()
        lock = server.cluster.folder / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join(["1", *lines[1:]]) + "\n")

        server.start_again()

        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_no_backend_outlives_its_postgres() -> None:
    """After the server is stopped no process works in its folder any more."""
    with EmbeddedPostgres(fast=True) as server:
        folder = server.cluster.folder
        connection = psycopg.connect(server.url)
        assert len(processes.living_in(folder, "postgres")) > 1

    assert processes.living_in(folder, "postgres") == []
    connection.close()


async def test_a_namespace_has_our_search_attributes(temporal: Temporal) -> None:
    """A test's namespace knows every search attribute that Baton writes."""
    missing = await temporal_module.missing_search_attributes(temporal.client, temporal.namespace)

    assert missing == []


async def test_closed_workflows_are_kept_for_thirty_days(temporal_server: EmbeddedTemporal) -> None:
    """The default namespace keeps closed workflows 30 days, not the dev server's one."""
    client = await Client.connect(temporal_server.address)
    request = DescribeNamespaceRequest(namespace="default")

    found = await client.workflow_service.describe_namespace(request)

    assert found.config.workflow_execution_retention_ttl.ToTimedelta() == temporal_module.RETENTION
