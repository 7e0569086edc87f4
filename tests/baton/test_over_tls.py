"""PostgreSQL and Temporal over TLS: reached with the right papers, and with nothing less."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.service import RPCError

from baton import check_production, production_peers, wiring
from baton.turn import Turn
from core.settings import Settings
from records import migrate
from records.database import Database
from tests.support.servers import Temporal
from tests.support.tls import Papers, papers
from tests.support.tls_postgres import TlsPostgres, mine, server
from tests.support.tls_relay import tls_in_front_of

__all__ = ["mine", "server"]


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Somebody else's, under the same names."""
    return papers(tmp_path_factory.mktemp("others"))


async def test_records_are_kept_over_tls(server: TlsPostgres) -> None:
    """Migrations, the pool and the upkeep's lock all take the same address; the server sees TLS on each connection."""
    migrate.upgrade(server.url)
    database, turn = Database(server.url), Turn(server.url)

    async with database.session() as session:
        taken = await turn.mine()
        clear = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'boss' AND NOT ssl"
        found = (await (await session.connection()).execute(text(clear))).scalar_one()

    await turn.close()
    await database.close()
    assert (taken, found) == (True, 0)
    assert check_production.postgresql_over_tls(Settings(database_url=server.url)) == ""


async def test_a_server_with_others_papers_is_not_spoken_to(server: TlsPostgres, mine: Papers, others: Papers) -> None:
    """An unknown authority, a name that is not in the certificate, and no TLS at all: no row passes."""
    wrong = [
        server.url.replace(str(mine.ca), str(others.ca)),
        server.url.replace("127.0.0.1", "localhost"),
        server.url.replace("verify-full", "disable"),
    ]
    for url in wrong:
        database = Database(url)

        with pytest.raises(OperationalError, match=r"certificate|signature|pg_hba"):
            async with database.session() as session:
                await session.connection()

        await database.close()


def test_the_check_reads_what_libpq_reads(server: TlsPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode that stands in PGSSLMODE counts, as it does for the connection itself."""
    plain = server.url.partition("?")[0]
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", production_peers.database_facts(server.url)["sslrootcert"])

    with psycopg.connect(plain) as connection:
        assert connection.pgconn.ssl_in_use
    assert production_peers.database_facts(plain)["sslmode"] == "verify-full"


def to_temporal(monkeypatch: pytest.MonkeyPatch, address: str, **named: str | Path) -> None:
    """The environment of a part that goes to that address."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    for name, value in named.items():
        monkeypatch.setenv(f"TEMPORAL_{name}", str(value))


async def asked(settings: Settings) -> str:
    """One question to Temporal as every part asks it; how it calls its version."""
    client = await wiring.temporal_client(settings, lazy=False)
    return (await client.workflow_service.get_system_info(GetSystemInfoRequest())).server_version


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a key for payloads, without which no part speaks to Temporal."""
    key = tmp_path / "codec.key"
    key.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
    return Settings(codec_key_file=key)


async def test_temporal_is_reached_with_our_certificate(
    temporal: Temporal, mine: Papers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides show their papers; the server's side reads whose ours is."""
    async with tls_in_front_of(temporal.address, mine, client=True) as relay:
        to_temporal(monkeypatch, relay.address, TLS_SERVER_CA_CERT_PATH=mine.ca)
        to_temporal(monkeypatch, relay.address, TLS_CLIENT_CERT_PATH=mine.client[0], TLS_CLIENT_KEY_PATH=mine.client[1])

        assert await asked(settings)
        assert relay.seen >= {"bot"}


async def test_temporal_is_not_reached_without_the_right_papers(
    temporal: Temporal, mine: Papers, others: Papers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No certificate of ours, one of another authority, another server's authority, and no TLS: each is refused."""
    ways: list[dict[str, str | Path]] = [
        {"TLS_SERVER_CA_CERT_PATH": mine.ca},
        {
            "TLS_SERVER_CA_CERT_PATH": mine.ca,
            "TLS_CLIENT_CERT_PATH": others.client[0],
            "TLS_CLIENT_KEY_PATH": others.client[1],
        },
        {
            "TLS_SERVER_CA_CERT_PATH": others.ca,
            "TLS_CLIENT_CERT_PATH": mine.client[0],
            "TLS_CLIENT_KEY_PATH": mine.client[1],
        },
        {},
    ]
    async with tls_in_front_of(temporal.address, mine, client=True) as relay:
        for named in ways:
            with monkeypatch.context() as around:
                to_temporal(around, relay.address, **named)
                with pytest.raises((RPCError, RuntimeError)):
                    await asked(settings)

        assert relay.seen == set()


@pytest.mark.parametrize(("key", "enters"), [("the-right-one", True), ("another", False)])
async def test_temporal_is_reached_with_an_api_key(
    temporal: Temporal, mine: Papers, settings: Settings, monkeypatch: pytest.MonkeyPatch, key: str, enters: bool
) -> None:
    """The key travels inside TLS with each request; another one is refused."""
    async with tls_in_front_of(temporal.address, mine, key="the-right-one") as relay:
        to_temporal(monkeypatch, relay.address, API_KEY=key, TLS_SERVER_CA_CERT_PATH=mine.ca)
        if enters:
            assert await asked(settings)
        else:
            with pytest.raises((RPCError, RuntimeError)):
                await asked(settings)

        assert relay.keys == {f"Bearer {key}"}
