"""Playwright's own process can die or hang: that is noticed, and nothing of it stays."""

import asyncio
from pathlib import Path

import psutil
import pytest

from bots.kit import driver
from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.processes import lives, started_at
from tests.support.patience import PATIENCE

NO_SANDBOX_HERE = """#!/bin/sh
case "$*" in *--no-sandbox*) exec {real} "$@";; esac
echo "No usable sandbox! Update your kernel" >&2
exit 1
"""


def list_of(folder: Path) -> list[Path]:
    """What is in it."""
    return list(folder.iterdir())


def the_driver() -> psutil.Process:
    """The newest driver process of this process."""
    drivers = [child for child in psutil.Process().children() if "run-driver" in child.cmdline()]
    return max(drivers, key=lambda process: process.create_time())


async def test_a_machine_without_a_sandbox_still_gets_a_browser(tmp_path: Path) -> None:
    """Where an ordinary user may make no sandbox, the browser starts without one, once for all."""
    program = tmp_path / "browser"
    program.write_text(NO_SANDBOX_HERE.format(real=find_browser().path))
    program.chmod(0o755)
    launcher = Launcher(program, tmp_path / "browsers", driver.Driver())
    launcher._sandbox = True

    started = await launcher.launch()
    lived = started.lives
    await started.close()
    await launcher.stop()

    assert lived
    assert not launcher._sandbox
    assert not lives(started.pid, started.started)


@pytest.mark.failure_mode("F20")
@pytest.mark.parametrize("how", ["killed", "paused", "deaf"])
async def test_a_lost_driver_is_noticed_and_ended(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F20: it dies, stands still or answers nothing: the watch says so, it is dead, and its browsers with it."""
    if how == "deaf":
        monkeypatch.setattr(driver, "ANSWER_SECONDS", 0.0)
    served = driver.Driver()
    launcher = Launcher(find_browser().path, tmp_path, served)
    started = await launcher.launch()
    lost = the_driver()
    lost_started = started_at(lost.pid)

    if how != "deaf":
        lost.kill() if how == "killed" else lost.suspend()
    await asyncio.wait_for(launcher.until_lost(), PATIENCE)
    await started.kill()
    await launcher.stop()

    assert lost_started is not None
    assert not lives(lost.pid, lost_started)
    assert not lives(started.pid, started.started)
    assert list_of(tmp_path) == []
