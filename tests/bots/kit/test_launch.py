"""A browser that is asked for and then not wanted: nobody would end it, so it is not left behind."""

import asyncio
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


async def test_a_job_that_is_cancelled_while_its_browser_starts_leaves_none(tmp_path: Path) -> None:
    """Cancelled in the middle of a launch (a lost heartbeat, a stop): the half-started browser ends, others live on."""
    driver, before = Driver(), descendants()
    launcher = Launcher(find_browser().path, tmp_path, driver)
    other = await launcher.launch()
    known = descendants()

    starting = asyncio.create_task(launcher.launch())
    while not (starting.done() or len(await asyncio.to_thread(browsers, known))):
        continue
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    started = browsers(known)
    lived = other.lives
    await other.kill()
    await launcher.stop()

    assert started == []
    assert lived
    assert browsers(before) == []
    assert left_in(tmp_path) == []
