"""A window that the bot expects: contained and watched like the job's page; every other window is closed."""

import asyncio
from pathlib import Path

import pytest

from core.faults import BrowserDied, WindowMissing
from tests.bots.kit.jobs import a_job
from tests.bots.kit.pages import showing

OPENER = """<button onclick="window.open('/advert'); window.open('/form?order=1')">open</button>"""
FORM = """<frameset><frame name=body src=/body></frameset>"""
PAGES = {"/": OPENER, "/form?order=1": FORM, "/body": "<input name=amount>", "/advert": "buy"}


async def test_the_expected_window_is_worked_in_and_others_are_closed(tmp_path: Path) -> None:
    """Of two windows that open at once the one that the bot waits for stays, frames and dialogs included."""
    async with showing(PAGES) as pages, a_job(pages, tmp_path) as job:
        async with job.expecting_popup("/form") as popup:
            await job.page.click("button")
        await popup.page.frame_locator("frame[name=body]").locator("input").fill("12.50")
        with job.dialogs.expecting("sure?"):
            sure = await popup.page.evaluate("confirm('sure?')")
        others = [page for page in job.context.pages if page not in (job.page, popup.page)]
        for other in others:
            await other.wait_for_event("close")

    assert sure is True


async def test_a_window_that_never_opens_is_said_so(tmp_path: Path) -> None:
    """Nothing opens, or another window does: WindowMissing, and nothing was typed."""
    async with showing(PAGES) as pages, a_job(pages, tmp_path) as job:
        job._window_seconds = 0.5
        with pytest.raises(WindowMissing):
            async with job.expecting_popup("/other"):
                await job.page.click("button")


async def test_the_window_is_contained_and_its_crash_is_heard(tmp_path: Path) -> None:
    """A window that is led away, or whose renderer dies, ends the job's steps as the page itself does."""
    async with showing(PAGES) as pages, showing({"/": "elsewhere"}) as elsewhere, a_job(pages, tmp_path) as job:
        async with job.expecting_popup("/form") as popup:
            await job.page.click("button")
        fetched = await popup.page.evaluate(
            "url => fetch(url, {mode: 'no-cors'}).then(() => 'reached', () => 'refused')", elsewhere.url
        )
        async with popup.page.expect_event("crash"):
            await asyncio.gather(popup.page.goto("chrome://crash"), return_exceptions=True)
        with pytest.raises(BrowserDied):
            async with job.steps("go on"):
                pass

    assert fetched == "refused"
    assert elsewhere.asked == []
