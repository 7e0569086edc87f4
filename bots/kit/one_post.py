"""One click, one post: a page that would send its form a second time by itself is not let through."""

import re
from urllib.parse import urlsplit

import structlog
from playwright.async_api import BrowserContext, Route
from playwright.async_api import Error as PlaywrightError

from bots.kit.containment import origin

log = structlog.get_logger(__name__)


class OnePost:
    """Counts what a job's pages send to the system's addresses that a click posts to, from the first `allow` on."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._context = context
        self._url = origin(url) + urlsplit(url).path.rstrip("/")  # as browsers write it
        self._watched: set[str] = set()
        self._left = False

    async def allow(self, path: str) -> None:
        """Let one more post through to addresses that begin with `path` ("/order/"): right before the click."""
        if path not in self._watched:
            await self._context.route(re.compile(re.escape(self._url + path)), self._judge)
            self._watched.add(path)
        self._left = True

    async def _judge(self, request: Route) -> None:
        try:
            if request.request.method != "POST":
                await request.continue_()
            elif self._left:
                self._left = False
                await request.continue_()
            else:
                log.warning("post.kept_back")
                await request.abort("blockedbyclient")
        except PlaywrightError as error:
            log.info("post.not_judged", kind=type(error).__name__)
