"""A browser that is asked for and then not wanted: nobody would end it, so it is not left behind."""

import asyncio
import os
from pathlib import Path

import psutil
import pytest

from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.driver import Driver


def descendants() -> set[psutil.Process]:
    """Every process below this one."""
    return set(psutil.Process().children(recursive=True))


def browsers(since: set[psutil.Process]) -> list[psutil.Process]:
    """The browsers below this process that were not there before."""
    found = []
    for process in descendants() - since:
        try:
            if "--user-data-dir" in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def left_in(folder: Path) -> list[Path]:
    """What browsers left in their folder."""
    return list(folder.iterdir())


HESITATES = """#!/bin/sh
[ -e "{here}/hesitate" ] && read _ < "{here}/go_on"
exec "{browser}" "$@"
"""
"""A browser that, once told to, is started and gets no further before it is told to go on."""


async def test_a_job_that_is_cancelled_while_its_browser_starts_leaves_none(tmp_path: Path) -> None:
    """Cancelled in the middle of a launch (a lost heartbeat, a stop): the half-started browser ends, others live on."""
    hesitant, runs = tmp_path / "hesitant", tmp_path / "runs"
    hesitant.write_text(HESITATES.format(here=tmp_path, browser=find_browser().path), encoding="utf-8")
    hesitant.chmod(0o755)
    os.mkfifo(tmp_path / "go_on")
    runs.mkdir()
    driver, before = Driver(), descendants()
    launcher = Launcher(hesitant, runs, driver)
    other = await launcher.launch()
    known = descendants()

    (tmp_path / "hesitate").touch()
    starting = asyncio.create_task(launcher.launch())
    while not await asyncio.to_thread(browsers, known):
        assert not starting.done()
    starting.cancel()
    await asyncio.to_thread((tmp_path / "go_on").write_text, "\n", encoding="utf-8")
    with pytest.raises(asyncio.CancelledError):
        await starting
    started = browsers(known)
    lived = other.lives
    await other.kill()
    await launcher.stop()

    assert started == []
    assert lived
    assert browsers(before) == []
    assert left_in(runs) == []
