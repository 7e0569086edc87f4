"""How parts say how they are: real processes asked over HTTP, and `deploy/alerts.yml` held against what they say."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from temporalio.client import Client

from baton.postgres import EmbeddedPostgres
from baton.seen import asked
from baton.temporal_server import EmbeddedTemporal, add_namespace
from core import clock
from core.settings import Settings
from tests.house import tree
from tests.support import canary, promql, seen_parts
from tests.support.patience import PATIENCE

CANARIES = ("Canarius", "Birdcage", "4712345", "P-99887766", "canary@example.net", "meier")
"""Name, street, order, parcel, address and a bot account called as a person is."""
LABELS = {
    *("what", "beat", "source", "queue", "kind", "system", "state", "setting"),
    *("task_queue", "workflow_type", "activity_type", "poller_type", "worker_type"),
    *("failure_reason", "operation", "status_code"),
}
WORKER_SEEN = 'baton_queue_pollers{kind="workflow",queue="baton"} 1'
OF_PROMETHEUS = {"up"}


@dataclass(frozen=True)
class Asked:
    """A worker and ticks that run: where they answer, and what they answered once both worked."""

    addresses: dict[str, str]
    ready: dict[str, dict[str, Any]]
    metrics: dict[str, str]
    environment: dict[str, str]

    def settings(self) -> Settings:
        """For `baton status`."""
        urls = ",".join(f"{part}={url}" for part, url in self.addresses.items())
        return Settings(health_urls=urls, database_url=self.environment["BATON_DATABASE_URL"])


@pytest.fixture(scope="module")
def own_database(postgres_server: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """A database for all tests of this file."""
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE seen TEMPLATE {migrated_template} STRATEGY FILE_COPY".encode())
        yield postgres_server.url_of("seen")
        connection.execute(b"DROP DATABASE seen WITH (FORCE)")


@pytest.fixture(scope="module")
async def parts(
    own_database: str, temporal_server: EmbeddedTemporal, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asked]:
    """A worker that failed at a workflow, ticks, and records with something wrong in each corner."""
    place, namespace = tmp_path_factory.mktemp("seen"), f"seen-{os.getpid()}"
    await add_namespace(await Client.connect(temporal_server.address), namespace)
    strange = await Client.connect(temporal_server.address, namespace=namespace)
    await strange.start_workflow("NobodyKnowsThis", id="strange", task_queue="baton")
    await seen_parts.something_wrong(own_database)
    environment = seen_parts.environment(own_database, temporal_server.address, place) | {
        "TEMPORAL_NAMESPACE": namespace,
        "BATON_SECRET_ORDERDESK_MEIER": "x",
        "BATON_SECRET_ORDERDESK_MEIER_EXPIRES": "2031-01-01",
        "BATON_KEYS_END": "BATON_CODEC_KEY_FILE=2031-02-01",
    }
    with ExitStack() as stack:
        programs = {name: stack.enter_context(seen_parts.running(name, environment)) for name in ("ticks", "worker")}
        addresses = {name: seen_parts.address(program) for name, program in programs.items()}
        programs["worker"].says("worker.ready")
        for program in programs.values():
            stack.enter_context(seen_parts.heard(program))
        async with httpx.AsyncClient(timeout=PATIENCE) as client, asyncio.timeout(PATIENCE):
            await seen_parts.until(client, f"{addresses['worker']}/readyz", "workflow tasks failed")
            await seen_parts.until(
                client, f"{addresses['ticks']}/metrics", 'baton_queue_pollers{kind="workflow",queue="baton"} 1'
            )
            ready = {name: (await client.get(f"{url}/readyz")).json() for name, url in addresses.items()}
            metrics = {name: (await client.get(f"{url}/metrics")).text for name, url in addresses.items()}
        yield Asked(addresses, ready, metrics, environment)


async def test_parts_that_can_work_say_so(parts: Asked) -> None:
    """Both answer that they live and are ready, each with what it needs and what it goes on without."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        lives = [(await client.get(f"{url}/healthz")).status_code for url in parts.addresses.values()]

    assert lives == [200, 200]
    assert parts.ready["ticks"]["needs"] == {"records": "ok", "beats": "ok", "work": "ok"}
    assert parts.ready["ticks"]["uses"]["temporal"] == "ok"
    assert parts.ready["worker"]["needs"] == {"records": "ok", "temporal": "ok", "work": "ok"}


@pytest.mark.failure_mode("F43")
async def test_workflow_tasks_that_fail_are_told(parts: Asked) -> None:
    """A workflow that the worker cannot carry shows at once, with its type and reason, and the worker stays ready."""
    assert parts.ready["worker"]["ready"]
    assert "workflow tasks failed" in parts.ready["worker"]["uses"]["workflow_tasks"]
    assert 'baton_needed{what="workflow_tasks"} 0.0' in parts.metrics["worker"]
    assert "temporal_workflow_task_execution_failed_total{" in parts.metrics["worker"]


