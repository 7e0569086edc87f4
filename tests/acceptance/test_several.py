"""In production shape: every part alone and twice, over TLS, as the role with least rights; nothing lost or twice."""

import asyncio
import base64
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from baton.data_folder import demo_sign_ins
from baton.ports import free_base
from baton.postgres import EmbeddedPostgres
from core import clock
from records.access import NewUser, create_token, create_user
from records.database import Database
from records.people import Role
from tests.support.floor import ORDERS, Floor
from tests.support.journey import listening, report_of
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.support.roles import House, house
from tests.support.servers import Temporal
from tests.support.tls import Papers, papers
from tests.support.tls_relay import tls_in_front_of

READY = {"console": "", "worker": "worker.ready", "ticks": "", "bots": "worker.ready"}
"""What a part logs when it works; the others are asked."""
CASES = 4


@dataclass
class Site:
    """Addresses and papers that every part is given, and what runs."""

    env: dict[str, str]
    database_url: str
    consoles: list[str] = field(default_factory=list)
    running: dict[str, list[Program]] = field(default_factory=dict)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of the records."""
        with psycopg.connect(self.database_url) as connection:
            return list(connection.execute(statement.encode()))

    async def until(self, statement: str, wanted: int) -> None:
        """Wait until it counts that many, asked anew whenever a case changes or a while has passed."""
        while self.rows(statement)[0][0] != wanted:
            async with listening(self.database_url) as notified:
                await notified()


@pytest.fixture(scope="module")
def least(postgres_server: EmbeddedPostgres) -> Iterator[House]:
    """A database as deploy/roles.sql makes it."""
    with house(postgres_server, "several") as made:
        yield made


@pytest.fixture
async def site(least: House, temporal: Temporal, floor: Floor, tmp_path: Path) -> AsyncIterator[Site]:
    """PostgreSQL and Temporal behind TLS that asks for papers, the demo systems, and keys in files."""
    mine = papers(tmp_path)
    address = re.sub(r".*@|/.*", "", least.app.partition("//")[2])
    async with AsyncExitStack() as stack:
        to_records = await stack.enter_async_context(tls_in_front_of(address, mine, postgres=True))
        to_temporal = await stack.enter_async_context(tls_in_front_of(temporal.address, mine, client=True))
        url = f"{least.app.replace(address, to_records.address)}?sslmode=verify-full&sslrootcert={mine.ca}"
        # The test itself asks past the relay, which lives in its own loop.
        yield Site(_environment(url, to_temporal.address, temporal, mine, floor, tmp_path), least.app)


def _environment(
    url: str, temporal_at: str, temporal: Temporal, mine: Papers, floor: Floor, folder: Path
) -> dict[str, str]:
    (folder / "evidence").mkdir()
    for name in ("codec.key", "evidence.keys"):
        (folder / name).write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    return {
        **demo_sign_ins(),
        "BATON_DATABASE_URL": url,
        "BATON_CODEC_KEY_FILE": str(folder / "codec.key"),
        "BATON_EVIDENCE_KEY_FILE": str(folder / "evidence.keys"),
        "BATON_EVIDENCE_URL": f"file://{folder}/evidence",
        "BATON_SMTP_URL": floor.smtp,
        "BATON_ORDERDESK_URL": floor.orderdesk,
        "BATON_SERVICEDESK_URL": floor.servicedesk,
        "BATON_FIELDBOARD_URL": floor.fieldboard,
        "BATON_SEATS": "1",
        "BATON_LOG_FORMAT": "json",
        "TEMPORAL_ADDRESS": temporal_at,
        "TEMPORAL_NAMESPACE": temporal.namespace,
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(mine.ca),
        "TEMPORAL_TLS_CLIENT_CERT_PATH": str(mine.client[0]),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(mine.client[1]),
    }


@pytest.fixture
async def running(site: Site, tmp_path: Path) -> AsyncIterator[Site]:
    """Two of each part, each with a data folder of its own, as on machines apart."""
    with ExitStack() as stack:
        for part in READY:
            for number in (1, 2):
                folder = tmp_path / f"{part}{number}"
                folder.mkdir()
                own = {"BATON_DATA_DIR": str(folder)}
                if part == "console":
                    port = free_base(1)
                    site.consoles.append(f"http://127.0.0.1:{port}")
                    own |= {"BATON_CONSOLE_PORT": str(port), "BATON_CONSOLE_URL": site.consoles[-1]}
                program = stack.enter_context(Program("-m", "baton", part, env={**site.env, **own}))
                site.running.setdefault(part, []).append(program)
        for part, words in READY.items():
            for program in site.running[part]:
                if words:
                    await asyncio.to_thread(program.says, words)
                threading.Thread(target=program.drain, daemon=True).start()
        yield site


async def _token(site: Site) -> str:
    database, now = Database(site.database_url, pool_size=1), clock.now()
    try:
        async with database.session() as session:
            who = NewUser(email="ops@example.org", name="Ops", role=Role.OPS, password="a-long-password")
            await create_user(session, who, now)
            return await create_token(session, who.email, "test", timedelta(days=1), now)
    finally:
        await database.close()


@retry(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.2))
async def _answers(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        (await client.get("/readyz")).raise_for_status()


def _in_turn(site: Site) -> list[int]:
    """Which of the two ticks say that the beats are theirs."""
    return [n for n, one in enumerate(site.running["ticks"]) if any("upkeep.turn_taken" in line for line in one.said)]


@pytest.mark.failure_mode("F56")
async def test_two_of_each_part_share_the_work(running: Site, floor: Floor) -> None:
    """Reports go to two consoles, and each reaches service with one entry for each intent; one of two ticks beats.

    When that one is killed the other takes over, and work goes on.
    """
    await asyncio.gather(*map(_answers, running.consoles))
    headers = {"Authorization": f"Bearer {await _token(running)}"}
    orders = [str(next(ORDERS)) for _ in range(CASES + 1)]

    for number, order_no in enumerate(orders[:CASES]):
        await _report(running.consoles[number % 2], headers, order_no)
    at_service = "SELECT count(*) FROM cases WHERE stage = 'with_service'"
    await asyncio.wait_for(running.until(at_service, CASES), PATIENCE)
    await asyncio.wait_for(_in_turn_are(running, 1), PATIENCE)
    first = _in_turn(running)
    running.running["ticks"][first[0]].signal(signal.SIGKILL)
    await _report(running.consoles[0], headers, orders[CASES])
    await asyncio.wait_for(running.until(at_service, CASES + 1), PATIENCE)
    await asyncio.wait_for(_in_turn_are(running, 2), PATIENCE)

    entries = Counter((row["key"], row["reference"]) for row in floor.ledger("orderdesk") if row["key"] in orders)
    assert len(first) == 1
    assert sorted(key for key, _ in entries) == sorted(orders)
    assert set(entries.values()) == {1}


async def _report(console: str, headers: dict[str, str], order_no: str) -> None:
    report = report_of(order_no).model_dump(mode="json")
    async with httpx.AsyncClient(base_url=console, headers=headers, timeout=PATIENCE) as client:
        (await client.post("/api/failed-deliveries", json=report)).raise_for_status()


async def _in_turn_are(site: Site, many: int) -> None:
    """Wait until so many ticks have had the beats."""
    while len(_in_turn(site)) < many:
        async with listening(site.database_url) as notified:
            await notified()
