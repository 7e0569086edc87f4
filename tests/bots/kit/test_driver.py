"""Playwright's own process can die or hang: the next job works all the same, and no browser is left."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bots.kit import browser, driver, page
from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.contract import Route, RouteKey
from bots.kit.processes import lives
from core.faults import Fault
from tests.bots.conformance.cast import PARTS
from tests.bots.desks import Demo

MARK = PARTS[0]
NO_SANDBOX_HERE = """#!/bin/sh
case "$*" in *--no-sandbox*) exec {real} "$@";; esac
echo "No usable sandbox! Update your kernel" >&2
exit 1
"""


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

    started = await launcher.launch("http://127.0.0.1:9/")
    lived = started.lives
    await started.close()
    await launcher.stop()

    assert lived
    assert not launcher._sandbox
    assert not lives(started.pid, started.started)


@pytest.mark.failure_mode("F20")
@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_a_lost_driver_is_replaced(
    how: str,
    demos: dict[str, Demo],
    impatient: dict[RouteKey, Route],
    quiet: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A driver that dies or hangs in a job ends that job with a fault; the next job has a new driver and browser."""
    monkeypatch.setattr(browser, "LAUNCH_SECONDS", 8.0)
    monkeypatch.setattr(driver, "CLOSE_SECONDS", 1.0)
    monkeypatch.setattr(page, "CLOSE_SECONDS", 1.0)
    route, job = impatient[RouteKey("orderdesk", "bot")], MARK.job(demos["orderdesk"].fresh_order())

    async with route.open("bot08", quiet) as hands:
        await hands.find(job)
        first = hands.browser_pid, hands.browser_started
        lost = the_driver()
        lost.kill() if how == "killed" else lost.suspend()
        with pytest.raises(Fault):
            await hands.enter(job)
    await route.kill("bot08")
    seen = None
    for _ in range(2):  # a hung driver shows itself in the first launch
        try:
            async with route.open("bot08", quiet) as hands:
                seen = await hands.find(job)
        except Fault:
            continue

    assert seen is not None
    assert seen.readable
    assert first[0] is not None
    assert first[1] is not None
    assert not lives(first[0], first[1])
    assert not lost.is_running() or lost.status() == psutil.STATUS_ZOMBIE
