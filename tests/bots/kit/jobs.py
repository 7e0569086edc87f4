"""A job's page for tests of the kit, on whatever pages a test shows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.containment import Egress
from bots.kit.driver import Driver
from bots.kit.page import JobPage, Opening
from tests.bots.kit.pages import Pages


@asynccontextmanager
async def a_job(
    pages: Pages, tmp_path: Path, steps: list[str] | None = None, egress: tuple[str, ...] = ()
) -> AsyncIterator[JobPage]:
    """A job's page on these pages, in a browser of its own."""
    launcher = Launcher(find_browser().path, tmp_path / "browsers", Driver())
    browser = await launcher.launch(Egress.of(pages.url, *egress).flag())
    told = [] if steps is None else steps
    job_page = await JobPage.open(browser, Opening(pages.url, None, told.append, 20, egress=egress))
    try:
        await job_page.page.goto(pages.url)
        yield job_page
    finally:
        await browser.close()
        await launcher.stop()
