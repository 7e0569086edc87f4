"""Browsers that outlive their worker: told dead or alive without doubt, and ended when the next worker starts."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from bots.kit.leftovers import BrowserNote, clear_up, frame_of, last_frames
from bots.kit.processes import lives, started_at
from bots.kit.run_folder import Owner, RunFolder
from tests.conftest import ROOT

WORKER = """
import asyncio, sys
from pathlib import Path
from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.driver import Driver

async def main():
    browser = await Launcher(find_browser().path, Path(sys.argv[1]), Driver()).launch()
    print("pid", browser.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def a_worker(folder: Path) -> tuple[asyncio.subprocess.Process, int]:
    """A process that has launched a browser and waits; and the browser's process id."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, str(folder), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    async for line in worker.stdout:
        if line.startswith(b"pid "):
            return worker, int(line.split()[1])
    raise AssertionError("it ended without a browser")


def note_in(folder: Path) -> Path:
    """Where the one browser below the folder is noted."""
    [file] = folder.glob("run-*/browser-*.json")
    return file


def noted(folder: Path) -> BrowserNote:
    """The note of the one browser that runs below the folder."""
    return BrowserNote.model_validate_json(note_in(folder).read_text())


def left_in(folder: Path) -> list[str]:
    """What is still there."""
    return sorted(path.name for path in folder.iterdir())


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    """The same number with another start is dead; this one lives."""
    me, started = os.getpid(), started_at(os.getpid())
    assert started is not None

    assert lives(me, started)
    assert not lives(me, started - 60)


@pytest.mark.failure_mode("F17")
async def test_what_a_dead_worker_paused_is_killed(tmp_path: Path) -> None:
    """A stopped browser and driver outlive their killed worker; the next worker's start ends them with all files."""
    worker, pid = await a_worker(tmp_path)
    note = noted(tmp_path)
    spared = await clear_up(tmp_path)
    [driver] = psutil.Process(worker.pid).children()
    driver_started = started_at(driver.pid)
    for process in (psutil.Process(pid), driver):
        process.suspend()
    worker.kill()
    await worker.wait()
    outlived = lives(pid, note.started), driver.is_running()

    killed = await clear_up(tmp_path)

    assert spared == 0, "its worker still lived"
    assert outlived == (True, True)
    assert killed > 0
    assert not lives(pid, note.started)
    assert driver_started is not None
    assert not lives(driver.pid, driver_started)
    assert note.profile is not None
    assert not note.profile.exists()
    assert left_in(tmp_path) == []


async def test_a_browser_that_nobody_noted_is_found_by_its_folder(tmp_path: Path) -> None:
    """Killed between the start of a browser and its note: the browser is known by the folder that it was given."""
    worker, pid = await a_worker(tmp_path)
    started = noted(tmp_path).started
    note_in(tmp_path).unlink()
    [driver] = psutil.Process(worker.pid).children()
    for process in (psutil.Process(pid), driver):
        process.suspend()
    worker.kill()
    await worker.wait()

    await clear_up(tmp_path)

    assert not lives(pid, started)
    assert left_in(tmp_path) == []


async def test_the_last_frame_of_a_job_outlives_its_worker(tmp_path: Path) -> None:
    """The picture of a job that its process died in is kept with the browser's name until somebody took it."""
    worker, pid = await a_worker(tmp_path)
    note = noted(tmp_path)
    frame_of(note_in(tmp_path)).write_bytes(b"a picture")
    worker.kill()
    await worker.wait()

    await clear_up(tmp_path)
    [frame] = last_frames(tmp_path)
    kept = frame.browser, frame.picture.read_bytes()
    frame.forget()

    assert kept == (note, b"a picture")
    assert frame.browser.pid == pid
    assert left_in(tmp_path) == []


async def test_folders_of_other_hosts_and_half_made_ones_are_left_alone(tmp_path: Path) -> None:
    """A shared folder may hold those of other machines, and one that is just being made: neither is ours to clear."""
    with RunFolder(tmp_path) as mine:
        owner = Owner.model_validate_json((mine.path / "owner.json").read_text())
    theirs = tmp_path / "run-theirs"
    theirs.mkdir()
    (theirs / "owner.json").write_text(owner.model_copy(update={"host": "another-host"}).model_dump_json())
    (tmp_path / "half-made").mkdir()

    await clear_up(tmp_path)

    assert left_in(tmp_path) == ["half-made", "run-theirs"]
