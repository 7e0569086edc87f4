"""A supervisor tries failures again in a browser: one first, then the rest, by keyboard and without barriers."""

import os
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from records.access import DEMO_PASSWORD, ensure_demo_users
from tests.support.eyes import barriers
from tests.support.journey import Journey
from tests.support.served import served
from tests.workflows.bulk_cast import failed_entries, until_gated
from tests.workflows.test_legacy_entry import desk_of

SHOTS = os.environ.get("BULK_SHOTS")


async def look(page: Page, name: str) -> list[str]:
    """What stands in the way of anybody on this page, wide and narrow, light and dark."""
    found = []
    for width, scheme in ((1280, "light"), (360, "dark")):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += await barriers(page)
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{name} is {wide} px too wide at {width}"] if wide > 0 else []
        if SHOTS:
            await page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}-{scheme}.png"), full_page=True)
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.emulate_media(color_scheme="light")
    return found


async def test_one_and_then_the_rest_with_the_keyboard(desk_journey: Journey, screen: Browser) -> None:
    """Preview, press, watch it go, read what came of each: by keyboard, and axe finds nothing on any of the pages."""
    async with desk_journey.database.session() as session:
        await ensure_demo_users(session, clock.now())
    settings = desk_journey.settings.model_copy(update={"bulk_four_eyes_above": 6})
    parts = Collaborators(desk_journey.database, desk_journey.client, settings, None, clock.now)  # type: ignore[arg-type]
    context = await screen.new_context(reduced_motion="reduce")
    page = await context.new_page()
    async with desk_of(desk_journey, seats=2) as desk, served(create_app(parts)) as address:
        found = await failed_entries(desk_journey, desk, 6)
        desk.refuses.clear()
        desk.gate.clear()
        await page.goto(f"{address}/sign-in")
        await page.fill("[name=email]", "supervisor@example.org")
        await page.fill("[name=password]", DEMO_PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{address}/")
        await page.goto(f"{address}/bulk-actions/new?kind=retry&group={found[0].group_id}")
        barred = await look(page, "preview")
        await page.get_by_role("button", name="Try 6 again").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/bulk-actions/*-*")
        await until_gated(desk_journey, desk, 1)
        await expect(page.get_by_text("5", exact=True).first).to_be_visible()
        await expect(page.locator(".results .state", has_text="Going")).to_have_count(1)
        barred += await look(page, "going")
        desk.gate.set()
        await expect(page.locator(".results .state", has_text="Done")).to_have_count(6)
        barred += await look(page, "ended")
        await page.goto(f"{address}/bulk-actions")
        barred += await look(page, "list")
        await context.close()

    assert barred == []
