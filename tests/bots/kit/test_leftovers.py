"""Browsers that outlive their worker: told dead or alive without doubt, and ended when the next worker starts."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from bots.kit.leftovers import BrowserNote, is_dead, kill_leftovers
from bots.kit.processes import lives, started_at, this_boot, this_host
from tests.conftest import ROOT

WORKER = """
import asyncio, sys
from pathlib import Path
from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.driver import Driver

async def main():
    browser = await Launcher(find_browser().path, Path(sys.argv[1]), Driver()).launch("http://127.0.0.1:9/")
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


def left_of(folder: Path, profile: Path) -> list[Path]:
    """What is still there of a browser's own files."""
    return [*folder.iterdir(), *([profile] if profile.exists() else [])]


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    """The same number with another start, or from before a restart of the machine, is dead; this one lives."""
    me, started = os.getpid(), started_at(os.getpid())
    assert started is not None

    assert is_dead(this_host(), this_boot(), me, started) is False
    assert is_dead(this_host(), this_boot(), me, started - 60) is True
    assert is_dead(this_host(), "an earlier boot", me, started) is True


def test_nobody_can_tell_of_another_host() -> None:
    """Whether a browser of another machine is dead cannot be seen from here."""
    assert is_dead("another-host", this_boot(), 1, 1.0) is None


@pytest.mark.failure_mode("F17")
async def test_a_paused_browser_of_a_dead_worker_is_killed(tmp_path: Path) -> None:
    """A browser that was stopped outlives its killed worker; the next worker's start ends it with all its folders."""
    worker, pid = await a_worker(tmp_path)
    note = BrowserNote.model_validate_json((tmp_path / f"{pid}.json").read_text())
    spared = await kill_leftovers(tmp_path)
    drivers = psutil.Process(worker.pid).children()
    psutil.Process(pid).suspend()
    for process in [psutil.Process(worker.pid), *drivers]:
        process.send_signal(signal.SIGKILL)
    await worker.wait()
    outlived = lives(pid, note.started)

    killed = await kill_leftovers(tmp_path)

    assert spared == 0, "its worker still lived"
    assert outlived
    assert killed == 1
    assert not lives(pid, note.started)
    assert left_of(tmp_path, Path(note.profile)) == []


async def test_notes_of_other_hosts_are_left_alone(tmp_path: Path) -> None:
    """A shared folder may hold the notes of other machines: they are theirs."""
    note = BrowserNote(host="another-host", boot_id="x", pid=1, started=1, owner_pid=1, owner_started=1)
    file = tmp_path / "1.json"
    file.write_text(note.model_dump_json())

    await kill_leftovers(tmp_path)

    assert file.exists()
