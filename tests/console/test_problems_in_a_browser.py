"""Problems in a real browser: pressed as people press, and no barrier that axe knows."""

from typing import Any

import pytest
from playwright.async_api import Browser

from handoff.packet import Customer
from tests.console.conftest import NOW, Console
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.console.test_work_in_a_browser import looker, press
from tests.support.shared_cast import reported


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_problems_are_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, console: Console
) -> None:
    """Every page of a problem, pressed as people press: no barrier, no sideways scrolling."""
    await reported(console.database, NOW, "4700301", customer=Customer(name="Ole", contact_preference="none"))
    for order_no in ("4700302", "4700303"):
        await reported(console.database, NOW, order_no)
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "agent")
    found: list[str] = []
    look = looker(page, width, found)

    await page.goto(f"{address}/problems")
    await look()
    await page.get_by_role("link", name="depot bremen").click()
    await look()
    await press(page, "Tie what is ticked")
    await look()
    number = page.url.rpartition("/")[2]
    await page.goto(f"{address}/problems/{number}/joint-answers")
    await look()
    await page.get_by_label("What every customer reads").fill("Order {order_no} waits.")
    await press(page, "Preview each")
    await look()
    await page.goto(f"{address}/problems/{number}/joint-resolutions")
    await look()
    await page.get_by_label("New delivery date").fill("2026-11-25")
    await press(page, "Preview each")
    await look()
    await context.close()

    assert not found
