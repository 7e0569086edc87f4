"""The bell, the wishes and a word about what got in the way, in a real browser: wide and narrow, light and dark."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from records.feedback import Feedback
from records.told import Tell, tell
from records.told_preference import ToldPreference
from tests.console.conftest import NOW, Console
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.support.cast_of_cases import Cast
from tests.support.eyes import barriers

AGENT = "agent@example.org"


async def told(console: Console, text: str) -> None:
    """Tell the agent something."""
    async with console.database.session() as session:
        await tell(session, NOW, Tell(kind="at_risk", occurrence=text, to=f"person:{AGENT}", text=text, path="/desk"))


async def looked_at(page: Page, width: int) -> list[str]:
    """What is wrong with the page that is open: barriers, and being wider than its window."""
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return await barriers(page) + ([f"{page.url} is {wide} wide"] if wide > width else [])


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_the_pages_are_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, console: Console
) -> None:
    """No axe violation, nothing too wide, no complaint of the browser, with and without content, and with errors."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "agent")
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))

    await page.goto(f"{address}/notices")
    troubles += await looked_at(page, width)
    await told(console, "The answer for FD-000001 is due in 20 minutes.")
    await page.goto(f"{address}/feedback/new?from=/cases")
    await page.get_by_label("What happened").fill("The reason is asked twice.\nOnce is enough.")
    troubles += await looked_at(page, width)
    await page.get_by_role("button", name="Send").click()
    await page.wait_for_url(f"{address}/feedback/*-*")
    troubles += await looked_at(page, width)
    await page.goto(f"{address}/notices")
    troubles += await looked_at(page, width)
    await page.goto(f"{address}/me")
    await page.get_by_label("Hours").fill("whenever")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Not sent yet").wait_for()
    troubles += await looked_at(page, width)
    await context.close()

    assert not troubles


async def test_the_bell_rings_on_an_open_page_and_is_answered(screen: Browser, address: str, console: Console) -> None:
    """The count appears without a reload; following the notice leads to its page and the bell is quiet again."""
    context = await screen.new_context()
    page = await sign_in(context, address, "agent")
    quiet = await page.locator(".bell .many").count()

    await told(console, "FD-000001 is due soon.")
    await expect(page.locator(".bell .many")).to_have_text("1")
    await told(console, "FD-000002 is due soon.")
    await expect(page.locator(".bell .many")).to_have_text("2")
    await page.get_by_role("link", name="Notices: 2 unread").click()
    await page.get_by_role("link", name="FD-000002 is due soon.").click()
    await page.wait_for_url(f"{address}/desk")
    await expect(page.locator(".bell .many")).to_have_text("1")
    await page.get_by_role("link", name="Notices: 1 unread").click()
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_text("You have read everything.")).to_be_visible()
    left = await page.locator(".bell .many").count()
    await context.close()

    assert (quiet, left) == (0, 0)


async def test_somebody_says_how_they_want_to_be_told(screen: Browser, address: str, console: Console) -> None:
    """A wrong shift is explained and nothing typed is lost; mended, it is kept and shown."""
    context = await screen.new_context()
    page = await sign_in(context, address, "agent")
    await page.get_by_role("link", name="Agent agent@example.org").first.click()
    await page.get_by_label("A case is given to me").select_option("Also by mail")
    await page.get_by_label("Time zone").fill("Europe/Berlin")
    await page.get_by_label("Hours").fill("Mon-Fri 8-16")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("write it as Mon-Fri 06:00-12:00")

    await expect(page.get_by_label("A case is given to me")).to_have_value("mail")
    await page.get_by_label("Hours").fill("Mon-Fri 08:00-16:30")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("Kept.")
    await expect(page.get_by_label("Hours")).to_have_value("Mon-Fri 08:00-16:30")
    await context.close()

    async with console.database.session() as session:
        kept = (await session.exec(select(ToldPreference))).one()
    assert (kept.person, kept.channels["assigned"], kept.time_zone) == (AGENT, "mail", "Europe/Berlin")


async def test_a_word_from_the_front_is_answered(screen: Browser, address: str, console: Console, cast: Cast) -> None:
    """From a case's page to a receipt, with the page, the case and the window's width; the answer rings the bell."""
    narrow = await screen.new_context(viewport={"width": 360, "height": 800})
    page = await sign_in(narrow, address, "agent")
    await page.goto(f"{address}/cases/{cast.refused}")
    await page.get_by_label("Menu").click()
    await page.get_by_role("link", name="This tool got in my way").click()
    await expect(page.get_by_text(f"the case {cast.refused}")).to_be_visible()
    await expect(page.get_by_text("360 px")).to_be_visible()
    await page.get_by_label("What happened").fill("I looked for the phone number.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("Thank you.")

    wide = await screen.new_context()
    lead = await sign_in(wide, address, "supervisor")
    await lead.goto(f"{address}/feedback")
    await lead.get_by_role("link", name="I looked for the phone number.").click()
    await lead.get_by_role("textbox", name="Answer").fill("It stands at the top now.")
    await lead.get_by_role("button", name="Answer and close").click()
    await expect(lead.get_by_role("status")).to_contain_text("Answered and closed.")
    await expect(page.locator(".bell .many")).to_have_text("1")
    await page.get_by_role("link", name="Notices: 1 unread").click()
    await page.get_by_role("link", name="What got in your way was answered").click()
    await expect(page.get_by_text("It stands at the top now.")).to_be_visible()
    await wide.close()
    await narrow.close()

    async with console.database.session() as session:
        row = (await session.exec(select(Feedback))).one()
    assert (row.path, row.case_number, row.width) == (f"/cases/{cast.refused}", cast.refused, 360)
