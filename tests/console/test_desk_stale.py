"""F54: two people act on one handoff from the same page, at the same time: the workflow does what was on the page."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import httpx
import pytest
from temporalio.client import WorkflowUpdateFailedError

from console import changed
from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from handoff import shown
from records import desk
from records.evidence_store import EvidenceStore
from records.people import Role
from tests.console.conftest import ADDRESS, _prove
from tests.console.test_moves import until
from tests.support.desk_cast import packet_of
from tests.support.handoffs import Offered, offered
from tests.support.journey import Journey
from tests.workflows.cast import CLOSE, refusal
from workflows.acts import Act, Resolve
from workflows.handoff_acts import Ask, Assign

ORDER = "4700126"


async def page_of(handoff: Offered) -> dict[str, str]:
    """What a page shows of it now, as its forms carry it."""
    async with handoff.database.session() as session:
        found = await desk.exact(session, handoff.id)
    assert found is not None
    return shown.read(changed.shown(found))


@dataclass
class Case:
    """A case with full facts that the agent has, and a browser of theirs."""

    handoff: Offered
    agent: httpx.AsyncClient


@pytest.fixture
async def case(desk_journey: Journey) -> Case:
    """The console over a running Baton; one case is with its agent."""
    settings, journey = desk_journey.settings, desk_journey
    parts = Collaborators(journey.database, journey.client, settings, EvidenceStore.local(settings.data_dir), clock.now)
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    one = await offered(journey.client, journey.database, clock.now(), packet=packet_of("FD-1", ORDER, clock.now()))
    await one.act("pick_up", Act(by=await journey.person(Role.AGENT)))
    agent = httpx.AsyncClient(transport=transport, base_url=ADDRESS, event_hooks={"request": [_prove]})
    await agent.get("/sign-in")
    await agent.post("/sign-in", data={"email": "agent@example.org", "password": "a-long-password"})
    return Case(one, agent)


async def test_of_two_words_from_one_page_the_first_counts(desk_journey: Journey, case: Case) -> None:
    """F54: two questions from the same mark: one is asked, the other told that it waits already; nothing changed."""
    agent, mark = await desk_journey.person(Role.AGENT), await page_of(case.handoff)
    until = clock.now() + timedelta(days=1)
    ask = Ask(by=agent, to_kind="depot", to_address="depot@example.org", question="Where is it?", expires_at=until)

    acts = (case.handoff.act("ask", ask.model_copy(update={"shown": mark}), id=f"ask-{tab}") for tab in "ab")
    said = await asyncio.gather(*acts, return_exceptions=True)

    (refused,) = (one for one in said if isinstance(one, WorkflowUpdateFailedError))
    assert "Waits for: depot" in str(refused.cause)
    assert len(await case.handoff.events("handoff.asked")) == 1


async def test_two_supervisors_offer_it_to_two_people_from_one_page(desk_journey: Journey, case: Case) -> None:
    """F54: two words about whose it is, from the same mark: one counts, and the other is refused as stale."""
    lead, mark = await desk_journey.person(Role.SUPERVISOR), await page_of(case.handoff)
    for name in ("second", "third"):
        await desk_journey.person(Role.AGENT, name)

    acts = (
        case.handoff.act("assign", Assign(by=lead, to=f"{name}@example.org", shown=mark), id=name)
        for name in ("second", "third")
    )
    said = await asyncio.gather(*acts, return_exceptions=True)

    assert [isinstance(one, WorkflowUpdateFailedError) for one in said].count(True) == 1
    assert len(await case.handoff.events("handoff.assigned")) == 1


async def test_a_decision_on_facts_that_changed_is_refused_without_naming_them(
    desk_journey: Journey, case: Case
) -> None:
    """F54: the packet was renewed under the page: refused by what changed, not by its content, which is personal."""
    agent, mark = await desk_journey.person(Role.AGENT), await page_of(case.handoff)
    packet = packet_of("FD-1", ORDER, clock.now())
    moved = packet.model_copy(update={"order": {**packet.order, "house_no": "21 b"}})
    await case.handoff.handle.signal("refresh", moved)

    async def renewed() -> bool:
        return bool((await case.handoff.row()).packet["order"]["house_no"] == "21 b")

    await until(desk_journey, renewed)
    decide = Resolve(by=agent, resolution=CLOSE)

    stale = await refusal(case.handoff.act("complete", decide.model_copy(update={"shown": mark}), id="stale"))
    told = await case.handoff.act("complete", decide.model_copy(update={"shown": await page_of(case.handoff)}))

    differing = shown.since(mark, {**mark, "House number": "21 b"})
    assert stale == "stale"
    assert shown.in_words(differing).count("21 b") == 0
    assert told.startswith("Decided.")


async def test_a_form_that_comes_second_is_drawn_again_with_both_sides(case: Case) -> None:
    """F54: two forms sent together from one page: one is taken, one comes back 409 with both sides and every word."""
    page = (await case.agent.get(f"/desk/{case.handoff.number}")).text
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found is not None
    seen = unescape(found[1])
    to = {"to_kind": "depot", "to_address": "depot@example.org", "ask_when": "4h", "seen": seen}

    answers = await asyncio.gather(
        *(
            case.agent.post(f"/cases/{case.handoff.number}/questions", data={**to, "question": said, "key": said})
            for said in ("Where is it now?", "Is it still there?")
        )
    )

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    second = unescape(next(answer.text for answer in answers if answer.status_code == 409))
    assert "This case changed while you were writing. Nothing was sent." in second
    assert re.search(r'<th scope="row">Waits for</th><td class="quiet">–</td><td><strong>depot</strong>', second)
    assert ("Where is it now?</textarea>" in second) or ("Is it still there?</textarea>" in second)
    assert len(await case.handoff.events("handoff.asked")) == 1
