"""The order desk in a real browser: frames, typed codes, the confirm dialog."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-quic", "--disable-sync", "--no-first-run"]


@pytest.fixture
async def screen(browser_path: str) -> AsyncIterator[Page]:
    """A page in a fresh browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield await browser.new_page()
        await browser.close()


async def test_a_person_marks_a_failed_delivery(orderdesk: Any, screen: Page) -> None:
    """Sign in, search in the frame, type codes, dismiss the dialog (nothing saved), accept it (saved)."""
    await screen.goto(orderdesk.url)
    await screen.fill("#user", "meier")
    await screen.fill("#password", "demo-meier")
    await screen.click("#signin")
    main = screen.frame_locator("frame[name=main]")
    await main.locator("#order_no").fill("4700137")
    await main.locator("#find_order").click()
    await main.locator("#to_failure").click()
    for name, value in {"status": "50", "reason": "13", "attempt": "1", "remarks": "gate locked BTN-BROWSER1"}.items():
        await main.locator(f"#{name}").fill(value)
    screen.once("dialog", lambda dialog: dialog.dismiss())
    await main.locator("#save").click()
    assert await main.locator("#screen").inner_text() == "S31"
    asked: list[str] = []

    async def accept(dialog: Any) -> None:
        asked.append(dialog.message)
        await dialog.accept()

    screen.once("dialog", accept)
    await main.locator("#save").click()
    number = await main.locator("#change_no").inner_text()
    await main.locator("#back_to_order").click()
    text = await main.locator("tr.change td.c_text").inner_text()
    await screen.frame_locator("frame[name=menu]").locator("#m_signoff").click()
    await screen.wait_for_url("**/signin")

    rows = [row for row in (await orderdesk.http.get("/ledger.json")).json() if row["key"] == "4700137"]
    assert asked == ["Save change of order 4700137?"]
    assert [(row["confirmation"], row["reference"]) for row in rows] == [(number, "BTN-BROWSER1")]
    assert text == "gate locked BTN-BROWSER1"