async def test_the_ticks_count_what_alarms_are_made_of(parts: Asked) -> None:
    """What waits, is in doubt, stands still or expires is a number; so is each queue without a worker."""
    numbers = seen_parts.numbers(parts.metrics["ticks"])

    assert numbers['baton_unknown_count{system="orderdesk"}'] == 1
    assert numbers['baton_unknown_oldest_seconds{system="orderdesk"}'] > 3000
    assert numbers['baton_mail_stuck_count{state="waiting"}'] == 1
    assert numbers['baton_queue_pollers{kind="activity",queue="baton"}'] == 1
    assert numbers['baton_queue_pollers{kind="activity",queue="bots-orderdesk"}'] == 0
    assert numbers["baton_credential_first_expiry_timestamp_seconds"] > clock.now().timestamp()
    assert {numbers[f'baton_alarms_read{{source="{one}"}}'] for one in ("records", "pollers", "credentials")} == {1}


async def test_nothing_of_anybody_stands_in_the_numbers(parts: Asked) -> None:
    """No name, address, order, parcel or account: not in a number, not in a label, not in a reason."""
    places = {name: text.encode() for name, text in parts.metrics.items()}
    places |= {f"{name}/readyz": str(said).encode() for name, said in parts.ready.items()}

    assert canary.sung(places, CANARIES) == []


async def test_labels_are_few(parts: Asked) -> None:
    """Each label is one of those whose values are known beforehand."""
    found = {label for text in parts.metrics.values() for label in re.findall(r'[{,](\w+)="', text)}

    assert found - LABELS == set()


async def test_every_number_of_the_alarms_is_served(parts: Asked) -> None:
    """No rule waits for a number that no part gives out, and no rule for a value that a label never has."""
    served = {name for text in parts.metrics.values() for name in re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE)}
    rules = seen_parts.rules()

    named = {name for rule in rules for name in re.findall(r"\b(?:baton|temporal)_\w+|\bup\b", rule["expr"])}

    assert len(rules) >= 10
    assert named - served == OF_PROMETHEUS


async def test_every_panel_of_the_dashboard_shows_a_number_that_is_served(parts: Asked) -> None:
    """deploy/grafana/baton.json: its expressions ask for numbers that are there, as is the help it names."""
    served = {name for text in parts.metrics.values() for name in re.findall(r"^(\w+)", text, re.MULTILINE)}
    board = json.loads((tree.ROOT / "deploy/grafana/baton.json").read_text(encoding="utf-8"))
    runbook = (tree.ROOT / "docs/operating.md").read_text(encoding="utf-8")
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]

    asked_for = {name for panel in panels for one in panel["targets"] for name in promql.names(one["expr"])}
    named = {name.strip(" .") for panel in panels for name in panel["description"].partition("Runbook:")[2].split(";")}

    assert asked_for - served == OF_PROMETHEUS
    assert [name for name in named if name and f"\n## {name}\n" not in runbook] == []
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert {panel["title"] for panel in panels if not panel["targets"]} == set()


async def test_status_tells_it_without_prometheus(parts: Asked) -> None:
    """`baton status` asks the parts and Temporal, and says what fails, who is silent and which queue nobody serves."""
    settings = parts.settings().model_copy(update={"orderdesk_url": "http://orderdesk.test"})
    gone = settings.model_copy(update={"health_urls": f"{settings.health_urls},bots=http://{seen_parts.NOBODY}"})

    sentences = asked.sentences(await asked.parts(gone, {}))

    assert sentences[0].startswith("The part bots does not say how it is")
    assert sentences[1].endswith("Go on: worker.")


async def test_a_worker_without_temporal_is_alive_and_not_ready(database_url: str, tmp_path: Path) -> None:
    """It waits for Temporal: 200 for who asks whether it lives, 503 with the reason for who would send it work."""
    with seen_parts.running("worker", seen_parts.environment(database_url, seen_parts.NOBODY, tmp_path)) as program:
        address = seen_parts.address(program)
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            lives = await client.get(f"{address}/healthz")
            answer = await client.get(f"{address}/readyz")

    assert (lives.status_code, answer.status_code) == (200, 503)
    assert answer.json()["needs"]["records"] == "ok"
    assert answer.json()["needs"]["temporal"].startswith("Temporal does not answer")
    assert answer.json()["needs"]["work"] == "It is still starting."


async def test_a_taken_port_is_named(database_url: str, tmp_path: Path, postgres_server: EmbeddedPostgres) -> None:
    """A part that cannot serve its health where it was told to says so in one sentence, and does not start."""
    taken = str(httpx.URL(database_url.replace("postgresql", "http")).port)
    with seen_parts.running(
        "ticks", seen_parts.environment(database_url, seen_parts.NOBODY, tmp_path) | {"BATON_HEALTH_PORT": taken}
    ) as program:
        status = program.end()

    assert status == 1
    assert any(f"BATON_HEALTH_PORT: 127.0.0.1:{taken} cannot be listened on" in line for line in program.said)
