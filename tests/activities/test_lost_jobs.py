"""A job whose bot process died: the step it had reached, its last sign of life and its last frame are found."""

import uuid
from pathlib import Path

from sqlalchemy import text
from sqlmodel import select

from activities.lost_jobs import LostJobs
from baton import status
from bots.kit.leftovers import BrowserNote, LastFrame, last_frames
from bots.kit.processes import this_boot, this_host
from console import words
from core import clock
from core.settings import Settings
from core.work_item import State
from records import attempts, bot_process, items, settling
from records.attempts import Runner
from records.database import Database
from records.evidence_store import EvidenceStore
from records.items import Intent, ItemView
from records.trail import Event, Evidence
from records.work_item import Attempt
from systems.orderdesk import MARK_FAILED_DELIVERY

BROWSER = BrowserNote(host=this_host(), boot_id=this_boot(), pid=4711, started=12.5, scratch=Path("scratch"))
A_MINUTE_OF_SILENCE = "UPDATE bot_processes SET seen_at = seen_at - interval '90 s' WHERE host <> 'alive'"
STEPS = [{"step": "find", "at_seconds": 0.1}, {"step": "save", "at_seconds": 0.9}]


async def a_job(database: Database) -> tuple[ItemView, Attempt]:
    """A try in that browser, alive a moment ago at the step `save`."""
    intent = Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation=MARK_FAILED_DELIVERY.name,
        kind=MARK_FAILED_DELIVERY.kind,
        target_key="4800001",
        occurrence=f"test/{uuid.uuid4()}",
        content={"order_no": "4800001", "reason_code": "12", "attempt": 1},
        before={"status": "30", "reason": "", "attempt": "0"},
    )
    runner = Runner(host=BROWSER.host, boot_id=BROWSER.boot_id, worker_pid=815)
    async with database.session() as session:
        item = await items.create(session, intent, clock.now())
        attempt = await attempts.claim(session, item.id, item.fence, runner, 30, clock.now())
        assert attempt is not None
        await attempts.note(session, attempt.id, browser_pid=BROWSER.pid, browser_started=BROWSER.started)
        await bot_process.job_alive(session, attempt.id, "save", STEPS)
    return item, attempt


def a_frame(folder: Path) -> Path:
    """The last frame of that browser, as a dead process leaves it."""
    (folder / "lost-1.json").write_text(BROWSER.model_dump_json())
    picture = folder / "lost-1.frame"
    picture.write_bytes(b"\x89PNG a picture")
    return picture


def left_in(folder: Path) -> list[str]:
    """What is there besides the evidence and its keys."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


async def test_the_item_says_where_its_bot_process_was_lost(database: Database) -> None:
    """The settled item's event and its try name the host, the step and the silence; people read it as a sentence."""
    item, attempt = await a_job(database)

    async with database.session() as session:
        settled = await settling.settle(session, item.id, item.fence, clock.now())
        lost = (await session.exec(select(Event).where(Event.name == "item.lost"))).one()
        row = await session.get_one(Attempt, attempt.id)

    said = words.event(lost.name, lost.system, lost.data)
    assert settled.state is State.READY
    assert said.startswith(f"The bot process on {this_host()} was lost at “Save”, ")
    assert said.endswith("s after its last sign of life; “Mark the order: delivery failed” is now ready")
    assert (row.step, row.steps, row.code) == ("save", STEPS, "worker_lost")
    assert row.seen_at is not None


async def test_a_try_that_could_still_say_why_is_not_called_lost(database: Database) -> None:
    """An activity that raised something is settled with its own code: nobody claims that a process died."""
    item, attempt = await a_job(database)

    async with database.session() as session:
        await settling.settle(session, item.id, item.fence, clock.now(), "system_down")
        named = list(await session.exec(select(Event.name).where(Event.item_id == item.id)))
        row = await session.get_one(Attempt, attempt.id)

    assert "item.settled" in named
    assert "item.lost" not in named
    assert row.code == "system_down"


async def test_the_last_frame_is_kept_with_its_try(database: Database, tmp_path: Path) -> None:
    """The frame becomes a screenshot of that try, taken when it was; the files of the dead process are gone."""
    item, attempt = await a_job(database)
    store = EvidenceStore.local(tmp_path / "evidence")
    a_frame(tmp_path)
    [frame] = last_frames(tmp_path)

    kept = await LostJobs(database, store).keep([frame])
    async with database.session() as session:
        row = (await session.exec(select(Evidence).where(Evidence.attempt_id == attempt.id))).one()

    assert kept == 1
    assert (row.kind, row.taken, row.item_id, row.at) == ("screenshot", "lost", item.id, frame.taken_at)
    assert await store.get(row.path) == b"\x89PNG a picture"
    assert left_in(tmp_path) == []


async def test_a_frame_of_a_job_that_ended_is_forgotten(database: Database, tmp_path: Path) -> None:
    """A job that reported, or that nobody knows, has its own evidence: its frame is removed and nothing is kept."""
    _, attempt = await a_job(database)
    async with database.session() as session:
        await attempts.note(session, attempt.id, ended_at=clock.now(), outcome="done", code="")
    picture = a_frame(tmp_path)
    frame = LastFrame(browser=BROWSER, taken_at=clock.now(), picture=picture)

    kept = await LostJobs(database, EvidenceStore.local(tmp_path / "evidence")).keep([frame])

    assert kept == 0
    assert left_in(tmp_path) == []


async def test_status_names_a_bot_process_that_is_gone(database: Database, tmp_path: Path) -> None:
    """One that fell silent is wrong; one that said goodbye, or whose place another one took, is not."""
    settings = Settings(database_url=database.url, data_dir=tmp_path)
    async with database.session() as session:
        for host in ("silent", "ended", "replaced", "alive"):
            made = await bot_process.begin(session, host, 4711, lambda _: False)
            if host == "ended":
                await bot_process.end(session, made)
        await (await session.connection()).execute(text(A_MINUTE_OF_SILENCE))
        await bot_process.begin(session, "replaced", 4712, lambda _: False)

    report, _ = await status.look(settings, {})

    assert [sentence for sentence in report.wrong if "bot process" in sentence] == [
        "The bot process 4711 on silent is gone or silent for 1 min; others take its entries over"
    ]
