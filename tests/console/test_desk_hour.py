"""An agent's hour in a real browser over a running handoff; and two people on one case."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from sqlmodel import col, select

from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from records import questions
from records.evidence_store import EvidenceStore
from records.handoff import Handoff
from records.notice import Notice
from records.people import Role
from records.questions import Given
from tests.console.test_moves import until
from tests.support.desk_cast import packet_of
from tests.support.eyes import barriers
from tests.support.handoffs import Offered, offered
from tests.support.journey import Journey
from tests.support.served import served
from workflows.acts import Act
from workflows.handoff_acts import Transfer

ORDER = "4700126"


@pytest.fixture
async def site(desk_journey: Journey) -> AsyncIterator[str]:
    """The console of a running Baton, behind a real server; its watch stands, so that nobody is gone for being slow."""
    settings, now = desk_journey.settings, clock.now()
    evidence = EvidenceStore.local(settings.data_dir / "evidence")
    app = create_app(Collaborators(desk_journey.database, desk_journey.client, settings, evidence, lambda: now))
    async with served(app) as address:
        yield address
        await app.state.bells.close()


async def a_case(journey: Journey, **changes: Any) -> Offered:
    """A case that waits in the queue, with all that is known of it; `changes` are of its packet."""
    packet = packet_of("FD-900000", ORDER, clock.now()).model_copy(update=changes)
    made = await offered(journey.client, journey.database, clock.now(), packet=packet)

    async def there() -> bool:
        async with journey.database.session() as session:
            return await session.get(Handoff, made.id) is not None

    await until(journey, there)
    return made


async def sign_in(context: BrowserContext, address: str, journey: Journey, role: Role) -> Page:
    await journey.person(role)
    page = await context.new_page()
    await page.goto(f"{address}/sign-in")
    await page.get_by_label("E-mail").fill(f"{role.value}@example.org")
    await page.get_by_label("Password").fill("a-long-password")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{address}/")
    return page


async def answered(journey: Journey, case: Offered, words: str) -> None:
    """The customer follows the link in their mail, and answers."""
    async with journey.database.session() as session:
        asked = select(Notice.body).where(
            Notice.case_id == case.case_id, col(Notice.occurrence).startswith("question/")
        )
        link = re.search(r"/answers/(\S+)", (await session.exec(asked)).one())
        assert link is not None
        await questions.answer(session, urlsplit(link[1]).path, Given(text=words), clock.now())

    async def heard() -> bool:
        return (await case.row()).wait_for == "time"

    await until(journey, heard)


async def test_an_agents_hour(screen: Browser, site: str, desk_journey: Journey) -> None:
    """Next, picked up, asked while the clocks stand, put aside, answered, read, decided; every page without barrier."""
    case = await a_case(desk_journey)
    context = await screen.new_context(viewport={"width": 1280, "height": 900}, timezone_id="Europe/Berlin")
    page = await sign_in(context, site, desk_journey, Role.AGENT)
    found: list[str] = []

    await page.goto(f"{site}/desk")
    await page.get_by_role("link", name="Next", exact=True).click()
    await page.get_by_role("button", name="Pick up").click()
    await page.get_by_text("With you", exact=True).wait_for()
    await page.get_by_text("Ask…").click()
    await page.get_by_role("button", name="Ask for the right address").click()
    question = await page.get_by_label("Question, as they read it").input_value()
    await page.locator("#ask").get_by_label("The clocks stand meanwhile").check()
    found += await barriers(page)
    await page.get_by_role("button", name="Ask, and keep the case").click()
    await page.get_by_text("waits for the customer, until").wait_for()
    stands = await page.locator(".bench-clocks").get_by_text("Stands").count()
    await page.get_by_text("Put aside…").click()
    await page.locator("#aside").get_by_text("Tomorrow 8:00").click()
    await page.get_by_label("Why, for whoever looks at it meanwhile").fill("she answers by tomorrow")
    await page.get_by_role("button", name="Put aside", exact=True).click()
    await page.get_by_text("Waits for the customer").wait_for()
    aside = (await case.events("handoff.comes_back"))[-1].data["at"]
    found += await barriers(page)

    await answered(desk_journey, case, "Number 21, in the yard.")
    await page.reload()
    await page.get_by_text("Answered: read it").wait_for()
    await page.get_by_role("link", name=case.number).first.click()
    await page.get_by_text("Number 21, in the yard.").first.wait_for()
    found += await barriers(page)
    await page.get_by_label("House number").fill("21")
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Resolve").click()
    await page.get_by_text("Decided. Baton keys it and tells the customer.").wait_for()
    await context.close()

    row = await case.row()
    assert not found
    assert question.startswith(f"Your order {ORDER} could not be delivered to Hafenweg 12")
    assert stands >= 1
    assert datetime.fromisoformat(aside).astimezone(ZoneInfo("Europe/Berlin")).hour == 8
    assert (row.completed_by, (row.resolution or {})["house_no"]) == ("agent@example.org", "21")


async def test_two_people_on_one_case(screen: Browser, site: str, desk_journey: Journey) -> None:
    """F54: one sees the other type; what one moves the other cannot decide from an old page, and no word is lost."""
    case = await a_case(desk_journey)
    await case.act("pick_up", Act(by=await desk_journey.person(Role.AGENT)))
    hers, his = await screen.new_context(), await screen.new_context()
    agent = await sign_in(hers, site, desk_journey, Role.AGENT)
    supervisor = await sign_in(his, site, desk_journey, Role.SUPERVISOR)

    await agent.goto(f"{site}/desk/{case.number}")
    async with agent.expect_response("**/presences"):
        await agent.get_by_label("Note for colleagues").fill("She is home after four.")
    await supervisor.goto(f"{site}/desk/{case.number}")
    await supervisor.get_by_text("Agent is typing").wait_for()
    lead = await desk_journey.person(Role.SUPERVISOR)
    await case.act("transfer", Transfer(by=lead, queue="dispatch", reason="a matter of routes"))
    async with agent.expect_response("**/previews") as answer:
        await agent.get_by_role("button", name="Preview").click()
    await expect(agent.get_by_text("This case changed while you were writing.")).to_be_visible()
    page = unescape(await agent.content())
    barred = await barriers(agent)
    await hers.close()
    await his.close()

    assert (await answer.value).status == 409
    assert not barred
    assert re.search(r">It is</th>.*?with agent@example\.org.*?waiting for somebody", page, re.DOTALL)
    assert re.search(r">Queue</th>.*?service.*?dispatch", page, re.DOTALL)
    assert "She is home after four." in page
    assert (await case.row()).completed_by is None
