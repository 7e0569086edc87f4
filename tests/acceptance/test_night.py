"""A night: what can go wrong goes wrong, each alarm rings, and its paragraph, followed to the letter, mends it."""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from temporalio.client import Client

from baton import wiring
from baton.codec import data_converter
from baton.data_folder import demo_sign_ins
from baton.postgres import EmbeddedPostgres
from baton.temporal_server import EmbeddedTemporal, add_namespace
from bots.kit.secrets.seam import Secret
from core import clock
from core.settings import Settings
from records import evidence_store
from records.database import Database
from records.intake import Receipt
from tests.acceptance.conftest import SHORT
from tests.support import promql, runbook, seen_parts
from tests.support.floor import ORDERS, Floor
from tests.support.journey import KEY, Journey
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.test_builds import known
from tests.workflows.test_process_gone import once_each

RULES = {rule["alert"]: rule["expr"] for rule in seen_parts.rules()}
PARTS = ("console", "worker", "ticks", "bots")
GOOD, BAD = "2026.11.1", "2026.12.0"
DISK = 48
"""Megabytes of the volume that fills up."""
ACCOUNT = "orderdesk-bot01"
STANDS_STILL = 20.0
"""Seconds that a scrape waits for a part that answers nobody; a busy machine is slower than Prometheus' ten."""


@dataclass
class Night:
    """A Baton whose parts are processes of their own; who is on call types into it, and Prometheus looks at it."""

    stack: ExitStack
    environment: dict[str, str]
    journey: Journey
    running: dict[str, Program] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

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
    client = await Client.connect(temporal_server.address, namespace=namespace, data_converter=data_converter(KEY))
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
        "BATON_SECRETS": "file",
        "BATON_SECRETS_FILE": str(place / "secrets.json"),
        "BATON_SECRETS_KEY_FILE": str(place / "secrets.key"),
        "TEMPORAL_ADDRESS": temporal,
        "TEMPORAL_NAMESPACE": namespace,
    }


def _keep_sign_ins(settings: Settings) -> None:
    kept = wiring.secrets_file(settings)
    for name, value in demo_sign_ins().items():
        kept.keep(Secret(name.removeprefix("BATON_SECRET_").lower().replace("_", "-"), value), clock.now(), new=True)


def _next_order() -> str:
    return str(next(ORDERS))


async def _ends(night: Night, receipt: Receipt, order_no: str) -> None:
    await resolved(night.journey, receipt, in_three_days())
    await once_each(night.journey, receipt, order_no)


async def test_a_part_that_was_killed(night: Night) -> None:
    """The bots are killed and stay away: work waits. Started again, it is entered once."""
    night.running["bots"].signal(signal.SIGKILL)
    await night.until("BatonPartGone", rings=True)
    order_no = _next_order()
    receipt = await night.journey.hand_in(order_no)

    await night.follow("A part is gone", PART="bots")

    await night.journey.until_stage(receipt, "with_service")
    await night.until("BatonPartGone", rings=False)
    await night.until("BatonBotsSilent", rings=False)
    await _ends(night, receipt, order_no)


@pytest.mark.failure_mode("F43")
async def test_a_build_that_raises(night: Night) -> None:
    """F43: a new build takes all new work and fails at once. Back, and what began there goes on with the one before."""
    order_no = _next_order()
    night.start("next", "-m", "tests.support.bad_worker", "RaisingCase", BATON_BUILD=BAD)
    await known(night.journey, BAD)
    await night.type("upgrade", "--current", "--build", BAD)
    receipt = await night.journey.hand_in(order_no)
    await night.until("BatonWorkflowTasksFail", rings=True)

    said = await night.follow("Workflow tasks fail", BAD=BAD, GOOD=GOOD)
    night.end("next")

    assert f"All new work begins on {GOOD} again." in said[0]
    await night.journey.until_stage(receipt, "with_service")
    await night.until("BatonWorkflowTasksFail", rings=False)
    await _ends(night, receipt, order_no)


@pytest.mark.failure_mode("F42")
async def test_a_task_that_is_stuck(night: Night) -> None:
    """F42: code that does not fit what is open came in under the old name. With the code before the case goes on."""
    order_no = _next_order()
    receipt = await at_desk(night.journey, order_no)
    night.start("worker", "-m", "tests.support.bad_worker", "HastyCase")
    ended = asyncio.create_task(_ends(night, receipt, order_no))
    await night.until("BatonWorkflowTasksFail", rings=True)

    await night.follow("Workflow tasks fail", block=1)

    await ended
    await night.until("BatonWorkflowTasksFail", rings=False)


@pytest.mark.failure_mode("F46")
async def test_a_worker_that_is_held_up(night: Night, tmp_path: Path) -> None:
    """F46: a call blocks one worker's loop: that part alone rings, and a case goes from report to end without it."""
    os.mkfifo(tmp_path / "held")
    order_no = _next_order()
    night.start("second", "-m", "tests.support.blocked_worker", str(tmp_path / "held"))
    night.running["second"].signal(signal.SIGUSR1)

    await night.until("BatonPartGone", rings=True)
    gone = promql.evaluate(RULES["BatonPartGone"], await promql.scrape(night.addresses, STANDS_STILL))
    await _ends(night, await at_desk(night.journey, order_no), order_no)

    await asyncio.to_thread((tmp_path / "held").write_bytes, b"")
    await night.until("BatonLoopBlocked", rings=True)
    assert [dict(labels)["instance"] for labels in gone] == ["second"]
    night.end("second")


async def test_a_secret_that_expired(night: Night) -> None:
    """The first bot's credential was over yesterday. With a new value and a new day it signs in again."""
    value = demo_sign_ins()["BATON_SECRET_ORDERDESK_BOT01"]
    yesterday = clock.now() - timedelta(days=1)
    expired = Secret(ACCOUNT, value, expires_at=yesterday)
    wiring.secrets_file(night.journey.settings).keep(expired, clock.now(), new=False)
    await night.until("BatonCredentialExpires", rings=True)

    in_a_year = (clock.now() + timedelta(days=365)).date().isoformat()
    said = await night.follow("A credential expires", typed=value, NAME=ACCOUNT, DAY=in_a_year)

    assert "is kept" in said[0]
    await night.until("BatonCredentialExpires", rings=False)


async def test_a_disk_that_fills_up(night: Night, volume: Path) -> None:
    """Old pictures leave less than a tenth of the volume. Kept for fewer days, they go, and there is room."""
    if shutil.disk_usage(volume).total > DISK << 20:
        pytest.skip("a small disk can only be mounted by root")
    path, picture = "old/screen.png", os.urandom((DISK - 4) << 20)
    await wiring.evidence(night.journey.settings).put(path, picture, "public")
    async with night.journey.database.session() as session:
        how = {"kind": "screenshot", "taken": "trouble", "at": clock.now() - timedelta(days=60)}
        await evidence_store.keep(session, evidence_store.reference(path, picture, **how))
    await night.until("BatonDiskLow", rings=True)

    await night.follow("The disk fills up", DAYS="30")

    await night.until("BatonDiskLow", rings=False)
    order_no = _next_order()
    await _ends(night, await at_desk(night.journey, order_no), order_no)
