"""An entry's page: what is in, what is not, what happens next, and the buttons that its state allows."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser
from sqlmodel import select

from core import clock
from core.case import WaitsFor
from core.work_item import State
from records import items
from records.case import Case
from records.people import Role, User
from records.work_item import Attempt, ItemPart, WorkItem
from tests.console.conftest import NOW, Console, SignedIn
from tests.console.test_in_a_browser import LOOKS, sign_in
from tests.support.cast_of_cases import Cast
from tests.support.eyes import barriers

SEEN = {"status": "50", "reason": "14", "attempt": "1"}
WANTED = {"status": "50", "reason": "12", "attempt": "1"}
DIFFERS = [{"field": "reason", "label": "Reason", "wanted": "12", "seen": "14"}]
FILLED = {"revision": 1, "part": 1, "route": "bot", "values": {"reason": "12", "remark": "BTN-X"}}
CONFLICT = {"state": State.REFUSED, "code": "conflict", "wanted": WANTED, "seen": SEEN, "differences": DIFFERS}
Change = Callable[..., Awaitable[str]]


@pytest.fixture
def change(console: Console, cast: Cast) -> Change:
    """Brings the refused item of the cast into another state; the address of its case's page."""

    async def bring(**columns: Any) -> str:
        async with console.database.session() as session:
            case = select(Case.id).where(Case.number == cast.refused).scalar_subquery()
            item = (await session.exec(select(WorkItem).where(WorkItem.case_id == case))).one()
            holder = (await session.exec(select(User).where(User.role == columns.pop("held", None)))).one_or_none()
            if holder is not None:
                until = clock.now() + timedelta(minutes=columns.pop("minutes", 20))
                columns |= {"held_by": holder.id, "held_until": until}
            attempt = columns.pop("attempt", {})
            tried = (await session.exec(select(Attempt).where(Attempt.item_id == item.id))).one()
            tried.sqlmodel_update(attempt)
            item.sqlmodel_update(columns)
        return f"/cases/{cast.refused}"

    return bring


def nouns(page: str) -> set[str]:
    """The things to do with an item that a page offers."""
    known = ("retries", "corrections", "holds", "hand-entries", "returns", "reroutes", "discards", "approvals")
    return {noun for noun in known if f'/{noun}"' in page}


async def test_a_conflict_is_shown_in_three_images(change: Change, supervisor: httpx.AsyncClient) -> None:
    """Before, ours and the screen beside each other; only the field that differs is marked."""
    place = await change(**CONFLICT)

    shown = (await supervisor.get(place)).text

    assert shown.count('<tr class="differs">') == 1
    assert '<tr class="differs"><th scope="row">Reason' in shown
    assert nouns(shown) == {"retries", "corrections", "holds", "hand-entries", "returns", "reroutes", "discards"}


async def test_the_page_of_a_conflict_asks_for_the_truth(change: Change, supervisor: httpx.AsyncClient) -> None:
    """What opens behind the button carries its name and says what each answer does; nothing of giving it to a bot."""
    case = (await supervisor.get(await change(**CONFLICT))).text

    shown = (await supervisor.get(re.findall(r'href="(/items/[^"]+/returns)"', case)[0])).text

    assert "<h1>Say which is the truth" in shown
    assert "Give back to the bot" not in shown
    assert "the entry is done as the screen shows it" in shown


async def test_a_strange_screen_says_what_to_do(change: Change, supervisor: httpx.AsyncClient) -> None:
    """A screen that the bot does not know is no riddle for a person; other troubles carry no such words."""
    strange = (await supervisor.get(await change(state=State.BROKEN, code="unknown_window"))).text
    down = (await supervisor.get(await change(state=State.BROKEN, code="system_down"))).text

    assert "tell IT, and try again once it is right" in strange
    assert "tell IT" not in down


async def test_what_one_has_oneself_can_be_given_back(change: Change, as_role: SignedIn) -> None:
    """Taken over after a trouble of the bots, an entry can be given back with a look first, as taking over promises."""
    agent = await as_role(Role.AGENT)

    mine = (await agent.get(await change(state=State.WITH_PERSON, code="unknown_window", held=Role.AGENT))).text

    assert {"returns", "retries", "hand-entries"} <= nouns(mine)


