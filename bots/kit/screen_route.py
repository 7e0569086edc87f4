"""A route over screens: one browser for each account, one context for each job, and an end to both that never hangs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import StorageState

from bots.kit.browser import Browser, Launcher
from bots.kit.contract import Hands
from bots.kit.deadline import CLOSE_SECONDS, JOB_SECONDS, within
from bots.kit.hands import ScreenHands
from bots.kit.masking import Masking
from bots.kit.page import JobPage, Opening
from bots.kit.surroundings import Surroundings
from core.faults import BrowserDied, Fault, TooSlow

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Screens:
    """What a bot on screens is: its system and version, where the system is, who works there, what is masked."""

    system: str
    version: str
    url: str
    hands: Callable[[JobPage, str], ScreenHands]
    page_seconds: float = 30.0
    masking: Masking = field(default_factory=Masking)
    surroundings: Surroundings = field(default_factory=Surroundings)


@dataclass
class _Seat:
    """What is kept between an account's jobs."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    browser: Browser | None = None
    session: StorageState | None = None
    job_page: JobPage | None = None


class ScreenRoute:
    """The route of any bot on screens; see `Route` in the contract for what each verb promises."""

    name = "bot"

    def __init__(self, screens: Screens, launcher: Launcher) -> None:
        self.system = screens.system
        self.version = screens.version
        self._screens = screens
        self._launcher = launcher
        self._seats: dict[str, _Seat] = {}

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A job's hands; the sign-in happens with the first look, so that trouble in it leaves evidence."""
        seat = self._seats.setdefault(account, _Seat())
        async with seat.lock:
            step("open a page")
            job_page = await self._page(seat, step)
            hands = self._screens.hands(job_page, account)
            try:
                async with within(JOB_SECONDS, "the whole job"):
                    yield hands
            except Fault as fault:
                fault.screen = fault.screen or hands.screen
                raise
            finally:
                await self._end(seat, hands)

    async def kill(self, account: str) -> None:
        """End the account's browser; a job that still works in it hears of it at once."""
        seat = self._seats.get(account)
        if seat is None:
            return
        if seat.job_page is not None:
            seat.job_page.steps.interrupt(BrowserDied("killed"))
        if seat.browser is not None:
            await seat.browser.kill()
            seat.browser = None

    async def close(self) -> None:
        """End all browsers of this route, running jobs included, and Playwright: the process is about to end."""
        await asyncio.gather(*(self._close_seat(seat) for seat in self._seats.values()))
        await self._launcher.stop()

    async def until_lost(self) -> None:
        """Return once Playwright of this process died or hangs: nothing can be worked with any more."""
        await self._launcher.until_lost()

    async def _close_seat(self, seat: _Seat) -> None:
        browser, seat.browser = seat.browser, None
        if browser is not None:
            await browser.close()

    async def _page(self, seat: _Seat, step: Callable[[str], None]) -> JobPage:
        """A page in the seat's browser. Raises BrowserDied: one that is too slow to come says nothing of the system."""
        try:
            return await self._opened(seat, step)
        except TooSlow as slow:
            raise BrowserDied(slow.detail) from None

    async def _opened(self, seat: _Seat, step: Callable[[str], None]) -> JobPage:
        """A page in the seat's browser; when that one turns out to be lost, in a new one."""
        opening = Opening(self._screens.url, seat.session, step, self._screens.page_seconds, self._screens.masking)
        around = self._screens.surroundings
        opening = replace(opening, context=around.for_context(self._screens.url), egress=around.egress)
        warm = seat.browser
        try:
            seat.job_page = await JobPage.open(await self._browser(seat), opening)
        except (BrowserDied, TooSlow):
            if seat.browser is not None:
                await seat.browser.kill()
            if warm is None or seat.browser is not warm:
                raise
            log.warning("browser.replaced", system=self.system)
            seat.job_page = await JobPage.open(await self._browser(seat), opening)
        except asyncio.CancelledError:
            if seat.browser is not None:
                await seat.browser.kill()  # a half-opened context has nobody to close it
            raise
        return seat.job_page

    async def _browser(self, seat: _Seat) -> Browser:
        if seat.browser is not None and not seat.browser.lives:
            await seat.browser.kill()
            seat.browser = None
        if seat.browser is not None and self._launcher.worn(seat.browser):
            await self._close_seat(seat)
        if seat.browser is None:
            screens = self._screens
            seat.browser = await self._launcher.launch(
                screens.surroundings.flag(screens.url), screens.surroundings.home
            )
        return seat.browser

    async def _end(self, seat: _Seat, hands: ScreenHands) -> None:
        """Close the job's context; whoever is cancelled while that takes its time leaves no browser behind."""
        browser = hands.job_page.browser
        seat.job_page = None
        seat.session = hands.session or seat.session
        try:
            if browser.lives:
                await self._leave(hands)
            await hands.job_page.close()
            await browser.after_job()
        except BaseException:
            await browser.kill()
            raise

    async def _leave(self, hands: ScreenHands) -> None:
        try:
            async with within(CLOSE_SECONDS, "leaving the system"):
                await hands.leave()
        except (PlaywrightError, Fault) as error:
            log.info("system.not_left", system=self.system, kind=type(error).__name__)
