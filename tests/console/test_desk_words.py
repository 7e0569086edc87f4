"""What the desk tells an agent beyond the packet: a word of who had it, how much may be refunded; nothing too tall."""

import uuid
from datetime import timedelta
from html import unescape

import httpx
from playwright.async_api import Browser

from console import case_view
from records.events import Happened, append
from records.people import Role
from tests.console.conftest import NOW, Console, SignedIn
from tests.console.test_desk import LATER, mine
from tests.console.test_in_a_browser import sign_in
from tests.support.desk_cast import offer

REFUND = {"kind": "refund", "amount": "50,01", "refund_reason": "damage", "note": "both glasses"}


async def put_back(console: Console, number: str, reason: str, minutes: int) -> None:
    """The agent puts the case back, so many minutes after it was offered."""
    async with console.database.session() as session:
        case = await case_view.by_number(session, number)
        told = Happened(name="handoff.released", actor="agent@example.org", data={"reason": reason})
        await append(session, case.id if case else None, NOW + timedelta(minutes=minutes), told)


async def test_who_takes_it_next_reads_the_word_of_who_put_it_back(console: Console, as_role: SignedIn) -> None:
    """The newest word stands on the workbench; a word from before the case was offered again does not."""
    number = await offer(console.database, NOW, "4700126", LATER)
    supervisor = await as_role(Role.SUPERVISOR)

    await put_back(console, number, "an older word", -5)
    before = (await supervisor.get(f"/desk/{number}")).text
    await put_back(console, number, "she calls back at three", 5)
    after = (await supervisor.get(f"/desk/{number}")).text

    assert "put it back" not in before
    assert "agent@example.org put it back" in after
    assert "she calls back at three" in after


async def test_a_refund_above_the_limit_is_told_before_its_preview(console: Console, agent: httpx.AsyncClient) -> None:
    """The form says how much this person may refund; more is answered beside the amount, with who may and how."""
    number = await mine(console, allowed=("refund", "close"))

    form = unescape((await agent.get(f"/desk/{number}")).text)
    answer = await agent.post(f"/cases/{number}/previews", data=REFUND)

    assert "You may refund up to 50.00 EUR." in form
    assert answer.status_code == 422
    assert 'id="error-amount">You may refund up to 50.00 EUR. A supervisor may refund up to 500.00 EUR' in answer.text
    assert 'value="50,01"' in answer.text


async def test_an_empty_desk_is_no_taller_than_its_words(screen: Browser, address: str) -> None:
    """The box that says what would be here does not fill the window."""
    context = await screen.new_context(viewport={"width": 1280, "height": 800})
    page = await sign_in(context, address, "agent")

    await page.goto(f"{address}/desk?after=9999-12-31T00:00:00Z~{uuid.UUID(int=0)}")
    box = await page.locator(".card.empty").bounding_box()
    await context.close()

    assert box is not None
    assert box["height"] < 200