async def test_what_waits_for_its_system_says_since_when(change: Change, supervisor: httpx.AsyncClient) -> None:
    """When the wait began, when it is looked at again, and where to see since when the system is held."""
    since, until = NOW - timedelta(minutes=20), NOW + timedelta(minutes=1)
    page = await change(
        state=State.READY, code="", wait_kind="held_system", wait_since=since, next_look_at=until, environment="test"
    )

    said = (await supervisor.get(page)).text

    line = next(one for one in said.splitlines() if "<p>Waits because the Order desk is held" in one)
    assert f'Since <time datetime="{since.isoformat()}" data-time="moment">' in line
    assert f', looked at again <time datetime="{until.isoformat()}" data-time="moment">' in line
    assert '<a href="/systems/orderdesk/test">How the Order desk stands</a>' in line


async def test_outside_the_hours_others_are_told_who_can_act(change: Change, as_role: SignedIn) -> None:
    """Whoever may not run a deferred entry early reads who may; a supervisor has the button."""
    place = await change(state=State.DEFERRED, code="", wait_kind=WaitsFor.WINDOW)
    pages = {role: (await (await as_role(role)).get(place)).text for role in (Role.SUPERVISOR, Role.AGENT)}

    assert "A supervisor can have it run outside the hours." in pages[Role.AGENT]
    assert "A supervisor can have it" not in pages[Role.SUPERVISOR]
    assert "/early-runs" in pages[Role.SUPERVISOR]


async def test_only_a_supervisor_is_offered_what_somebody_else_has(change: Change, as_role: SignedIn) -> None:
    """Everybody reads who has it; the holder and a supervisor can act on it, the holder cannot take it again."""
    place = await change(state=State.WITH_PERSON, code="by_hand", held=Role.AGENT)
    pages = {role: (await (await as_role(role)).get(place)).text for role in (Role.SUPERVISOR, Role.AGENT, Role.OPS)}

    assert all("has this entry until" in page for page in pages.values())
    assert all("Waits for Agent: " in page for page in pages.values())
    assert "holds" in nouns(pages[Role.SUPERVISOR])
    assert "holds" not in nouns(pages[Role.AGENT])
    assert {"returns", "hand-entries"} <= nouns(pages[Role.AGENT])
    assert nouns(pages[Role.OPS]) == set()
    await change(held=Role.SUPERVISOR)
    assert nouns((await (await as_role(Role.AGENT)).get(place)).text) == set()


async def test_what_is_held_back_can_be_tried_now(change: Change, as_role: SignedIn) -> None:
    """While its system is held an entry can be put in line early; one that waits for a free seat would win nothing."""
    agent = await as_role(Role.AGENT)

    held = (await agent.get(await change(state=State.READY, code="", wait_kind=WaitsFor.HELD_SYSTEM))).text
    seat = (await agent.get(await change(state=State.READY, wait_kind=WaitsFor.SEAT))).text

    assert ("Try now" in held, "retries" in nouns(held)) == (True, True)
    assert "retries" not in nouns(seat)


async def test_a_filled_form_is_approved_by_a_supervisor_alone(change: Change, as_role: SignedIn) -> None:
    """The values stand there with the masked picture; an agent reads them and sees no button, and may not send it."""
    place = await change(state=State.WITH_PERSON, code="under_watch", watched=True, filled=FILLED, differences=None)
    supervisor, agent = await as_role(Role.SUPERVISOR), await as_role(Role.AGENT)
    shown, read = (await supervisor.get(place)).text, (await agent.get(place)).text
    address = shown.split('/approvals"')[0].rsplit('action="', 1)[1] + "/approvals"

    refused = await agent.post(address, data={"values": "{}"})

    assert "BTN-X" in shown
    assert "The filled screen" in shown
    assert "approvals" in nouns(shown)
    assert "BTN-X" in read
    assert "approvals" not in nouns(read)
    assert refused.status_code == 403


