"""A customer's phone and an agent's screen: the page behind a link and the pages of mails, in a real browser."""

from typing import Any

import pytest
from playwright.async_api import Browser

from records.handoff import QuestionState
from records.received_mail import ReceivedMail
from tests.console.test_answers import JPEG, Asked, asked
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.console.test_mails import mail
from tests.support.eyes import barriers

__all__ = ["asked", "mail"]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_a_customer_answers_and_an_agent_reads(
    width: int, scheme: Any, screen: Browser, address: str, asked: Asked, mail: ReceivedMail
) -> None:
    """No axe violation, nothing too wide, no message of the browser's console; what was wrong is mended in place."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "warning" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))

    async def look() -> None:
        troubles.extend(await barriers(page))
        if await page.evaluate("document.documentElement.scrollWidth") > width:
            troubles.append(f"{page.url} is too wide")

    link = asked.link.replace("http://console.test", address)
    await page.goto(link)
    await look()
    await page.get_by_label("Your answer").fill("The left one.")
    await page.get_by_label("Photos").set_input_files({"name": "x.exe", "mimeType": "image/x", "buffer": b"MZ"})
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("alert").wait_for()
    await look()
    await page.get_by_label("Photos").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": JPEG})
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("heading", name="Thank you, we have it.").wait_for()
    await look()
    for path in (link, f"{link}x"):
        await page.goto(path)
        await look()
    agent = page = await sign_in(context, address, "agent")
    for path in ("/mails", f"/mails/{mail.id}"):
        await agent.goto(address + path)
        await look()
    await context.close()

    row = await asked.stands()
    assert not troubles
    assert (row.state, row.answer) == (QuestionState.ANSWERED, "The left one.")
