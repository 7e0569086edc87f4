"""Each alarm of `deploy/alerts.yml`, fired once by what it is there for: real parts, scraped, their rules evaluated."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from temporalio.client import Client

from baton.postgres import EmbeddedPostgres
from baton.seen import asked
from baton.temporal_server import EmbeddedTemporal, add_namespace
from baton.turn import LOCK
from core import clock
from core.settings import Settings
from records import bot_process, evidence_store
from records.database import Database, libpq_url
from tests.support import promql, seen_parts, tls
from tests.support.patience import PATIENCE
from tests.support.processes import Program

RULES = {rule["alert"]: rule["expr"] for rule in seen_parts.rules()}
OF_THE_MACHINE = {"BatonDiskLow", "BatonDiskFull", "BatonLoopBlocked"}
"""These ring by what the machine under the test is like; each has a test of its own."""
ALWAYS = {"BatonWatchdog"}
AN_HOUR_AHEAD = (
    """CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
       $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$""",
    "ALTER DATABASE alarms_alone SET search_path = public, pg_catalog",
)
"""What every part then takes for the database's clock."""
STANDS_STILL = 6.0
"""Seconds that a scrape waits for a part that was stopped: longer than a loop may be held up."""
IN_THE_RECORDS = {
    "BatonNoPoller": "Nobody takes work from bots-orderdesk",
    "BatonUnknownOld": "may have been entered",
    "BatonWorkflowTasksFail": "workflow tasks failed",
    "BatonMailStuck": "mails: on their way",
    "BatonCredentialExpires": "The credential orderdesk-meier expires",
    "BatonKeyExpires": "BATON_MAILBOX_CA_FILE: the certificate",
    "BatonExpiryUndeclared": "No day of expiry is declared for BATON_CODEC_KEY_FILE",
    "BatonBotsSilent": "bot process",
    "BatonEvidenceAway": "The evidence store holds nothing at all",
}
"""What rings while all parts run and Temporal answers, and what `baton status` says of it."""
WITHOUT_TEMPORAL = {
    "BatonPartNotReady": "Cannot work: worker.",
    "BatonOutboxOld": "waits for Temporal",
    "BatonAlarmsBlind": "waits for Temporal",
    "BatonClockOff": "seconds behind the database's",
}
"""The same while Temporal is away, and the clock of the database an hour ahead."""


