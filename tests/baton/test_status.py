"""`baton status` and `baton case`: read from real records, ten lines, the same sentences as on the pages."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from baton import case_sheet, processes
from baton import status as status_
from baton.leftovers import RunRecord
from core import clock
from core.case import Stage, WaitsFor
from core.settings import Settings
from core.work_item import Kind, State
from records import events, items
from records.attempts import Runner, claim
from records.case import Case
from records.database import Database
from records.evidence_store import reference
from records.gone import Became, GoneProcess, ProcessKind
from records.intake import HandedIn, Receipt, hand_in
from records.notice import Notice, NoticeState
from records.processes import Process

NOW = clock.now()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's own database."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a machine on which nothing runs but the database."""
    return Settings(database_url=database_url, data_dir=tmp_path)


async def _hand_in(database: Database, number: int, minutes_ago: int = 0) -> Receipt:
    work = HandedIn(
        journey="failed-delivery",
        prefix="FD",
        workflow_type="FailedDeliveryWorkflow",
        task_queue="baton",
        business_key=f"47001{number:02}/P-881123{number:02}/1",
        subject_key=f"47001{number:02}/P-881123{number:02}",
        order_no=f"47001{number:02}",
        parcel_no=f"P-881123{number:02}",
        content={},
        source="form",
        submitted_by="ops@example.org",
    )
    async with database.session() as session:
        return await hand_in(session, work, clock.now() - timedelta(minutes=minutes_ago))


async def _refused_item(database: Database, receipt: Receipt) -> items.ItemView:
    """A work item that the order desk refused, with a picture of it."""
    runner = Runner(host="here", boot_id="1", worker_pid=1, bot_version="1")
    intent = items.Intent(
        id=uuid.uuid4(),
        case_id=receipt.case_id,
        system="orderdesk",
        operation="mark_failed_delivery",
        kind=Kind.CHANGE,
        target_key="4700101",
        occurrence=f"{receipt.case_number}/mark",
        content={"order_no": "4700101"},
    )
    async with database.session() as session:
        item = await items.create(session, intent, NOW)
        await claim(session, item.id, item.fence, runner, 30, NOW)
        move = items.Move(
            item_id=item.id,
            fence=item.fence + 1,
            to=State.REFUSED,
            event="item.refused",
            values={"code": "status_forbids"},
            data={"code": "status_forbids"},
        )
        assert await items.move(session, move, NOW)
        picture = {"kind": "screenshot", "taken": "trouble", "at": NOW, "case_id": receipt.case_id}
        session.add(reference("fd/1/trouble.png", b"png", **picture))
        return item


async def _look(settings: Settings) -> status_.Report:
    report, read = await status_.look(settings, {})
    assert read
    return report


async def test_status_counts_cases_and_names_what_waits_longest(database: Database, settings: Settings) -> None:
    """The report knows how many cases stand where, and the longest wait comes first with its page's sentence."""
    await _hand_in(database, 1, minutes_ago=5)
    await _hand_in(database, 2, minutes_ago=200)

    report = await _look(settings)

    assert (report.open, report.closed, report.stages) == (2, 0, {"received": 2})
    assert [wait.case for wait in report.waits] == ["FD-000002", "FD-000001"]
    assert report.waits[0].kind is WaitsFor.TEMPORAL


async def test_status_says_what_is_wrong(database: Database, settings: Settings) -> None:
    """A refused item, an outbox that stands still and a mail in doubt are each one sentence."""
    receipt = await _hand_in(database, 1, minutes_ago=5)
    await _refused_item(database, receipt)
    async with database.session() as session:
        session.add(
            Notice(
                case_id=receipt.case_id,
                occurrence="FD-000001/told",
                recipient="jana@example.org",
                subject="New date",
                body="Dear Jana",
                message_id="<1@example.org>",
                state=NoticeState.UNKNOWN,
                created_at=NOW,
            )
        )

    report = await _look(settings)

    assert any("1 accepted cases, answers and acts wait for Temporal" in sentence for sentence in report.wrong)
    assert any("1 on the Order desk need a person" in sentence for sentence in report.wrong)
    assert any("1 mails: may have been sent" in sentence for sentence in report.wrong)


async def test_status_names_what_temporal_no_longer_carries(database: Database, settings: Settings) -> None:
    """A case whose process is gone is named with the command that begins it anew; of two, the one for all."""
    receipts = [await _hand_in(database, number) for number in (1, 2)]
    said = []
    for receipt in receipts:
        process = Process(
            workflow_id=f"failed-delivery/{receipt.case_number}",
            kind=ProcessKind.CASE,
            label=receipt.case_number,
            case_id=receipt.case_id,
        )
        async with database.session() as session:
            session.add(GoneProcess(**process.model_dump(), what=Became.TERMINATED, seen_at=clock.now()))
        said.append("\n".join((await _look(settings)).wrong))

    assert "FD-000001 is gone at Temporal (terminated)" in said[0]
    assert "`baton recover FD-000001 --reason ...`" in said[0]
    assert "FD-000001 and 1 more are gone at Temporal" in said[1]
    assert "`baton recover --all --reason ...`" in said[1]


