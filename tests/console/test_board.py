"""The supervisor's board in a real browser: the bottleneck first, nothing moves under the pointer, work is selected."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect

from console.app import create_app
from core import clock
from tests.console.conftest import Console
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.support.board_cast import busy
from tests.support.desk_offers import stand
from tests.support.eyes import barriers
from tests.support.served import served


@pytest.fixture
async def today(console: Console) -> AsyncIterator[str]:
    """The console as a real server, on the machine's clock, which the browser goes by."""
    app = create_app(replace(console.parts, clock=clock.now))
    async with served(app) as address:
        yield address
        await app.state.bells.close()


async def ask_again(page: Page) -> None:
    """What the page does every ten seconds, now."""
    async with page.expect_response(lambda answer: answer.url.endswith("/board")):
        await page.evaluate("htmx.trigger('#board', 'ask')")


async def test_the_board_stands_still_under_the_pointer(screen: Browser, today: str, console: Console) -> None:
    """What changes while somebody points at a row is announced and not drawn; once they point elsewhere it is."""
    await busy(console.database, clock.now())
    context = await screen.new_context()
    page = await sign_in(context, today, "supervisor")
    await page.goto(f"{today}/board")
    await expect(page.locator(".bottleneck")).to_contain_text("Service is the bottleneck: 7 wait, oldest 2 h")
    row = page.locator("table[aria-label=Queues] tbody tr").first

    await row.hover()
    await stand(console.database, clock.now(), "4700399")
    await ask_again(page)
    await expect(page.locator("#board-news")).to_be_visible()
    still = await page.locator(".bottleneck").inner_text()
    await page.mouse.move(2, 2)
    await ask_again(page)

    await expect(page.locator(".bottleneck")).to_contain_text("8 wait")
    await expect(page.locator("#board-news")).to_be_hidden()
    assert "7 wait" in still
    await context.close()


async def test_work_is_selected_on_the_board(screen: Browser, today: str, console: Console) -> None:
    """Ticked clocks lead to a page that covers exactly their cases, and says where each is; a target is needed."""
    numbers = await busy(console.database, clock.now())
    context = await screen.new_context()
    page = await sign_in(context, today, "supervisor")
    await page.goto(f"{today}/board")

    await page.get_by_label(f"Select {numbers['late']}").check()
    await page.get_by_role("button", name="Move selected…").click()
    await page.wait_for_url("**/moves?case=*")
    await expect(page.locator("h1")).to_contain_text("Move 1 case")
    covered = await page.locator("table.moves tbody").inner_text()
    await page.get_by_label("Reason", exact=True).fill("ill today")
    await page.get_by_role("button", name="Move what is ticked").click()

    await expect(page.get_by_text("Choose a person or a queue.")).to_be_visible()
    assert await page.get_by_label("Reason", exact=True).input_value() == "ill today"
    assert numbers["late"] in covered
    assert "With ada.lund@example.org" in covered
    await context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_board_queues_and_moves_are_open_to_everybody(
    width: int, scheme: str, screen: Browser, today: str, console: Console
) -> None:
    """A busy board, the queues' forms and a move: no axe violation, no sideways scrolling, wide and narrow."""
    await busy(console.database, clock.now())
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = await sign_in(context, today, "supervisor")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)

    for path in ("/board", "/queues", "/queues/service", "/queues/new", "/moves?queue=service"):
        await page.goto(today + path)
        troubles += await barriers(page)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        troubles += [f"{path} is {wide} wide"] if wide > width else []
    await context.close()

    assert not troubles
