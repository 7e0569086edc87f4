"""The bare peer of an entry: a Playwright script with a warm browser and a context per job, and nothing else.

`same` opens the very pages that Baton's bot opens, in the same order. `walk` does what a recorded script does: open
the desk, search the order, follow its links, fill, save, answer the dialog, take the change number, and open the order
again to see what is there. `blind` is the shortest that could do: straight to the change screen, fill, save; it looks
neither before nor after.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Dialog, Frame, Page, StorageState, async_playwright

from bots.kit.browser import FLAGS
from bots.kit.page import VIEW

USER, PASSWORD = "bot02", "demo-bot-02"
VIEW_SIZE = {"width": VIEW[0], "height": VIEW[1]}


class BareScript:
    """Entries on the order desk without Baton; signed in once, the session carried over from job to job."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._session: StorageState | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, program: Path, url: str, *, sandbox: bool) -> AsyncIterator["BareScript"]:
        """The same browser program with the same flags as Baton's; it stays warm."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program, args=list(FLAGS), chromium_sandbox=sandbox
            )
            yield cls(browser, url)
            await browser.close()

    async def sign_in(self) -> None:
        """Once; every job's context gets the session."""
        async with self._page() as page:
            await page.goto(f"{self._url}/signin")
            await page.fill("#user", USER)
            await page.fill("#password", PASSWORD)
            await page.click("#signin")
            await page.wait_for_load_state()
            self._session = await page.context.storage_state()

    async def same(self, order_no: str, reference: str) -> str:
        """The pages of Baton's bot: the desk, the order by its address, its change screen, save, the order again."""
        async with self._page() as page:
            await page.goto(self._url, wait_until="domcontentloaded")
            element = await page.wait_for_selector("frame[name=main]", state="attached")
            main = await element.content_frame() if element is not None else None
            assert main is not None
            await main.wait_for_selector("#msg", state="attached")
            await main.goto(f"{self._url}/order/{order_no}", wait_until="domcontentloaded")
            assert await main.inner_text("#d_status") == "30"
            await main.goto(f"{self._url}/order/{order_no}/failure", wait_until="domcontentloaded")
            number = await _save(main, reference)
            await main.goto(f"{self._url}/order/{order_no}", wait_until="domcontentloaded")
            assert await main.inner_text("#d_status") == "50"
            return number

    async def walk(self, order_no: str, reference: str) -> str:
        """The way a person goes, and a look at the order afterwards; the change number."""
        async with self._page() as page:
            await page.goto(self._url)
            main = page.frame("main")
            assert main is not None
            await main.fill("#order_no", order_no)
            await _follow(main, "#find_order")
            assert await main.inner_text("#d_status") == "30"
            await _follow(main, "#to_failure")
            number = await _save(main, reference)
            await _follow(main, "#back_to_order")
            assert await main.inner_text("#d_status") == "50"
            return number

    async def blind(self, order_no: str, reference: str) -> str:
        """Two pages: the change screen by its address, and what comes after saving; the change number."""
        async with self._page() as page:
            await page.goto(f"{self._url}/order/{order_no}/failure")
            return await _save(page.main_frame, reference)

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[Page]:
        context: BrowserContext = await self._browser.new_context(
            storage_state=self._session, viewport={"width": VIEW[0], "height": VIEW[1]}
        )
        page = await context.new_page()
        page.on("dialog", _accept)
        try:
            yield page
        finally:
            await context.close()


async def _save(frame: Frame, reference: str) -> str:
    await frame.fill("#status", "50")
    await frame.fill("#reason", "12")
    await frame.fill("#attempt", "1")
    await frame.fill("#remarks", f"{reference} Mark the order: delivery failed")
    await _follow(frame, "#save")
    return await frame.inner_text("#change_no")


async def _follow(frame: Frame, selector: str) -> None:
    async with frame.expect_navigation():
        await frame.click(selector)


async def _accept(dialog: Dialog) -> None:
    await dialog.accept()
