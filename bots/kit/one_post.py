"""One click, one post: a page that would send its form a second time by itself is not let through."""

import re

import structlog
from playwright.async_api import BrowserContext, Route
from playwright.async_api import Error as PlaywrightError

log = structlog.get_logger(__name__)


class OnePost:
    """Counts what a job's pages send to addresses that begin with `url`, from the first `allow` on."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._context = context
        self._addresses = re.compile(re.escape(url))
        self._left: int | None = None

    async def allow(self) -> None:
        """Let one more post through: right before the click that submits."""
        if self._left is None:
            await self._context.route(self._addresses, self._judge)
        self._left = 1

    async def _judge(self, request: Route) -> None:
        try:
            if request.request.method != "POST":
                await request.continue_()
            elif self._left:
                self._left = 0
                await request.continue_()
            else:
                log.warning("post.kept_back")
                await request.abort("blockedbyclient")
        except PlaywrightError as error:
            log.info("post.not_judged", kind=type(error).__name__)
