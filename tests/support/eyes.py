"""The browser of people in tests, and what axe finds on a page."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright, expect

from bots.kit.browser_path import find_browser
from tests.support.patience import PATIENCE_MS

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-quic", "--no-first-run"]


@pytest.fixture(scope="session")
async def screen() -> AsyncIterator[Browser]:
    """One browser for the whole run; every test has a context of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(find_browser().path), args=FLAGS)
        browser.on("context", _patient)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        await browser.close()


def _patient(context: BrowserContext) -> None:
    context.set_default_timeout(PATIENCE_MS)


async def barriers(page: Page) -> list[str]:
    """What axe finds on the page; on one that its live updates load anew meanwhile, on the new one."""
    found: dict[str, Any] = {}
    while not found:
        try:
            await page.evaluate(AXE)
            found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        except Error as trouble:
            if "Execution context was destroyed" not in trouble.message:
                raise
            await page.wait_for_load_state()
    return [f"{page.url}: {one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]