async def test_a_doubt_says_when_baton_looks_and_what_is_known(change: Change, supervisor: httpx.AsyncClient) -> None:
    """It may have been entered: when the next look is, which process clicked, and whether that is dead; no buttons."""
    clicked = {"submitted_at": NOW, "host": "bots-7", "browser_pid": 4711}
    place = await change(state=State.UNKNOWN, code="", reentries=2, next_look_at=NOW, attempt=clicked)

    shown = (await supervisor.get(place)).text

    assert all(words in shown for words in ("It may have been entered", "bots-7", "4711", "is not proven yet"))
    assert "Entered again 2 times" in shown
    assert nouns(shown) == set()


@pytest.mark.parametrize("doubts", [0, 1])
async def test_what_stood_there_already_is_no_doubt(change: Change, supervisor: httpx.AsyncClient, doubts: int) -> None:
    """Found before anything was clicked, or keyed by hand: nobody doubted, and the page does not say so."""
    place = await change(state=State.DONE, code="", adopted=True, doubts=doubts, differences=None)

    shown = (await supervisor.get(place)).text

    assert "found on the screen" in shown
    assert ("after a doubt" in shown) == bool(doubts)


async def test_parts_and_revisions_are_told(console: Console, change: Change, supervisor: httpx.AsyncClient) -> None:
    """What is in with its confirmation, what is not, who changed what when and why; the same to programs."""
    place = await change(state=State.BROKEN, code="too_slow", parts_done=1)
    async with console.database.session() as session:
        item = (await session.exec(select(WorkItem).where(WorkItem.state == State.BROKEN))).one()
        session.add(ItemPart(item_id=item.id, number=1, name="", title="Order", confirmation="C-77", at=NOW))
        view = await items.view(session, item.id)
        move = items.Move(
            item_id=item.id,
            fence=item.fence,
            to=State.READY,
            event="item.corrected",
            content={**view.content, "attempt": 2},
            why="counted again",
            actor="ops@example.org",
        )
        await items.move(session, move, NOW)

    shown = (await supervisor.get(place)).text
    (told,) = [one for one in (await supervisor.get(f"/api{place}")).json()["items"] if one["id"] == str(item.id)]

    assert "Revision 2 by" in shown
    assert "counted again" in shown
    assert told["parts"] == [{"title": "Order", "confirmation": "C-77", "adopted": False}]
    assert (told["revision"], told["route"], told["held_by"]) == (2, "bot", None)


async def test_a_hold_that_has_run_out_is_nobodys(cast: Cast, change: Change, supervisor: httpx.AsyncClient) -> None:
    """Who had an entry when its time ran out is named neither on the page, nor to programs, nor in the list's wait."""
    place = await change(**CONFLICT, held=Role.AGENT)
    had = (await supervisor.get(f"/api{place}")).json()
    await change(held=Role.AGENT, minutes=-1)

    shown = (await supervisor.get(place)).text
    told = (await supervisor.get(f"/api{place}")).json()
    listed = (await supervisor.get(f"/api/cases?q={cast.refused}&which=all")).json()["cases"]

    name = had["items"][0]["held_by"]
    assert name
    assert (told["items"][0]["held_by"], told["items"][0]["held_until"]) == (None, None)
    assert name not in shown
    assert name not in str(listed)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_the_page_is_open_to_everybody(
    width: int, scheme: Any, screen: Browser, address: str, change: Change
) -> None:
    """No axe violation and no sideways scrolling for a conflict, its forms, and a filled form."""
    context = await screen.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = await sign_in(context, address, "supervisor")
    states: list[dict[str, Any]] = [
        {**CONFLICT, "held": Role.AGENT},
        {"state": State.WITH_PERSON, "code": "under_watch", "filled": FILLED, "differences": DIFFERS},
    ]
    troubles: list[str] = []

    for columns in states:
        place = await change(**columns)
        await page.goto(address + place)
        item = str(await page.locator("article.needs").get_attribute("id")).removeprefix("item-")
        forms = [f"/items/{item}/returns", f"/items/{item}/reroutes"] if "held" in columns else []
        for path in (place, *forms):
            await page.goto(address + path)
            await page.wait_for_function("document.readyState === 'complete'")
            troubles += await barriers(page)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            troubles += [f"{path} is {wide} wide"] if wide > width else []
    await context.close()

    assert not troubles
