"""One job's page: a context of its own that may reach the system and nothing else, its steps, dialogs and trace."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from playwright.async_api import BrowserContext, Page, StorageState
from playwright.async_api import Error as PlaywrightError

from bots.kit.browser import Browser
from bots.kit.containment import Containment, Egress, origin
from bots.kit.deadline import CLOSE_SECONDS, LAUNCH_SECONDS, within
from bots.kit.dialogs import Dialogs
from bots.kit.evidence import Trace, put_cameras_down
from bots.kit.masking import Masking
from bots.kit.one_post import OnePost
from bots.kit.steps import Steps
from bots.kit.trouble import fault_of
from core.faults import BrowserDied, TooSlow, WindowMissing

log = structlog.get_logger(__name__)

VIEW = (1100, 640)
ELEMENT_SHARE = 0.8
"""Of a step's time: how long an element of a page that is there may take to appear."""
EACH_ITS_OWN = {"Connection": "close"}
"""Every request gets a connection of its own. A browser sends a request again by itself, a save too, when a connection
that it had used before ends without an answer: the system would have it twice, and no page or bot would know."""


@dataclass(frozen=True)
class Opening:
    """How a job's page is opened: the system's address, the session carried over, who hears of steps, the deadline,
    what evidence may not show, what the environment asks of a context, and what else the pages may reach."""

    url: str
    session: StorageState | None
    tell: Callable[[str], None]
    page_seconds: float
    masking: Masking = field(default_factory=Masking)
    context: Mapping[str, Any] = field(default_factory=dict)
    egress: tuple[str, ...] = ()


@dataclass
class Popup:
    """A window that the bot waits for; it begins with `url`."""

    url: str
    opened: "asyncio.Future[Page]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def page(self) -> Page:
        """The window; open once the block that waits for it has ended."""
        return self.opened.result()


class JobPage:
    """What a bot works with: `page` in a context of its own, `steps`, `dialogs`, `posts`, `trace`."""

    def __init__(self, browser: Browser, page: Page, opening: Opening) -> None:
        self.browser = browser
        self.context = page.context
        self.page = page
        self.url = opening.url.rstrip("/")
        self.steps = Steps(opening.tell, opening.page_seconds)
        self._containment = Containment(Egress.of(opening.url, *opening.egress), self.steps)
        self.dialogs = Dialogs(page, self.steps.interrupt)
        self.posts = OnePost(self.context, self.url)
        self.trace = Trace(self.context, browser.scratch)
        self._origin = origin(opening.url)
        self._window_seconds = opening.page_seconds / 2
        self._awaited: Popup | None = None
        self._watch(page)
        self.context.on("page", self._meet_popup)

    @classmethod
    async def open(cls, browser: Browser, opening: Opening) -> "JobPage":
        """A fresh context with the session of the account's last job. Raises BrowserDied or TooSlow."""
        browser.contexts += 1
        try:
            async with within(LAUNCH_SECONDS, "a new page"):
                context = await _context(browser, opening)
                job_page = cls(browser, await context.new_page(), opening)
                await job_page._containment.surround(context)
                await job_page.trace.start()
        except PlaywrightError as error:
            raise fault_of(error) from error
        return job_page

    async def session(self) -> StorageState:
        """The signed-in session, to be carried over to the account's next job; kept in memory alone."""
        return await self.context.storage_state()

    async def close(self) -> None:
        """Close the context; a browser that does not obey in time is killed. Raises BrowserInDoubt when that fails."""
        put_cameras_down(self.context)
        if not self.browser.lives:
            return
        try:
            async with within(CLOSE_SECONDS, "end of the job's context"):
                await self.context.close()
        except (PlaywrightError, TooSlow):
            log.warning("context.close_hung", pid=self.browser.pid)
            await self.browser.kill()

    @asynccontextmanager
    async def expecting_popup(self, path: str) -> AsyncIterator[Popup]:
        """Let the window open whose address begins with `path` ("/refunds/"); a click in the block opens it.

        After the block `popup.page` is that window, contained and watched as the job's page is; it stays until it
        closes itself or the job ends. Any other window is closed. Raises WindowMissing when it does not open in time.
        """
        self._awaited = popup = Popup(self._origin + path)
        try:
            yield popup
            async with asyncio.timeout(self._window_seconds):
                await (await popup.opened).wait_for_load_state("domcontentloaded")
        except TimeoutError:
            raise WindowMissing(f"no window of {path}") from None
        finally:
            self._awaited = None
            popup.opened.cancel()

    def _watch(self, page: Page) -> None:
        page.on("crash", lambda _: self.steps.interrupt(BrowserDied("the page crashed")))
        self._containment.watch(page)

    async def _meet_popup(self, popup: Page) -> None:
        awaited = self._awaited
        if awaited is not None and not awaited.opened.done() and popup.url.startswith(awaited.url):
            self._watch(popup)
            self.dialogs.watch(popup)
            awaited.opened.set_result(popup)
        elif popup is not self.page:
            self._containment.note("a window")
            await _close(popup)


async def _context(browser: Browser, opening: Opening) -> BrowserContext:
    context = await browser.playwright.new_context(
        storage_state=opening.session,
        viewport={"width": VIEW[0], "height": VIEW[1]},
        accept_downloads=False,
        service_workers="block",
        permissions=[],
        extra_http_headers=EACH_ITS_OWN,
        **opening.context,
    )
    await context.add_init_script(opening.masking.script)
    # An element that is not there is said before the step's own deadline, which cannot tell why it was waited for.
    context.set_default_timeout(opening.page_seconds * ELEMENT_SHARE * 1000)
    context.set_default_navigation_timeout(opening.page_seconds * 1000)
    return context


async def _close(popup: Page) -> None:
    try:
        await popup.close()
    except PlaywrightError as error:
        log.info("popup.not_closed", kind=type(error).__name__)
