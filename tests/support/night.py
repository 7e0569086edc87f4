"""A Baton for a night in which things go wrong: its parts as processes, who is on call, and what Prometheus sees."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from temporalio.client import Client

from activities.marks import Marks
from baton import wiring
from baton.codec import data_converter
from baton.data_folder import demo_sign_ins
from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal, add_namespace
from bots.kit.secrets.seam import Secret
from core import clock
from core.settings import Settings
from records.database import Database
from tests.acceptance.conftest import SHORT
from tests.support import promql, runbook, seen_parts
from tests.support.floor import Floor
from tests.support.journey import KEY, Journey
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.workflows.test_builds import known

RULES = {rule["alert"]: rule["expr"] for rule in seen_parts.rules()}
PARTS = ("console", "worker", "ticks", "bots")
GOOD, BAD = "2026.11.1", "2026.12.0"
DISK = 48
"""Megabytes of the volume that fills up."""
ACCOUNT = "orderdesk-bot01"
KEYS = ("BATON_CODEC_KEY_FILE", "BATON_EVIDENCE_KEY_FILE", "BATON_SECRETS_KEY_FILE")
STANDS_STILL = 20.0
"""Seconds that a scrape waits for a part that answers nobody; a busy machine is slower than Prometheus' ten."""


def in_a_year() -> str:
    """A day on which nothing ends soon."""
    return (clock.now() + timedelta(days=365)).date().isoformat()


@dataclass
class Night:
    """A Baton whose parts are processes of their own; who is on call types into it, and Prometheus looks at it."""

    stack: ExitStack
    environment: dict[str, str]
    journey: Journey
    running: dict[str, Program] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def surrounded_by(self, **settings: str) -> Iterator[None]:
        """Whatever starts meanwhile finds these settings, as in the file of its supervisor; then those as before."""
        before = dict(self.environment)
        self.environment.update(settings)
        yield
        self.environment.clear()
        self.environment.update(before)

    def start(self, name: str, *arguments: str, **settings: str) -> None:
        """A part, in place of the one of that name, which is ended first."""
        self.end(name)
        words = arguments or ("-m", "baton", name)
        program = self.stack.enter_context(Program(*words, env=self.environment | settings))
        self.addresses[name] = seen_parts.address(program)
        if name != "ticks":
            program.says("worker.ready")
        self.stack.enter_context(seen_parts.heard(program))
        self.running[name] = program

    def end(self, name: str) -> None:
        """End it, as whoever operates it does; nobody looks at it any more."""
        self.addresses.pop(name, None)
        if program := self.running.pop(name, None):
            program.stop()

    async def rings(self, alert: str) -> bool:
        """Whether Prometheus would ring for it at this moment."""
        return bool(promql.evaluate(RULES[alert], await promql.scrape(self.addresses, STANDS_STILL)))

    async def until(self, alert: str, *, rings: bool) -> None:
        """Look until it rings, or is quiet."""
        async with asyncio.timeout(PATIENCE):
            while await self.rings(alert) is not rings:
                pass

    async def follow(self, heading: str, block: int = 0, typed: str = "", **fill: str) -> list[str]:
        """Type the commands of that paragraph; what each said. `typed` goes into those that ask for a value."""
        said = []
        for line in runbook.commands(heading, block, fill):
            if line.words[0] in PARTS:
                await asyncio.to_thread(self.start, line.words[0], **line.settings)
            else:
                said.append(await self.type(*line.words, typed=typed))
        return said

    async def type(self, *words: str, typed: str = "") -> str:
        """A command to its end, which must be a good one; what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", *words),
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate(f"{typed}\n".encode())
        assert process.returncode == 0, told.decode()
        return told.decode()


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where ticks keep their data and all parts their evidence: a small disk where one can be mounted."""
    place = tmp_path_factory.mktemp("volume")
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    yield place
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def own_database(postgres_server: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """A database for the whole night."""
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE night TEMPLATE {migrated_template} STRATEGY FILE_COPY".encode())
        yield postgres_server.url_of("night")
        connection.execute(b"DROP DATABASE night WITH (FORCE)")


@pytest.fixture(scope="module")
async def night(
    own_database: str,
    temporal_server: EmbeddedTemporal,
    shared_floor: Floor,
    volume: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Night]:
    """Worker, ticks and bots, of a build that takes all new work."""
    place, namespace = tmp_path_factory.mktemp("night"), f"night-{os.getpid()}"
    await add_namespace(await Client.connect(temporal_server.address), namespace)
    client = await Client.connect(
        temporal_server.address, namespace=namespace, data_converter=data_converter(KEY), interceptors=[Marks()]
    )
    environment = _environment(own_database, temporal_server.address, namespace, shared_floor, place, volume)
    settings = Settings.model_validate(
        {name.removeprefix("BATON_").lower(): value for name, value in environment.items() if name.startswith("BATON_")}
    )
    _keep_sign_ins(settings)
    database = Database(own_database)
    with ExitStack() as stack:
        made = Night(stack, environment, Journey(database, client, settings, shared_floor))
        made.start("worker", BATON_BUILD=GOOD)
        await known(made.journey, GOOD)
        await made.type("upgrade", "--current")
        made.environment["BATON_BUILD"] = GOOD
        made.start("bots")
        made.start("ticks", BATON_DATA_DIR=str(volume))
        yield made
    await database.close()


def _environment(url: str, temporal: str, namespace: str, floor: Floor, place: Path, volume: Path) -> dict[str, str]:
    (place / "codec.key").write_bytes(base64.b64encode(KEY))
    (volume / "evidence").mkdir()
    return {
        **SHORT,
        "BATON_DATABASE_URL": url,
        "BATON_DATA_DIR": str(place),
        "BATON_CODEC_KEY_FILE": str(place / "codec.key"),
        "BATON_EVIDENCE_KEY_FILE": str(place / "evidence.keys"),
        "BATON_EVIDENCE_URL": f"file://{volume}/evidence",
        "BATON_ORDERDESK_URL": floor.orderdesk,
        "BATON_SERVICEDESK_URL": floor.servicedesk,
        "BATON_FIELDBOARD_URL": floor.fieldboard,
        "BATON_SMTP_URL": floor.smtp,
        "BATON_KEYS_END": ",".join(f"{key}={in_a_year()}" for key in KEYS),
        "BATON_SECRETS": "file",
        "BATON_SECRETS_FILE": str(place / "secrets.json"),
        "BATON_SECRETS_KEY_FILE": str(place / "secrets.key"),
        "TEMPORAL_ADDRESS": temporal,
        "TEMPORAL_NAMESPACE": namespace,
    }


def _keep_sign_ins(settings: Settings) -> None:
    """Each with a day, as they should have."""
    kept, last = wiring.secrets_file(settings), clock.now() + timedelta(days=365)
    for name, value in demo_sign_ins().items():
        called = name.removeprefix("BATON_SECRET_").lower().replace("_", "-")
        kept.keep(Secret(called, value, expires_at=last), clock.now(), new=True)
