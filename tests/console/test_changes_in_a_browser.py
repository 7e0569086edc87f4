"""System changes in a real browser: noted, sampled, marked; wide and narrow, light and dark, by keyboard alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from records import bot_process, bot_version
from records.bot_version import Announced
from records.system_change import SystemChange
from tests.console.conftest import NOW, Console
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.support.change_cast import FIRST, done, image
from tests.support.eyes import barriers
from tests.support.failure_cast import fail, the_group
from tests.support.served import served


@pytest.fixture
async def place(console: Console, tmp_path: Path) -> AsyncIterator[str]:
    """The console as a real server, with four entries done since six hours and two versions of a bot."""
    await done(console.database, 4, tmp_path / "evidence", result={**image(FIRST), "reason": "14"})
    async with console.database.session() as session:
        for number in (1, 2):
            process = await bot_process.begin(session, "bots-1", number, lambda _: True)
            one = Announced(system="orderdesk", environment="production", route="bot", version=f"orderdesk-{number}")
            await bot_version.announce(session, process, [one], NOW - timedelta(days=2 - number))
    async with served(console.app) as found:
        yield found
        await console.app.state.bells.close()


async def looked_at(page: Page, width: int, name: str) -> list[str]:
    """What is wrong with the page that is open: barriers, and being wider than its window."""
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return await barriers(page) + ([f"{name} is {wide} wide"] if wide > width else [])


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_a_change_is_noted_and_looked_through(
    width: int, scheme: Any, screen: Browser, place: str, console: Console
) -> None:
    """From an empty list to a marked sample by keyboard; no page has an axe violation or is too wide for its window."""
    context = await screen.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, timezone_id="Europe/Berlin"
    )
    page = await sign_in(context, place, "supervisor")
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))

    await page.goto(f"{place}/system-changes")
    troubles += await looked_at(page, width, "empty")
    await page.get_by_role("link", name="Note a change").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Note it").click()
    await page.get_by_text("Not sent yet").wait_for()
    troubles += await looked_at(page, width, "form")
    await page.get_by_label("What changed").select_option("orderdesk")
    await page.get_by_label("Since when").fill("2026-11-20T04:00")
    await page.get_by_label("What is different").fill("Reason code is called Cause now.")
    await page.get_by_label("Who said so").fill("The vendor's mail")
    await page.get_by_label("Entries to watch").fill("10")
    await page.get_by_role("button", name="Note it").press("Enter")
    await page.get_by_role("button", name="Draw a sample").press("Enter")
    await expect(page.get_by_text("4 of 4 drawn still to be looked at.")).to_be_visible()
    troubles += await looked_at(page, width, "sample")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="It is wrong").click()
    await expect(page.get_by_role("alert")).to_contain_text("Say what is wrong")
    troubles += await looked_at(page, width, "item")
    await page.get_by_label("What is wrong").fill("Cause holds the old code.")
    await page.get_by_role("button", name="It is wrong").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Marked wrong.")
    await page.goto(f"{place}/system-changes")
    troubles += await looked_at(page, width, "list")
    await page.get_by_role("link", name="Reason code is called").click()
    await page.get_by_role("link", name="Wrong").click()
    await expect(page.get_by_role("button", name="Tell the supervisors")).to_be_visible()
    troubles += await looked_at(page, width, "wrong")
    await page.goto(f"{place}/bot-versions")
    troubles += await looked_at(page, width, "versions")
    await context.close()

    async with console.database.session() as session:
        (change,) = await session.exec(select(SystemChange))
    assert not troubles
    assert (change.time_zone, change.at.hour) == ("Europe/Berlin", 3)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_a_group_is_told_to_wait_or_put_aside(
    width: int, scheme: Any, screen: Browser, place: str, console: Console
) -> None:
    """Both forms, empty, with what is wrong and with what is kept: no axe violation, nothing too wide."""
    await fail(console.database, 2, first=FIRST + 100)
    group = await the_group(console.database)
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, place, "supervisor")
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))

    await page.goto(f"{place}/failures/{group.id}/fixes")
    await page.get_by_label("The version named below: a bot on the screens").check()
    await page.get_by_role("button", name="Wait for it").click()
    await expect(page.get_by_role("alert")).to_contain_text("Name the version")
    await page.get_by_label("Version, as the bot announces it").fill("orderdesk-9")
    await page.get_by_label("It releases itself").check()
    await page.get_by_role("button", name="Wait for it").click()
    await page.wait_for_url(f"{place}/failures/{group.id}")
    await page.goto(f"{place}/failures/{group.id}/fixes")
    await expect(page.get_by_role("status")).to_contain_text("It waits for version orderdesk-9")
    troubles += await looked_at(page, width, "fix")
    await page.goto(f"{place}/failures/{group.id}/snoozes")
    await page.get_by_label("When it has grown").check()
    await page.get_by_role("button", name="Snooze it").click()
    await page.get_by_text("Not sent yet").wait_for()
    troubles += await looked_at(page, width, "snooze")
    await page.get_by_label("So many open failures").fill("20")
    await page.get_by_role("button", name="Snooze it").click()
    await page.goto(f"{place}/failures/{group.id}/snoozes")
    troubles += await looked_at(page, width, "asleep")
    await page.get_by_role("button", name="Wake it").click()
    await page.wait_for_url(f"{place}/failures/{group.id}")
    await context.close()

    assert not troubles
    assert (await the_group(console.database)).snoozed_count is None