@dataclass
class Parts:
    """A worker and ticks that run, where they answer, and what they were given."""

    programs: dict[str, Program]
    addresses: dict[str, str]
    environment: dict[str, str]

    async def rings(self, within: float = PATIENCE) -> set[str]:
        """The alarms that a Prometheus would ring at this moment."""
        found = await promql.scrape(self.addresses, within)
        return {alert for alert, rule in RULES.items() if promql.evaluate(rule, found)}

    def urls(self) -> str:
        """Where the parts say how they are, as a setting."""
        return ",".join(f"{part}={url}" for part, url in self.addresses.items())

    async def status(self) -> str:
        """What `baton status` finds wrong, as a person types it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton", "status", "--json"),
            env={**os.environ, **self.environment, "BATON_HEALTH_URLS": self.urls()},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        return "\n".join(json.loads(said)["wrong"])


@contextmanager
def _parts(environment: dict[str, str]) -> Iterator[Parts]:
    with ExitStack() as stack:
        programs = {name: stack.enter_context(seen_parts.running(name, environment)) for name in ("ticks", "worker")}
        addresses = {name: seen_parts.address(program) for name, program in programs.items()}
        for program in programs.values():
            stack.enter_context(seen_parts.heard(program))
        yield Parts(programs, addresses, environment)


@contextmanager
def _own_database(server: EmbeddedPostgres, template: str, name: str) -> Iterator[str]:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
        yield server.url_of(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
async def running(
    postgres_server: EmbeddedPostgres,
    migrated_template: str,
    temporal_server: EmbeddedTemporal,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Parts]:
    """All is there, and something is wrong in each corner: a workflow without code, an entry in doubt, a bot killed."""
    place, namespace = tmp_path_factory.mktemp("alarms"), f"alarms-{os.getpid()}"
    await add_namespace(await Client.connect(temporal_server.address), namespace)
    strange = await Client.connect(temporal_server.address, namespace=namespace)
    await strange.start_workflow("NobodyKnowsThis", id="strange", task_queue="baton")
    with _own_database(postgres_server, migrated_template, "alarms") as url:
        await seen_parts.something_wrong(url)
        await _bot_killed(url)
        await _evidence_kept_elsewhere(url)
        soon = {
            "TEMPORAL_NAMESPACE": namespace,
            "BATON_MAILBOX_CA_FILE": str(tls.papers(place).ca),
            "BATON_SECRET_ORDERDESK_MEIER": "x",
            "BATON_SECRET_ORDERDESK_MEIER_EXPIRES": (clock.now() + timedelta(days=3)).date().isoformat(),
        }
        with _parts(seen_parts.environment(url, temporal_server.address, place) | soon) as parts:
            yield parts


@pytest.fixture
async def alone(postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path: Path) -> AsyncIterator[Parts]:
    """Temporal is away, work was accepted an hour ago, and somebody holds the turn of the beats."""
    with _own_database(postgres_server, migrated_template, "alarms_alone") as url:
        await seen_parts.something_wrong(url)
        with psycopg.connect(libpq_url(url), autocommit=True) as holder:
            for statement in AN_HOUR_AHEAD:
                holder.execute(statement.encode())
            holder.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            with _parts(seen_parts.environment(url, seen_parts.NOBODY, tmp_path)) as parts:
                yield parts


@pytest.mark.failure_mode("F43")
async def test_what_stands_in_the_records_rings_and_nothing_else(running: Parts) -> None:
    """No poller, doubt, failing code, mail, a credential and a silent bot ring; no part, beat or source is blamed."""
    await _until(running, lambda found: found - OF_THE_MACHINE == ALWAYS | set(IN_THE_RECORDS))


async def test_status_says_what_rings_from_the_records(running: Parts) -> None:
    """Without Prometheus, `baton status` has a sentence for each of these alarms."""
    await _until(running, lambda found: found >= set(IN_THE_RECORDS))

    _tells(await running.status(), IN_THE_RECORDS)


async def test_what_is_away_rings_for_every_part_and_the_worst_for_the_dead(alone: Parts) -> None:
    """Without Temporal, without beats, then with a part that stands still, and with dead ticks: each rings in turn."""
    await _until(alone, lambda found: found >= set(WITHOUT_TEMPORAL))
    _tells(await alone.status(), WITHOUT_TEMPORAL)
    await _until_rule(alone, _shortened(RULES["BatonTicksSilent"]))
    _tells("\n".join(await asked.beats(alone.addresses, 1, 1)), {"BatonTicksSilent": "has not been done for"})

    alone.programs["worker"].signal(signal.SIGSTOP)
    still = await alone.rings(STANDS_STILL)
    alone.programs["worker"].signal(signal.SIGCONT)
    assert "BatonPartGone" in still
    await _until(alone, lambda found: "BatonLoopBlocked" in found and "BatonPartGone" not in found)
    told = asked.sentences(await asked.parts(Settings(health_urls=alone.urls()), {}))
    _tells("\n".join(told), {"BatonLoopBlocked": "held up for"})

    alone.programs["ticks"].signal(signal.SIGKILL)
    await _until(alone, lambda found: {"BatonPartGone", "BatonTicksGone"} <= found)
    _tells(await alone.status(), {"BatonPartGone": "The part ticks does not say how it is"})


@pytest.mark.parametrize("alert", ["BatonDiskLow", "BatonDiskFull"])
async def test_a_disk_rings_below_its_share(running: Parts, alert: str) -> None:
    """The rule compares what is free with what there is: a limit just above the real share rings, below it none."""
    found = await promql.scrape(running.addresses, PATIENCE)
    share, _, limit = RULES[alert].partition(" < ")
    real = min(promql.evaluate(share, found).values())

    rings = [bool(promql.evaluate(f"{share} < {real * by}", found)) for by in (1.01, 0.99)]

    assert (rings, 0 < float(limit) <= 0.10) == ([True, False], True)


def test_each_alarm_is_fired_here() -> None:
    """A rule that is new in deploy/alerts.yml needs its cause in this file."""
    caused = {*IN_THE_RECORDS, *WITHOUT_TEMPORAL, *OF_THE_MACHINE, "BatonTicksSilent", "BatonTicksGone"}

    assert set(RULES) == caused | ALWAYS | {"BatonPartGone"}


def _shortened(rule: str) -> str:
    """The rule for silent beats with a second in place of its minute and one interval in place of three."""
    short = rule.replace("> 60 + 3 * ", "> 1 + 1 * ")
    assert short != rule
    return short


def _tells(said: str, wanted: Mapping[str, str]) -> None:
    assert [alert for alert, words in wanted.items() if words not in said] == [], said


async def _until(parts: Parts, enough: Callable[[set[str]], bool]) -> None:
    seen: set[str] = set()
    try:
        async with asyncio.timeout(PATIENCE):
            while not enough(seen):
                seen = await parts.rings()
    except TimeoutError as late:
        raise AssertionError(f"at last these rang: {sorted(seen)}") from late


async def _until_rule(parts: Parts, rule: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not promql.evaluate(rule, await promql.scrape(parts.addresses, PATIENCE)):
            pass


async def _bot_killed(url: str) -> None:
    """A bot process that began, and was heard of a minute ago for the last time."""
    database = Database(url)
    async with database.session() as session:
        await bot_process.begin(session, "host-7", 4711, lambda _: False)
        await (await session.connection()).execute(
            text("UPDATE bot_processes SET seen_at = seen_at - interval '1 minute'")
        )
    await database.close()


async def _evidence_kept_elsewhere(url: str) -> None:
    """A picture that the store of these parts has never seen."""
    database = Database(url)
    async with database.session() as session:
        row = evidence_store.reference(
            "kept/elsewhere.png", b"a picture", kind="screenshot", taken="trouble", at=clock.now()
        )
        await evidence_store.keep(session, row)
    await database.close()
