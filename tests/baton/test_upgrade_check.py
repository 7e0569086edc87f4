"""`baton upgrade --check`: every open history against this build, the migrations on a copy, and one answer."""

import asyncio
import base64
import json
import os
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkerDeploymentConfig
from typer.testing import CliRunner, Result

from baton import wiring
from baton.cli import app
from baton.codec import data_converter
from baton.postgres import EmbeddedPostgres
from baton.upgrade import check_replay, check_schema
from baton.upgrade.check_replay import Replays, replay
from baton.upgrade.check_report import lines
from baton.upgrade.check_schema import CopyError
from baton.upgrade.check_why import Why
from console.routes.failed_sessions import work_of
from core import clock
from records import migrate
from records.intake import Receipt, hand_in
from records.people import Role
from tests.replay.hasty import HastyCase
from tests.support.journey import Journey
from tests.support.next_build import NextBuild
from tests.support.other_builds import Kept, Raises
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.support.roles import house
from tests.workflows.test_failed_session import CALL
from workflows.acts import QUEUE

ATTEMPT = """
import pathlib, sys
from baton.upgrade import check_schema
from records import migrate

migrate.FOLDER = pathlib.Path(sys.argv[1])
tried = check_schema.attempt(sys.argv[2])
print(tried.fits, len(tried.steps))
"""
REWRITES = ("ALTER TABLE cases ADD COLUMN shade uuid DEFAULT gen_random_uuid()",)


