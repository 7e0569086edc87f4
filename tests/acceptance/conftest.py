"""A whole `baton up` as processes, for all acceptance tests; each acts on orders of its own."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from baton.data_folder import DataFolder
from tests.support.patience import PATIENCE
from tests.support.processes import Program

SHORT = {
    "BATON_LEASE_SECONDS": "6",
    "BATON_SETTLE_SECONDS": "7",
    "BATON_HEARTBEAT_SECONDS": "4",
    "BATON_SEATS": "2",
}
"""Patience of a test; settle stays above lease."""
UP = ("-m", "baton", "up", "--port-base", "0", "--data-dir")


@dataclass(frozen=True)
class Running:
    """A Baton that runs: its processes, its folder, and where everything is."""

    program: Program
    folder: DataFolder
    at: dict[str, str]

    def ledger(self, system: str, key: str) -> list[dict[str, Any]]:
        """The committed changes of one record."""
        url = self.at[f"BATON_{system.upper()}_URL"]
        rows: list[dict[str, Any]] = httpx.get(f"{url}/ledger.json", timeout=PATIENCE).raise_for_status().json()
        return [row for row in rows if row["key"] == key]

    def references(self, system: str) -> list[str]:
        """The reference of every committed change."""
        url = self.at[f"BATON_{system.upper()}_URL"]
        return [row["reference"] for row in httpx.get(f"{url}/ledger.json", timeout=PATIENCE).json()]

    def mails(self) -> list[dict[str, Any]]:
        """What customers were sent; the sink's page has the port after the mail server's."""
        port = int(self.at["BATON_SMTP_URL"].rsplit(":", 1)[-1])
        found: list[dict[str, Any]] = httpx.get(f"http://127.0.0.1:{port + 1}/mails.json", timeout=PATIENCE).json()
        return found

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the records."""
        with self._connected() as connection:
            return list(connection.execute(statement.encode()))

    @retry(
        retry=retry_if_exception_type(psycopg.OperationalError), stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.2)
    )
    def _connected(self) -> psycopg.Connection[Any]:
        """A connection; a PostgreSQL that was just killed is asked until it is back."""
        return psycopg.connect(self.at["BATON_DATABASE_URL"])


def started(folder: DataFolder) -> Program:
    """`baton up` on the folder, ready; what it says further is read away so that it never waits for us."""
    program = Program(*UP, str(folder.path), env=SHORT)
    program.says("Baton is ready")
    threading.Thread(target=program.drain, daemon=True).start()
    return program


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A data folder that PostgreSQL's system user can reach too."""
    path = Path(tempfile.mkdtemp(prefix="baton-acceptance-", dir="/tmp"))
    path.chmod(0o755)
    yield DataFolder(path)
    shutil.rmtree(path)


@pytest.fixture
def baton(folder: DataFolder) -> Iterator[Running]:
    """A running Baton."""
    with started(folder) as program:
        yield Running(program, folder, folder.read_environment())
        program.stop()
