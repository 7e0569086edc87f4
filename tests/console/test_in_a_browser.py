"""The console in a real browser: nothing refused by its own policy, nothing too wide, no barrier that axe knows."""

from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page
from sqlmodel import select

from console.navigation import ENTRIES
from records import access
from records.case import Case
from records.events import Happened, append
from tests.console.conftest import NOW, Console
from tests.support.cast_of_cases import Cast
from tests.support.eyes import barriers

LOOKS = [(1280, "light"), (360, "dark")]


async def sign_in(context: BrowserContext, address: str, who: str) -> Page:
    """A page signed in as somebody, whose troubles are gathered on it."""
    page = await context.new_page()
    await page.goto(f"{address}/sign-in")
    await page.get_by_label("E-mail").fill(f"{who}@example.org")
    await page.get_by_label("Password").fill(access.DEMO_PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{address}/")
    return page


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_every_page_is_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, cast: Cast
) -> None:
    """No axe violation, no sideways scrolling, no message of the browser's console, wide and narrow, light and dark."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "supervisor")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    await page.goto(f"{address}/cases/{cast.refused}")
    item = await page.locator("article.needs").get_attribute("id")
    acts = [f"/items/{str(item).removeprefix('item-')}/{noun}" for noun in ("corrections", "hand-entries", "discards")]
    numbers = [cast.closed, cast.refused, cast.unknown, cast.picked_up, cast.kept, cast.correction, cast.proposed]
    cases = [f"/cases/{number}" for number in numbers]

    places = [entry.path for entry in ENTRIES]

    for path in ("/cases?which=all", "/cases?q=zzz", *places, *cases, *acts):
        await page.goto(address + path)
        await page.wait_for_function("document.readyState === 'complete'")
        troubles += await barriers(page)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        troubles += [f"{path} is {wide} wide"] if wide > width else []
    await context.close()

    assert not troubles


async def test_the_keyboard_reaches_everything(screen: Browser, address: str, cast: Cast) -> None:
    """`/` searches, j and Enter open a case, g h goes home, ? explains."""
    context = await screen.new_context()
    page = await sign_in(context, address, "ops")
    await page.goto(f"{address}/cases?sort=oldest")
    await page.wait_for_function("document.querySelector('time').title")

    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/cases/FD-*")
    await page.keyboard.press("/")
    await page.keyboard.type("4700125")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/cases?q=4700125")
    await page.wait_for_function("document.querySelector('time').title")
    await page.locator("h1").click()
    await page.keyboard.press("?")
    shown = await page.locator("#keys").is_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("h")
    await page.wait_for_url(f"{address}/")
    await context.close()

    assert shown


async def test_an_open_case_page_follows_its_case(screen: Browser, address: str, console: Console, cast: Cast) -> None:
    """What happens appears without a reload, and what somebody folded open stays open."""
    context = await screen.new_context()
    page = await sign_in(context, address, "ops")
    await page.goto(f"{address}/cases/{cast.offered}")
    await page.locator("#every-step > summary").click()

    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == cast.offered))).one()
        await append(session, case.id, NOW, Happened(name="handoff.picked_up", actor="agent@example.org"))

    await page.locator(".timeline .what", has_text="Picked up").first.wait_for()
    open_still = await page.locator("#every-step").evaluate("element => element.open")
    await context.close()
    assert open_still


async def test_light_and_dark_can_be_chosen(screen: Browser, address: str) -> None:
    """The page follows the system until somebody chooses, and keeps the choice."""
    context = await screen.new_context(color_scheme="dark")
    page = await sign_in(context, address, "ops")
    theme = "document.documentElement.dataset.bsTheme"
    followed = await page.evaluate(theme)

    await page.get_by_role("button", name="Switch between light and dark").first.click()
    await page.reload()

    kept = await page.evaluate(theme)
    await context.close()
    assert [followed, kept] == ["dark", "light"]


async def test_pages_work_without_scripts(screen: Browser, address: str, cast: Cast) -> None:
    """Every page is a document: without scripts one signs in, filters, opens a case, reads exact times."""
    context = await screen.new_context(java_script_enabled=False)
    page = await sign_in(context, address, "ops")

    await page.goto(f"{address}/cases")
    await page.get_by_label("Waits for").select_option("look")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("link", name=cast.unknown).click()

    assert (
        await page.locator("h1").inner_text() == f"{cast.unknown} Failed delivery of order 4700125, parcel P-88112347"
    )
    assert "UTC" in await page.locator("time").first.inner_text()
    await context.close()
