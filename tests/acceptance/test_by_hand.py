"""The main job as people do it: signs in, presses the buttons, in a real browser on a whole running Baton."""

from datetime import timedelta

from playwright.async_api import Browser, Page, expect

from core import clock
from records.access import DEMO_PASSWORD
from tests.acceptance.conftest import Running
from tests.support.eyes import barriers

ORDER, PARCEL = "4700123", "P-88112388"


async def signed_in(screen: Browser, baton: Running, role: str) -> Page:
    """Somebody of that role in a browser of their own, who notices every request that leaves this machine."""
    page = await (await screen.new_context()).new_page()
    console = baton.at["BATON_CONSOLE_URL"]
    await page.goto(console)
    await page.get_by_label("E-mail").fill(f"{role}@example.org")
    await page.get_by_label("Password").fill(DEMO_PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{console}/")
    return page


async def report(page: Page) -> str:
    """Ops reports a failed delivery; the case's number."""
    await page.get_by_role("link", name="Start work").first.click()
    await page.get_by_label("Order number").fill(ORDER)
    await page.get_by_label("Parcel number").fill(PARCEL)
    await page.get_by_label("Failed on").fill(clock.now().date().isoformat())
    await page.get_by_label("Reason").fill("nobody home")
    await page.get_by_role("button", name="Hand in").click()
    await page.get_by_role("link", name="Open the case").click()
    await page.wait_for_url("**/cases/FD-*")
    return page.url.rsplit("/", 1)[-1]


async def resolve(page: Page, console: str, number: str) -> None:
    """An agent picks the case up and decides on another day."""
    await page.goto(f"{console}/desk/{number}")
    await page.get_by_role("button", name="Pick up").click()
    await page.get_by_label("Deliver on another day").check()
    day = clock.now().date() + timedelta(days=4)
    await page.locator("input[name=delivery_date]").fill(day.isoformat())
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_text(day.strftime("%d.%m.%Y"))).to_be_visible()
    await expect(page.get_by_text("New delivery date for your order")).to_be_visible()
    await page.get_by_role("button", name="Resolve").click()


async def test_a_failed_delivery_by_hand(screen: Browser, baton: Running) -> None:
    """Ops reports, a bot marks, an agent previews and decides, a bot keys, the customer is told, the case closes."""
    console = baton.at["BATON_CONSOLE_URL"]
    ops = await signed_in(screen, baton, "ops")
    number = await report(ops)
    await expect(ops.get_by_text("pick it up and decide")).to_be_visible()
    agent = await signed_in(screen, baton, "agent")

    await resolve(agent, console, number)
    await expect(ops.get_by_text("Nothing: the case is closed.")).to_be_visible()

    assert await barriers(ops) == []
    assert [row["operation"] for row in baton.ledger("orderdesk", ORDER)] == ["mark_failed_delivery", "reschedule"]
    mails = baton.mails()
    assert [mail["subject"] for mail in mails] == [f"New delivery date for your order {ORDER}"]
    await ops.get_by_text("What is keyed, and each try").first.click()
    picture = ops.locator("img").first
    await expect(picture).to_be_visible()
    await expect(picture).not_to_have_js_property("naturalWidth", 0)
