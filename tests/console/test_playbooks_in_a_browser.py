"""Playbooks and dependencies in a real browser: wide and narrow, light and dark, with nothing in anybody's way."""

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.console.conftest import Console
from tests.console.test_changes_in_a_browser import looked_at
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.console.test_playbooks import out
from tests.support.outage_cast import OutOfOrder
from tests.support.served import served

__all__ = ["out"]
PAGES = ("/playbooks", "/playbooks/orderdesk-by-hand/2", "/dependencies")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_pages_of_an_outage_stand_in_nobodys_way(
    width: int, scheme: Any, screen: Browser, console: Console, out: OutOfOrder
) -> None:
    """No page has an axe violation or is wider than its window, and another playbook is chosen by keyboard."""
    async with served(console.app) as place:
        context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = await sign_in(context, place, "supervisor")
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        for path in PAGES:
            await page.goto(place + path)
            troubles += await looked_at(page, width, path)

        await page.goto(f"{place}/playbooks")
        await page.get_by_label("What counts from now on").select_option("orderdesk-by-hand")
        await page.get_by_role("button", name="Choose it").focus()
        await page.keyboard.press("Enter")
        await page.get_by_text("“Refunds and addresses by hand” counts from now on.").wait_for()

        await context.close()
        await console.app.state.bells.close()
    assert troubles == []
    assert (await out.row()).playbook_by == "supervisor@example.org"
