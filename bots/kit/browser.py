"""One browser for one seat: launched, known by its process, recycled before it grows, killed without asking."""

import asyncio
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import Error as PlaywrightError

from bots.kit.deadline import CLOSE_SECONDS, LAUNCH_SECONDS, within
from bots.kit.driver import Driver
from bots.kit.leftovers import frame_of, strike_off, write_down
from bots.kit.processes import kill_tree, lives, resident_memory, started_at
from bots.kit.run_folder import RunFolder
from bots.kit.trouble import fault_of
from core.faults import BrowserDied, Fault, TooSlow

log = structlog.get_logger(__name__)


WEIGHED_EVERY = 5
"""Jobs between two looks at a browser's memory: each reads the whole process table, and memory grows over many jobs."""


@dataclass(frozen=True)
class Wear:
    """How long a browser serves: contexts leak in long-lived ones, so it is replaced between two jobs.

    By number of jobs, by age, and by the resident memory of its whole tree (shared pages count for each of
    its processes: a fresh one has about 0.3 GB).
    """

    contexts: int = 50
    seconds: float = 3600.0
    memory: int = 1536 * 2**20


_NO_SANDBOX = ("No usable sandbox", "sandboxing failed", "without --no-sandbox")
FLAGS = (
    "--disable-background-networking",
    "--disable-quic",
    "--disable-http2",  # it has one connection for all requests: see EACH_ITS_OWN in page.py
    "--disable-sync",
    "--disable-component-update",
    "--no-first-run",
    # Calls between browsers go round the lookup of addresses, so they get no network at all.
    # One name of the rule is the shell's, the other one the whole browser's.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND"


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
    memory: int = 0

    @property
    def lives(self) -> bool:
        """Whether it can still be worked with."""
        return self.playwright.is_connected() and lives(self.pid, self.started)

    def worn(self, wear: Wear, now: float) -> bool:
        """Whether it has served long enough; `now` is the monotonic clock."""
        used_up = self.contexts >= wear.contexts or self.memory >= wear.memory
        return used_up or now - self.born >= wear.seconds

    async def after_job(self) -> None:
        """Remove what a job that is over left on disk; now and then take the memory of the browser's processes."""
        await asyncio.to_thread(self._rest)

    async def keep_frame(self, picture: bytes | None) -> None:
        """Keep what the screen shows in this job, for the case that this process dies in it."""
        if picture is None:
            return
        try:
            await asyncio.to_thread(_replace, frame_of(self.note), picture)
        except OSError as error:  # a full volume, or a browser that was killed meanwhile: the entry goes on
            log.info("browser.frame_dropped", kind=type(error).__name__)

    async def kill(self) -> None:
        """End the whole tree now; returns when it is dead. Raises BrowserInDoubt when that cannot be shown."""
        await kill_tree(self.pid, self.started)
        await asyncio.to_thread(strike_off, self.note)

    async def close(self) -> None:
        """End it gently, and by force when it does not answer in time."""
        try:
            if self.lives:
                async with within(CLOSE_SECONDS, "end of the browser"):
                    await self.playwright.close()
        except (PlaywrightError, TooSlow):
            log.warning("browser.close_hung", pid=self.pid)
        await self.kill()

    def _rest(self) -> None:
        frame_of(self.note).unlink(missing_ok=True)  # its evidence is kept
        for file in self.scratch.rglob("*"):
            if file.is_file():
                file.unlink(missing_ok=True)  # traces that nobody wanted: one context at a time works here
        if self.contexts % WEIGHED_EVERY == 0:
            self.memory = resident_memory(self.pid)


class Launcher:
    """Starts browsers of one program. `folder` is where the folders of all bot processes of this machine lie."""

    def __init__(
        self, program: Path, folder: Path, driver: Driver, wear: Wear = Wear(), *, headed: bool = False
    ) -> None:
        self._program = program
        self._folder = folder
        self._driver = driver
        self._run: RunFolder | None = None
        self._wear = wear
        self._headed = headed
        self._sandbox = os.getuid() != 0  # the sandbox refuses to work for root

    def worn(self, browser: Browser) -> bool:
        """Whether this browser is to be replaced by a fresh one."""
        return browser.worn(self._wear, time.monotonic())

    async def until_lost(self) -> None:
        """Return once Playwright is lost: this process should end and be started again."""
        await self._driver.watch()

    async def launch(self, rule: str = NOWHERE, home: Path | None = None) -> Browser:
        """A browser that connects to where its `rule` says (`Egress.flag`) and nowhere else.

        `home`: a home folder of its own, whose key store trusts further authorities.

        Raises TooSlow or BrowserDied. Between the start and its note a killed worker leaves an idle browser, which ends
        by itself when its pipe to Playwright breaks. Whoever is cancelled meanwhile leaves none: Playwright goes on
        with a start that nobody waits for.
        """
        starting = asyncio.create_task(self._launch(rule, home))
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

    async def _launch(self, rule: str, home: Path | None) -> Browser:
        if self._run is None:
            self._run = RunFolder(self._folder)
        scratch = self._run.path / uuid.uuid4().hex[:12]
        scratch.mkdir()
        try:
            playwright = await self._start(rule, home, scratch)
            pid = await _pid_of(playwright)
        except TooSlow:
            await self._driver.stop()  # a driver that cannot launch is hung; everything it holds is lost anyway
            raise
        except BrowserDied:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
            raise
        started = started_at(pid)
        if started is None:
            raise BrowserDied("it ended while it started")
        note = write_down(self._run.path, pid, started, scratch, _profile_of(pid))
        log.info("browser.started", pid=pid, version=playwright.version)
        return Browser(playwright, pid, started, scratch, note, time.monotonic())

    async def stop(self) -> None:
        """End Playwright itself, and with it whatever it still holds: for the end of the process."""
        await self._driver.stop()
        run, self._run = self._run, None
        if run is not None:
            await asyncio.to_thread(run.close)

    async def _start(self, rule: str, home: Path | None, scratch: Path) -> PlaywrightBrowser:
        try:
            return await self._try(rule, home, scratch)
        except BrowserDied as fault:
            if not self._sandbox or not any(mark in fault.detail for mark in _NO_SANDBOX):
                raise
            self._sandbox = False
            log.warning("browser.no_sandbox", why="this machine does not let an ordinary user make one")
            return await self._try(rule, home, scratch)

    async def _try(self, rule: str, home: Path | None, scratch: Path) -> PlaywrightBrowser:
        chromium = await self._driver.chromium(scratch.parent)
        try:
            async with within(LAUNCH_SECONDS, "start of the browser"):
                return await chromium.launch(
                    executable_path=self._program,
                    headless=not self._headed,
                    args=[*FLAGS, rule],
                    chromium_sandbox=self._sandbox,
                    # Ending is ours: a signal to the worker must not take a browser from under a click.
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                    traces_dir=scratch,
                    env={**_environment(), **({"HOME": str(home)} if home else {})},
                )
        except PlaywrightError as error:
            raise _as_death(fault_of(error)) from error


def _replace(file: Path, data: bytes) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(file)


def _environment() -> dict[str, str | float | bool]:
    """What a browser may know of this process's environment: no setting and no secret of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}


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


def _profile_of(pid: int) -> Path | None:
    try:
        arguments = psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return None
    flag = "--user-data-dir="
    return next((Path(text.removeprefix(flag)) for text in arguments if text.startswith(flag)), None)


def _as_death(fault: Fault) -> Fault:
    return fault if isinstance(fault, TooSlow) else BrowserDied(fault.detail)
