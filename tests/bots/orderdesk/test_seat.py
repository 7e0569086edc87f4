"""The order desk's seats: what a job leaves behind, what is carried over, and how a browser ends."""

import asyncio
import io
import zipfile
from collections.abc import Callable
from typing import cast

import psutil
import pytest
from playwright.async_api import Error as PlaywrightError

from bots.kit.browser import Wear
from bots.kit.contract import Captured, Route, RouteKey
from bots.kit.hands import ScreenHands
from bots.kit.processes import lives
from bots.kit.screen_route import ScreenRoute
from core.faults import BrowserDied
from tests.bots.conformance.cast import PARTS
from tests.bots.desks import Demo

MARK = PARTS[0]
Quiet = Callable[[str], None]


@pytest.fixture
def route(all_routes: dict[RouteKey, Route]) -> Route:
    """The order desk by its screens."""
    return all_routes[RouteKey("orderdesk", "bot")]


def unpacked(found: list[Captured]) -> dict[str, bytes]:
    """All files of all traces among the evidence."""
    files: dict[str, bytes] = {}
    for thing in found:
        if thing.kind == "trace":
            with zipfile.ZipFile(io.BytesIO(thing.data)) as trace:
                files |= {f"{thing.name}/{name}": trace.read(name) for name in trace.namelist()}
    return files


@pytest.mark.failure_mode("F67")
async def test_no_trace_keeps_the_password(desk: Demo, route: Route, quiet: Quiet) -> None:
    """A job that signs in, loses its session and signs in again leaves a trace of its work without the password."""
    job = MARK.job(desk.fresh_order())

    async with route.open("bot03", quiet) as hands:
        await hands.find(job)
        desk.faults(expire_sessions=True)
        await hands.enter(job)
        found = await hands.capture("trouble")

    files = unpacked(found)
    order_no = job.operation.target(job.entry).encode()
    assert any(order_no in content for content in files.values()), "it does hold the work"
    assert not [name for name, content in files.items() if b"demo-bot-03" in content]


async def test_evidence_of_a_screen_is_picture_text_and_trace(desk: Demo, route: Route, quiet: Quiet) -> None:
    """A PNG and the accessible text at every moment; the trace at trouble only."""
    job = MARK.job(desk.fresh_order())

    async with route.open("bot03", quiet) as hands:
        await hands.find(job)
        looked = await hands.capture("looked")
        trouble = await hands.capture("trouble")

    assert [thing.kind for thing in looked] == ["screenshot", "snapshot"]
    assert [thing.kind for thing in trouble] == ["screenshot", "snapshot", "trace"]
    assert looked[0].data.startswith(b"\x89PNG")
    assert job.operation.target(job.entry).encode() in looked[1].data


async def test_the_sign_in_is_carried_to_the_next_job(desk: Demo, route: Route, quiet: Quiet) -> None:
    """Two jobs of one account, one sign-in, each in a context of its own."""
    steps: list[str] = []
    async with route.open("bot04", quiet) as hands:
        await hands.read("order", desk.fresh_order())
        first = cast(ScreenHands, hands).job_page.context

    async with route.open("bot04", steps.append) as hands:
        await hands.read("order", desk.fresh_order())
        second = cast(ScreenHands, hands).job_page.context

    assert "sign in" not in steps
    assert first is not second


async def test_a_killed_browser_leaves_no_process(desk: Demo, route: Route, quiet: Quiet) -> None:
    """Kill ends the whole tree and its note within a job, which hears of it; the next job gets a new browser."""
    job = MARK.job(desk.fresh_order())

    async with route.open("bot05", quiet) as hands:
        await hands.find(job)
        assert hands.browser_pid is not None
        seat = cast(ScreenRoute, route)._seats["bot05"].browser
        tree = [psutil.Process(hands.browser_pid), *psutil.Process(hands.browser_pid).children(recursive=True)]
        await route.kill("bot05")
        alive = [process for process in tree if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        with pytest.raises(BrowserDied):
            await hands.enter(job)
    async with route.open("bot05", quiet) as again:
        await again.find(job)

    assert len(tree) > 1
    assert alive == []
    assert seat is not None
    assert not seat.note.exists()
    assert not seat.scratch.exists()


@pytest.mark.failure_mode("F18")
async def test_a_crashed_page_ends_its_job_at_once(desk: Demo, route: Route, quiet: Quiet) -> None:
    """A dead renderer is BrowserDied without waiting for any deadline, and the next job works."""
    job = MARK.job(desk.fresh_order())

    async with route.open("bot05", quiet) as hands:
        await hands.find(job)
        page = cast(ScreenHands, hands).page
        async with page.expect_event("crash"):
            await asyncio.gather(page.goto("chrome://crash"), return_exceptions=True)
        with pytest.raises(BrowserDied):
            await hands.enter(job)
    await route.kill("bot05")
    async with route.open("bot05", quiet) as again:
        seen = await again.find(job)

    assert seen.readable


@pytest.mark.failure_mode("F19")
async def test_a_browser_that_died_between_jobs_is_replaced(desk: Demo, route: Route, quiet: Quiet) -> None:
    """The next job of the account gets a new browser without noticing."""
    job = MARK.job(desk.fresh_order())
    async with route.open("bot05", quiet) as hands:
        await hands.find(job)
        first = hands.browser_pid
    assert first is not None
    psutil.Process(first).kill()

    async with route.open("bot05", quiet) as hands:
        seen = await hands.find(job)

    assert seen.readable
    assert hands.browser_pid != first


async def test_a_cancelled_job_closes_its_context(desk: Demo, route: Route, quiet: Quiet) -> None:
    """Cancelling a job in the middle of a slow page closes its context and gives the seat back."""
    job = MARK.job(desk.fresh_order())
    under_way = asyncio.Event()
    contexts = []

    async def work() -> None:
        async with route.open("bot06", quiet) as hands:
            contexts.append(cast(ScreenHands, hands).job_page.context)
            await hands.find(job)
            desk.faults(slow_seconds=2)
            under_way.set()
            await hands.enter(job)

    task = asyncio.create_task(work())
    await under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    desk.faults(slow_seconds=0)
    async with route.open("bot06", quiet) as hands:
        seen = await hands.find(job)

    assert task.cancelled()
    with pytest.raises(PlaywrightError):
        await contexts[0].new_page()
    assert seen.readable


async def test_a_browser_is_replaced_after_its_share_of_jobs(
    desk: Demo, route: Route, quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser that served its number of contexts is closed before the next job, and its process is gone."""
    monkeypatch.setattr(cast(ScreenRoute, route)._launcher, "_wear", Wear(contexts=1))
    await route.kill("bot06")
    used: list[tuple[int, float]] = []

    for _ in range(2):
        async with route.open("bot06", quiet) as hands:
            assert hands.browser_pid is not None
            assert hands.browser_started is not None
            used.append((hands.browser_pid, hands.browser_started))

    assert used[0] != used[1]
    assert not lives(*used[0])
