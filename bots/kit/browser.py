"""One browser for one seat: launched, known by its process, recycled before it grows, killed without asking."""

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import structlog
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import Error as PlaywrightError

from bots.kit.deadline import CLOSE_SECONDS, LAUNCH_SECONDS, within
from bots.kit.driver import Driver
from bots.kit.leftovers import strike_off, write_down
from bots.kit.processes import kill_tree, lives, started_at
from bots.kit.trouble import fault_of
from core.faults import BrowserDied, Fault, TooSlow

log = structlog.get_logger(__name__)

MOST_CONTEXTS = 50
MOST_SECONDS = 3600.0
"""Contexts leak in long-lived browsers, so a browser is replaced after this many jobs or this long."""

_NO_SANDBOX = ("No usable sandbox", "sandboxing failed", "without --no-sandbox")
FLAGS = (
    "--disable-background-networking",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--no-first-run",
)


@dataclass
class Browser:
    """A running browser of one seat. `pid` and `started` are those of the browser process itself."""

    playwright: PlaywrightBrowser
    pid: int
    started: float
    scratch: Path
    note: Path
    born: float
    contexts: int = 0

    @property
    def lives(self) -> bool:
        """Whether it can still be worked with."""
        return self.playwright.is_connected() and lives(self.pid, self.started)

    def worn(self, now: float) -> bool:
        """Whether it has served long enough; `now` is the monotonic clock."""
        return self.contexts >= MOST_CONTEXTS or now - self.born >= MOST_SECONDS

    async def kill(self) -> None:
        """End the whole tree now; returns when it is dead. Raises BrowserInDoubt when that cannot be shown."""
        await kill_tree(self.pid, self.started)
        strike_off(self.note)

    async def close(self) -> None:
        """End it gently, and by force when it does not answer in time."""
        try:
            async with within(CLOSE_SECONDS, "end of the browser"):
                await self.playwright.close()
        except (PlaywrightError, TooSlow):
            log.warning("browser.close_hung", pid=self.pid)
        await self.kill()


class Launcher:
    """Starts browsers of one program. `folder` keeps the notes by which leftovers are found."""

    def __init__(
        self, program: Path, folder: Path, driver: Driver, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._program = program
        self._folder = folder
        self._driver = driver
        self._sandbox = os.getuid() != 0  # the sandbox refuses to work for root
        self.clock = clock

    async def launch(self, url: str) -> Browser:
        """A browser that reaches the host of `url` and no other.

        Raises TooSlow or BrowserDied. Between the start and its note a killed worker leaves an idle browser, which ends
        by itself when its pipe to Playwright breaks. Whoever is cancelled meanwhile leaves none: Playwright goes on
        with a start that nobody waits for.
        """
        starting = asyncio.create_task(self._launch(url))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await self._unwanted(starting)
            raise

    async def _unwanted(self, starting: "asyncio.Task[Browser]") -> None:
        try:
            async with within(CLOSE_SECONDS, "start of a browser that nobody wants"):
                await (await starting).kill()
        except BrowserDied:
            log.info("browser.never_started")
        except TooSlow:
            await self._driver.stop()

    async def _launch(self, url: str) -> Browser:
        scratch = self._folder / uuid.uuid4().hex
        scratch.mkdir(parents=True)
        try:
            playwright = await self._start(urlsplit(url).hostname or "", scratch)
            pid = await _pid_of(playwright)
        except TooSlow:
            await self._driver.stop()  # a driver that cannot launch is hung; everything it holds is lost anyway
            raise
        started = started_at(pid)
        if started is None:
            raise BrowserDied("it ended while it started")
        note = write_down(self._folder, pid, started, scratch, _profile_of(pid))
        log.info("browser.started", pid=pid, version=playwright.version)
        return Browser(playwright, pid, started, scratch, note, self.clock())

    async def stop(self) -> None:
        """End Playwright itself, and with it whatever it still holds: for the end of the process."""
        await self._driver.stop()

    async def _start(self, host: str, scratch: Path) -> PlaywrightBrowser:
        try:
            return await self._try(host, scratch)
        except BrowserDied as fault:
            if not self._sandbox or not any(mark in fault.detail for mark in _NO_SANDBOX):
                raise
            self._sandbox = False
            log.warning("browser.no_sandbox", why="this machine does not let an ordinary user make one")
            return await self._try(host, scratch)

    async def _try(self, host: str, scratch: Path) -> PlaywrightBrowser:
        chromium = await self._driver.chromium()
        # Names are resolved for the system's own host alone, so that no redirect leads anywhere else.
        only = f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}"
        try:
            async with within(LAUNCH_SECONDS, "start of the browser"):
                return await chromium.launch(
                    executable_path=self._program,
                    args=[*FLAGS, only],
                    chromium_sandbox=self._sandbox,
                    # Ending is ours: a signal to the worker must not take a browser from under a click.
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                    traces_dir=scratch,
                    env={name: value for name, value in os.environ.items() if not name.startswith("BATON_")},
                )
        except PlaywrightError as error:
            raise _as_death(fault_of(error)) from error


async def _pid_of(browser: PlaywrightBrowser) -> int:
    """The browser process itself: what Playwright started may be a script that starts it."""
    try:
        async with within(LAUNCH_SECONDS, "the browser's process id"):
            session = await browser.new_browser_cdp_session()
            told = await session.send("SystemInfo.getProcessInfo")
            await session.detach()
    except PlaywrightError as error:
        raise _as_death(fault_of(error)) from error
    return next(int(process["id"]) for process in told["processInfo"] if process["type"] == "browser")


def _profile_of(pid: int) -> str:
    try:
        arguments = psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return ""
    flag = "--user-data-dir="
    return next((text.removeprefix(flag) for text in arguments if text.startswith(flag)), "")


def _as_death(fault: Fault) -> Fault:
    return fault if isinstance(fault, TooSlow) else BrowserDied(fault.detail)