@pytest.mark.failure_mode("F42")
async def test_the_cases_that_would_stand_still_are_named(
    desk_journey: Journey, order_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F42: yes for this build; for one that takes one step more no, with the case, the event and exit status 1."""
    receipt = await _open_work(desk_journey, order_no)

    fine = await _check(desk_journey)
    kinds = [HastyCase if kind.__name__ == "FailedDeliveryWorkflow" else kind for kind in wiring.WORKFLOWS]
    monkeypatch.setattr(wiring, "WORKFLOWS", tuple(kinds))
    stops = await _check(desk_journey)
    listed = json.loads((await _check(desk_journey, "--json")).stdout)

    assert (fine.exit_code, stops.exit_code) == (0, 1), fine.output
    assert "3 open, all replay on this build" in fine.output
    assert "yes: this build may come in" in fine.output
    assert "3 open, 1 would stand still on this build" in stops.output
    assert "1 of FailedDeliveryWorkflow: This build does something else than was recorded at event" in stops.output
    assert f"http://127.0.0.1:8400/cases/{receipt.case_number}" in stops.output
    assert [one["workflow_id"] for one in listed["replays"]["stranded"]] == [f"failed-delivery/{receipt.case_number}"]


async def test_what_cannot_be_read_or_is_not_known_is_never_fine(desk_journey: Journey, order_no: str) -> None:
    """Under another key each history is unreadable; a build without the workflow, or whose code raises, says so."""
    await _open_work(desk_journey, order_no)
    other = await _connected(desk_journey, os.urandom(32))

    unread = await replay(other)
    unknown = await replay(desk_journey.client, workflows=[HastyCase])
    raises = await replay(desk_journey.client, workflows=[Raises])

    assert [one.why for one in unread.stuck] == [Why.UNREADABLE] * 3
    assert "encrypted with" in unread.stuck[0].sentence
    assert sorted(one.why for one in unknown.stuck) == [Why.DIFFERS, Why.UNKNOWN, Why.UNKNOWN]
    failed = next(one for one in raises.stuck if one.why is Why.FAILS)
    assert failed.sentence == "This build raises AttributeError: it would stand there."
    assert "Nobody" not in str(raises)


async def test_what_is_pinned_to_an_older_build_stays_there(client: Client) -> None:
    """Worker versioning keeps it on its build: it is counted with that build, and is no reason to say no."""
    older = WorkerDeploymentVersion("baton", "0.0.9")
    config = WorkerDeploymentConfig(version=older, use_worker_versioning=True)
    async with Worker(client, task_queue=QUEUE, workflows=[Kept], deployment_config=config):
        await _made_current(client, older)
        await client.start_workflow("Kept", id="kept", task_queue=QUEUE)
        await _listed(client, 1, 'TemporalWorkflowVersioningBehavior = "Pinned"')

        beside = await replay(client, "baton.0.1.0")
        itself = await replay(client, "baton.0.0.9")

    assert (beside.open, list(beside.staying.values()), beside.stuck) == (1, [1], [])
    assert "0.0.9" in next(iter(beside.staying))
    assert [one.why for one in itself.stuck] == [Why.UNKNOWN]


def test_migrations_run_on_a_copy_and_the_original_stays(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is rewritten and locked, and what an older build loses; the original is as it was."""
    monkeypatch.setattr(migrate, "FOLDER", NextBuild.at(tmp_path / "next", REWRITES).folder)
    before = migrate.applied(database_url)

    whole, empty = (check_schema.attempt(database_url, rows=rows) for rows in (True, False))
    told = lines(Replays(), whole, [], yes=True).plain()

    adds, removes = whole.steps
    assert (adds.failed, adds.rewritten, adds.locked, adds.narrows) == ("", ["cases"], ["cases"], [])
    assert (removes.after, removes.locked, bool(removes.narrows)) == (True, ["agents"], True)
    assert whole.fits
    assert [step.revision for step in empty.steps] == [step.revision for step in whole.steps]
    assert migrate.applied(database_url) == before
    assert "rewrites cases, which nobody reads meanwhile" in told


def test_two_checks_at_once_do_not_meet(database_url: str, tmp_path: Path) -> None:
    """Each is a process, as two people at two machines are, and tries the migrations on a copy of its own."""
    following = NextBuild.at(tmp_path / "next", REWRITES).folder

    checks = [Program("-c", ATTEMPT, str(following), database_url) for _ in range(2)]
    with checks[0] as first, checks[1] as second:
        ends = [one.end() for one in (first, second)]

    assert ends == [0, 0], [one.said for one in checks]
    assert [one.said[-1] for one in checks] == ["True 2", "True 2"]


def test_a_migration_that_fails_is_told_before(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails on the copy is a no, and nothing after it is tried."""
    monkeypatch.setattr(migrate, "FOLDER", NextBuild.at(tmp_path / "next", ("SELECT 1/0",)).folder)

    tried = check_schema.attempt(database_url)

    assert [(step.failed, step.after) for step in tried.steps] == [("division by zero", False)]
    assert not tried.fits


def test_the_parts_role_is_enough_and_less_is_said_plainly(
    postgres_server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy is made with the rights that the parts have; with fewer, the answer is no and names the table."""
    with house(postgres_server, f"copied{uuid.uuid4().hex[:8]}") as made:
        monkeypatch.setattr(migrate, "FOLDER", NextBuild.at(tmp_path / "next").folder)
        enough = check_schema.attempt(made.app, rows=False)
        with psycopg.connect(made.owner) as owner:
            owner.execute(sql.SQL("REVOKE SELECT ON cases FROM {}").format(sql.Identifier(made.app_role)))
        (tmp_path / "codec.key").write_bytes(base64.b64encode(os.urandom(32)))
        nowhere = {"TEMPORAL_ADDRESS": "127.0.0.1:9", "BATON_CODEC_KEY_FILE": str(tmp_path / "codec.key")}
        less = CliRunner().invoke(app, ["upgrade", "--check"], env={**nowhere, "BATON_DATABASE_URL": made.app})

    assert enough.fits
    assert less.exit_code == 1
    assert "permission denied for table cases" in less.output
    assert "Temporal does not answer" in less.output


def test_no_room_is_said_before_a_copy_is_begun() -> None:
    """What a copy needs is reckoned first."""
    with pytest.raises(CopyError, match=r"needs 3000\.3 GB in .*, and 1\.0 GB are free there: free some"):
        check_schema.room(10**12, 10**9)


async def _open_work(journey: Journey, order_no: str) -> Receipt:
    """A case that waits for a bot, and a failed session that waits at the desk: three open workflows of three kinds."""
    ops = await journey.person(Role.OPS)
    receipt = await journey.hand_in(order_no)
    async with journey.database.session() as session:
        call = await hand_in(session, work_of(CALL, ops, "ops@example.org"), clock.now())
    await journey.until_stage(call, "with_service")
    await _listed(journey.client, 3)
    async for event in journey.case_handle(receipt).fetch_history_events(wait_new_event=True):
        if event.HasField("activity_task_scheduled_event_attributes"):
            break
    return receipt


async def _listed(client: Client, number: int, and_so: str = "") -> None:
    """Wait until Temporal's list, which follows behind, has so many."""
    query = f"{check_replay.RUNNING} AND {and_so}" if and_so else check_replay.RUNNING
    async with asyncio.timeout(PATIENCE):
        while (await client.count_workflows(query)).count != number:
            await asyncio.to_thread(os.sched_yield)


async def _made_current(client: Client, version: WorkerDeploymentVersion) -> None:
    """Temporal knows a version once its worker has asked for work."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=version.deployment_name, build_id=version.build_id
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await client.workflow_service.set_worker_deployment_current_version(request)
            except RPCError:
                await asyncio.to_thread(os.sched_yield)
            else:
                return


async def _connected(journey: Journey, key: bytes) -> Client:
    address = journey.client.service_client.config.target_host
    return await Client.connect(address, namespace=journey.client.namespace, data_converter=data_converter(key))


async def _check(journey: Journey, *options: str) -> Result:
    environment = {
        "TEMPORAL_ADDRESS": journey.client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": journey.client.namespace,
        "BATON_DATABASE_URL": journey.database.url,
        "BATON_CODEC_KEY_FILE": str(journey.settings.codec_key_file),
    }
    words = ["upgrade", "--check", *options]
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, words, env=environment))
