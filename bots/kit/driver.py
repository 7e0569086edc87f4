"""The one Playwright of this process: started inside the running loop when first needed, replaced when it is lost."""

import asyncio

import psutil
import structlog
from playwright.async_api import BrowserType, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from bots.kit.deadline import CLOSE_SECONDS, LAUNCH_SECONDS, within
from core.faults import BrowserDied, TooSlow

log = structlog.get_logger(__name__)


class Driver:
    """Playwright is bound to its loop and speaks through a process of its own, which can die or hang."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._process: psutil.Process | None = None
        self._lock = asyncio.Lock()

    async def chromium(self) -> BrowserType:
        """What browsers are launched with. Raises TooSlow or BrowserDied when Playwright does not start."""
        async with self._lock:
            if self._playwright is not None and not self._alive():
                log.warning("driver.lost")
                await self._stop()
            if self._playwright is None:
                self._playwright = await self._start()
            return self._playwright.chromium

    async def stop(self) -> None:
        """End it, hung or not; browsers that it started end with it."""
        async with self._lock:
            await self._stop()

    async def _start(self) -> Playwright:
        before = set(psutil.Process().children())
        try:
            async with within(LAUNCH_SECONDS, "start of Playwright"):
                started = await async_playwright().start()
        except (PlaywrightError, OSError) as error:
            raise BrowserDied(str(error)) from error
        mine = [child for child in psutil.Process().children() if child not in before and _is_driver(child)]
        self._process = mine[0] if mine else None
        return started

    async def _stop(self) -> None:
        playwright, self._playwright = self._playwright, None
        process, self._process = self._process, None
        if playwright is None:
            return
        try:
            async with within(CLOSE_SECONDS, "end of Playwright"):
                await playwright.stop()
        except (PlaywrightError, TooSlow):
            log.warning("driver.killed")
        if process is not None and process.is_running():
            process.kill()

    def _alive(self) -> bool:
        if self._process is None:
            return True  # it could not be told from other children; a launch that fails will tell
        return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)


def _is_driver(process: psutil.Process) -> bool:
    try:
        return "run-driver" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