async def test_status_is_ten_lines_at_most(database: Database, settings: Settings) -> None:
    """However much is wrong, the report fits ten lines and says how much it left out."""
    for number in range(1, 6):
        await _hand_in(database, number, minutes_ago=number)
    report = await _look(settings)
    worse = report.model_copy(update={"wrong": [f"trouble {number}" for number in range(20)]})

    lines = status_.told(worse)

    assert len(lines) == 10
    assert "and 17 more" in lines.plain()


async def test_status_of_a_running_baton_names_a_part_that_is_gone(settings: Settings, tmp_path: Path) -> None:
    """With the supervisor's record at hand, the parts are its processes, and one that is missing is wrong."""
    here = processes.identity(os.getpid())
    assert here is not None
    record = tmp_path / "run" / "processes.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"run": "1", "parts": {"postgres": here.model_dump(), "ticks": here.model_dump()}}))

    report = await _look(settings)

    running = {part.name for part in report.parts if part.runs}
    assert running == {"postgres", "ticks"}
    assert "worker does not run" in report.wrong


async def test_status_says_why_a_part_was_not_started(settings: Settings, tmp_path: Path) -> None:
    """What the supervisor knows of it stands first, in its own words, until the part runs again."""
    here = processes.identity(os.getpid())
    (tmp_path / "run").mkdir()
    record = RunRecord(tmp_path / "run" / "processes.json")
    record.note("ticks", here)
    record.note("worker", None)
    record.tell("worker", "worker has stopped: for a reason")

    stopped = await _look(settings)
    record.note("worker", here)
    back = await _look(settings)

    assert stopped.wrong[0] == "worker has stopped: for a reason"
    assert "worker does not run" not in stopped.wrong
    assert stopped.wrong[0] not in back.wrong


async def test_status_without_a_database_says_so(tmp_path: Path) -> None:
    """No PostgreSQL: one plain sentence instead of a trace of errors."""
    away = Settings(database_url="postgresql://baton@127.0.0.1:1/baton", data_dir=tmp_path)

    report, read = await status_.look(away, {})

    assert not read
    assert report.wrong[0].startswith("PostgreSQL does not answer")


async def test_a_case_is_told_in_plain_text(database: Database, settings: Settings, tmp_path: Path) -> None:
    """Stage, wait, item with its reason, timeline and where the evidence is shown are all there."""
    receipt = await _hand_in(database, 1)
    item = await _refused_item(database, receipt)

    _, read = await case_sheet.look(settings, item.reference.lower())

    assert read is not None
    text = case_sheet.told(read, "http://console.test", clock.now()).plain()
    assert "FD-000001, failed-delivery, Received" in text
    assert read.wait is not None
    assert read.wait.kind is WaitsFor.PERSON
    assert read.wait.sentence() in text
    assert "The record is in a status that does not allow this change." in text
    assert "Report handed in by a form (ops@example.org)" in text
    assert f"http://console.test/evidence/{read.evidence[0].id}" in text


@pytest.mark.parametrize("asked", ["FD-000001", "fd-000001", "4700101", "P-88112301"])
async def test_a_case_is_found_by_any_of_its_references(database: Database, settings: Settings, asked: str) -> None:
    """Case, order and parcel number all lead to the case, in upper or lower case."""
    await _hand_in(database, 1)
    await _hand_in(database, 2)

    found, read = await case_sheet.look(settings, asked)

    assert ([case.number for case in found], read is not None) == (["FD-000001"], True)


async def test_several_cases_of_one_order_are_listed(database: Database, settings: Settings) -> None:
    """A reference that several cases bear names them all, oldest first, and none of them is chosen."""
    await _hand_in(database, 1)
    async with database.session() as session:
        second = Case(
            number="FD-000099",
            journey="failed-delivery",
            business_key="4700101/P-88112301/2",
            subject_key="4700101/P-88112301",
            order_no="4700101",
            parcel_no="P-88112301",
            attempt=2,
            stage=Stage.WITH_SERVICE,
            opened_at=clock.now(),
            updated_at=clock.now(),
            wait_kind=WaitsFor.NOTHING,
            wait_since=clock.now(),
        )
        session.add(second)
        await session.flush()
        await events.append(session, second.id, NOW, events.Happened(name="case.started"))

    found, read = await case_sheet.look(settings, "4700101")

    assert read is None
    assert "FD-000099 With service; order 4700101" in " ".join(case_sheet.several(found).plain().split())


async def test_the_verbs_answer_on_the_command_line(database: Database, database_url: str, tmp_path: Path) -> None:
    """`baton status` and `baton case` speak plain text when piped, JSON when asked, and end with a fitting status."""
    await _hand_in(database, 1, minutes_ago=1)

    plain = await _baton(database_url, tmp_path, "status")
    as_json = await _baton(database_url, tmp_path, "case", "FD-000001", "--json")
    nobody = await _baton(database_url, tmp_path, "case", "FD-999999")

    assert plain[0] == 0
    assert "Cases    1 open, 0 closed" in plain[1]
    assert "\x1b" not in plain[1]
    assert (as_json[0], json.loads(as_json[1])["case"]["number"]) == (0, "FD-000001")
    assert (nobody[0], nobody[1].startswith("No case bears FD-999999")) == (1, True)


async def _baton(database_url: str, folder: Path, *words: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "baton",
        *words,
        "--data-dir",
        str(folder),
        env={**os.environ, "BATON_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
