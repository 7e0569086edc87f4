"""The failure queue in a browser: by keyboard alone from the queue to a preview, and no barrier that axe knows."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser

from records.intake import hand_in
from tests.console.conftest import NOW, Console
from tests.console.test_failures import BLIND, CHANGED
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.support.eyes import barriers
from tests.support.failing import Entries
from tests.support.journey import handed, report_of


async def morning(console: Console) -> str:
    """Three entries behind a changed screen and a look that fails; the address of the changed screen's group."""
    async with console.database.session() as session:
        entries = Entries(console.database, await hand_in(session, handed(report_of("4700199")), NOW))
    await entries.failed("4700304", trouble=BLIND, at=NOW - timedelta(hours=1))
    for order_no in ("4700301", "4700302", "4700303"):
        item = await entries.failed(order_no, trouble=CHANGED, at=NOW - timedelta(hours=2))
    return f"/failures/{(await entries.group(item)).id}"


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_queue_and_group_are_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, console: Console
) -> None:
    """No axe violation, no sideways scrolling, no message of the browser, wide and narrow, light and dark."""
    group = await morning(console)
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "it")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)

    for path in ("/failures", "/failures?q=zzz", group, f"{group}?over=1"):
        await page.goto(address + path)
        troubles += await barriers(page)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        troubles += [f"{path} is {wide} wide"] if wide > width else []

    await context.close()
    assert not troubles


async def test_the_keyboard_leads_from_the_queue_to_a_preview(screen: Browser, address: str, console: Console) -> None:
    """g x opens the queue, j and Enter a group; a tick is told of, and the button leads to what exactly it covers."""
    group = await morning(console)
    context = await screen.new_context()
    page = await sign_in(context, address, "supervisor")
    await page.wait_for_function("document.querySelector('time, [data-zone]')")

    await page.keyboard.press("g")
    await page.keyboard.press("x")
    await page.wait_for_url(f"{address}/failures")
    await page.wait_for_function("document.querySelector('main time').title")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(address + group)
    await page.wait_for_function("document.querySelector('main time').title")
    tick = page.get_by_label("Tick 4700302")
    await tick.focus()
    await page.keyboard.press("Space")
    told = await page.locator("[data-covered]").inner_text()
    again = page.get_by_role("button", name="Try again…")
    await again.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/bulk-actions/new?**")

    shown = await page.locator("main").inner_text()
    await context.close()
    assert told == "Covers the one entry that is ticked."
    assert "4700302" in shown
    assert "4700301" not in shown
