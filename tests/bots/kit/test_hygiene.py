"""What hangs is ended, what grows is replaced, and nothing stays behind."""

import gc
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

import psutil
import pytest

from bots.kit import browser as browser_
from bots.kit import deadline, evidence, page, screen_route
from bots.kit.browser import Browser, Launcher, Wear
from bots.kit.browser_path import find_browser
from bots.kit.contract import Route, RouteKey
from bots.kit.driver import Driver
from bots.kit.hands import ScreenHands
from bots.kit.page import JobPage, Opening
from bots.kit.processes import lives
from bots.kit.screen_route import ScreenRoute
from bots.kit.surroundings import Surroundings
from core.faults import BrowserDied, Fault, TooSlow
from demo.hostile import TRICKS
from tests.bots.conformance.cast import PARTS
from tests.bots.desks import Demo
from tests.bots.kit.pages import showing

MARK = PARTS[0]
OF_TRACES = (".trace", ".network", ".stacks")
Quiet = Callable[[str], None]


@pytest.fixture
def route(fresh_routes: dict[RouteKey, Route]) -> ScreenRoute:
    """The order desk by its screens."""
    return cast(ScreenRoute, fresh_routes[RouteKey("orderdesk", "bot")])


def browser_of(route: ScreenRoute, account: str) -> Browser:
    """The browser of an account."""
    browser = route._seats[account].browser
    assert browser is not None
    return browser


def files_in(folder: Path) -> list[str]:
    """Every file and folder below it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.failure_mode("F21")
async def test_a_context_that_does_not_close_ends_with_its_browser(
    desk: Demo, route: ScreenRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F21: closing never returns, since the browser stands still: it is killed, and the next job has another one."""
    for module in (page, screen_route):
        monkeypatch.setattr(module, "CLOSE_SECONDS", 0.5)
    job = MARK.job(desk.fresh_order())

    async with route.open("bot07", quiet) as hands:
        await hands.find(job)
        browser = browser_of(route, "bot07")
        psutil.Process(browser.pid).suspend()
    ended = not lives(browser.pid, browser.started)
    async with route.open("bot07", quiet) as hands:
        seen = await hands.find(job)

    assert ended
    assert not browser.note.exists()
    assert seen.readable


@pytest.mark.failure_mode("F21")
async def test_a_page_that_reloads_when_it_is_left_is_left_all_the_same(tmp_path: Path) -> None:
    """F21: a page that refreshes itself and objects to every end ends with its job, and its browser with the close."""
    launcher = Launcher(find_browser().path, tmp_path, Driver())
    async with showing({"/": TRICKS["refresh"].replace("{{", "{").replace("}}", "}")}) as pages:
        browser = await launcher.launch(Surroundings().flag(pages.url))
        job_page = await JobPage.open(browser, Opening(pages.url, None, lambda _: None, 6))
        await job_page.page.goto(pages.url)
        await job_page.page.wait_for_event("framenavigated")
        await job_page.close()
        await browser.close()
        await launcher.stop()

    assert not lives(browser.pid, browser.started)
    assert files_in(tmp_path) == []


