"""The one Playwright of this process: started inside the running loop when first needed, watched while it serves."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import structlog
from playwright.async_api import BrowserType, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from bots.kit.deadline import ANSWER_SECONDS, CLOSE_SECONDS, LAUNCH_SECONDS, within
from core.faults import BrowserDied, TooSlow

log = structlog.get_logger(__name__)

WATCH_SECONDS = 1.0
"""How often a driver is looked at: a lost one is noticed within this time, one that only hangs after its answer's."""


class Driver:
    """Playwright is bound to its loop and speaks through a process of its own, which can die or hang."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._process: psutil.Process | None = None
        self._lock = asyncio.Lock()
        self._lost = False

    async def chromium(self, temporary: Path) -> BrowserType:
        """What browsers are launched with; a driver that starts keeps all its temporary files in that folder.

        Raises TooSlow or BrowserDied when Playwright does not start.
        """
        async with self._lock:
            if self._playwright is not None and not self._alive():
                await self._lose()
            if self._playwright is None:
                self._playwright = await self._start(temporary)
            return self._playwright.chromium

    async def watch(self) -> None:
        """Return once a driver was lost: it died, was stopped, or does not answer; it is dead then.

        A bot process ends after that and a fresh one takes over. A new driver would work in this process too, but
        nobody can vouch for what the old one leaves in it: calls that never return, and orders that a driver which
        only hung still carries out when it goes on.
        """
        while not self._lost:
            await asyncio.sleep(WATCH_SECONDS)
            async with self._lock:
                if self._playwright is not None and not (self._alive() and await self._answers(self._playwright)):
                    await self._lose()

    async def stop(self) -> None:
        """End it, hung or not; browsers that it started end with it."""
        async with self._lock:
            await self._stop()

    async def _lose(self) -> None:
        log.warning("driver.lost", pid=self._process.pid if self._process else None)
        self._lost = True
        await self._stop()

    async def _start(self, temporary: Path) -> Playwright:
        before = set(psutil.Process().children())
        try:
            with _temporary_files_in(temporary):
                async with within(LAUNCH_SECONDS, "start of Playwright"):
                    started = await async_playwright().start()
        except (PlaywrightError, OSError) as error:
            raise BrowserDied(str(error)) from error
        mine = [child for child in psutil.Process().children() if child not in before and _is_driver(child)]
        self._process = mine[0] if mine else None
        return started

    async def _stop(self) -> None:
        """End it; one that is stopped or dead is not asked, and none is left."""
        playwright, self._playwright = self._playwright, None
        process, self._process = self._process, None
        if playwright is None:
            return
        if process is not None and not _works(process):
            _kill(process)
        try:
            async with within(CLOSE_SECONDS, "end of Playwright"):
                await playwright.stop()
        except (PlaywrightError, TooSlow):
            log.warning("driver.killed")
        if process is not None:
            _kill(process)

    def _alive(self) -> bool:
        # One that could not be told from other children is known by its answers alone.
        return self._process is None or _works(self._process)

    async def _answers(self, playwright: Playwright) -> bool:
        """Whether it still does what it is asked: something small that needs no browser."""
        try:
            async with within(ANSWER_SECONDS, "an answer of Playwright"):
                await (await playwright.request.new_context()).dispose()
        except (PlaywrightError, TooSlow):
            return False
        return True


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """A driver takes its folder for temporary files from its environment, and from nowhere else.

    Profiles of browsers, traces and artifacts lie there; what a killed one leaves is found by that folder.
    """
    tempfile.gettempdir()  # Python keeps its first answer: it must not be this folder
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _works(process: psutil.Process) -> bool:
    """Whether it lives and is not paused."""
    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _is_driver(process: psutil.Process) -> bool:
    try:
        return "run-driver" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