@pytest.mark.failure_mode("F20")
async def test_no_verb_waits_for_a_playwright_that_stands_still(
    desk: Demo, route: ScreenRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: with a paused driver every verb of a job and its end come back, and the browser is dead afterwards."""
    for module in (page, screen_route):
        monkeypatch.setattr(module, "CLOSE_SECONDS", 0.5)
    monkeypatch.setattr(evidence, "EVIDENCE_SECONDS", 0.5)
    job, came_back = MARK.job(desk.fresh_order()), []

    async with route.open("bot07", quiet) as opened:
        hands = cast(ScreenHands, opened)
        await hands.find(job)
        browser = browser_of(route, "bot07")
        driver = route._launcher._driver._process
        assert driver is not None
        hands.step._seconds = 0.3
        driver.suspend()
        verbs = (hands.find, hands.enter, hands.filled, hands.submit, hands.read_back)
        for verb in verbs:
            with pytest.raises(Fault):
                await verb(job)
            came_back.append(verb.__name__)
        with pytest.raises(Fault):
            await hands.read("order", desk.fresh_order())
        captured = await hands.capture("trouble")

    assert len(came_back) == len(verbs)
    assert captured == []
    assert not lives(browser.pid, browser.started)


async def test_a_job_that_forgot_its_deadline_ends_all_the_same(
    desk: Demo, route: ScreenRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that a bot's author left without a deadline ends with the whole job's."""
    monkeypatch.setattr(screen_route, "JOB_SECONDS", 1.0)

    with pytest.raises(TooSlow):
        async with route.open("bot07", quiet) as hands:
            await cast(ScreenHands, hands).page.evaluate("new Promise(() => 0)")

    assert deadline.JOB_SECONDS > 60, "and not a moment before any honest job is over"


async def test_a_browser_of_ours_that_is_slow_to_come_is_not_the_systems_slowness(
    desk: Demo, route: ScreenRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine of ours that stands still must not take a system for being away: the browser died, nothing more."""
    monkeypatch.setattr(page, "LAUNCH_SECONDS", 0.0)

    with pytest.raises(BrowserDied):
        async with route.open("bot07", quiet):
            pass


@pytest.mark.failure_mode("F22")
@pytest.mark.parametrize("wear", [Wear(contexts=1), Wear(seconds=0), Wear(memory=1)])
async def test_a_worn_browser_is_replaced_between_jobs(
    wear: Wear, desk: Demo, route: ScreenRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F22: by number of jobs, by age or by memory, each job gets a fresh browser, no job is lost and none stays."""
    monkeypatch.setattr(route._launcher, "_wear", wear)
    monkeypatch.setattr(browser_, "WEIGHED_EVERY", 1)
    job, used, seen = MARK.job(desk.fresh_order()), [], []

    for _ in range(2):
        async with route.open("bot07", quiet) as hands:
            seen.append(await hands.find(job))
            used.append(browser_of(route, "bot07"))

    assert all(one.readable for one in seen)
    assert used[0].pid != used[1].pid
    assert not lives(used[0].pid, used[0].started)


@pytest.mark.failure_mode("F22")
async def test_a_job_that_is_over_is_forgotten(desk: Demo, route: ScreenRoute, quiet: Quiet) -> None:
    """F22: nothing holds a job's page after its end, its pictures taken: a bot process does not grow job by job."""
    job = MARK.job(desk.fresh_order())

    async with route.open("bot07", quiet) as hands:
        await hands.find(job)
        await hands.capture("looked")
        held = weakref.ref(cast(ScreenHands, hands).page)
        del hands
    gc.collect()

    assert held() is None


@pytest.mark.failure_mode("F22")
async def test_jobs_leave_no_files_and_their_browser_is_weighed(
    desk: Demo, route: ScreenRoute, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F22: after further jobs the process's folder holds what it held after one; the browser is weighed.

    The driver may write of a trace when its job is over already: that goes with the next job, and never piles up.
    """
    monkeypatch.setattr(browser_, "WEIGHED_EVERY", 3)
    job, held = MARK.job(desk.fresh_order()), []

    for _ in range(3):
        async with route.open("bot07", quiet) as hands:
            await hands.find(job)
            await hands.capture("looked")
        run = route._launcher._run
        assert run is not None
        held.append([name for name in files_in(run.path) if "profile" not in name])

    late = [Counter(suffix for name in one if (suffix := Path(name).suffix) in OF_TRACES) for one in held]
    stays = [[name for name in one if Path(name).suffix not in OF_TRACES] for one in held]
    assert stays[2] == stays[0]
    assert max(of_one for one in late for of_one in [0, *one.values()]) <= 1
    assert 50 * 2**20 < browser_of(route, "bot07").memory < Wear().memory
