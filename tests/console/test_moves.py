"""A supervisor moves work: exactly what is covered, and a true result for each handoff."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from html import unescape

import httpx
import pytest
from sqlalchemy import func
from sqlmodel import select

from console import case_view
from console.app import create_app
from console.collaborators import Collaborators
from core import clock
from fallbacks.routing import Routing
from records import queues
from records.case import Case
from records.evidence_store import EvidenceStore
from records.handoff import Handoff
from records.people import Role
from records.queues import Queue
from records.trail import Decision
from tests.console.conftest import ADDRESS, NOW, Console, _prove
from tests.support.desk_offers import stand
from tests.support.handoffs import Offered, offered
from tests.support.journey import Journey, listening
from tests.support.patience import PATIENCE
from workflows.acts import Act


@pytest.fixture
async def browsers(desk_journey: Journey) -> AsyncIterator[Callable[[Role], Awaitable[httpx.AsyncClient]]]:
    """Signs somebody in at the console of a running Baton."""
    settings = desk_journey.settings
    evidence = EvidenceStore.local(settings.data_dir / "evidence")
    parts = Collaborators(desk_journey.database, desk_journey.client, settings, evidence, clock.now)
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    async with AsyncExitStack() as opened:

        async def sign_in(role: Role) -> httpx.AsyncClient:
            await desk_journey.person(role)
            made = httpx.AsyncClient(transport=transport, base_url=ADDRESS, event_hooks={"request": [_prove]})
            client = await opened.enter_async_context(made)
            await client.get("/sign-in")
            form = {"email": f"{role.value}@example.org", "password": "a-long-password"}
            assert (await client.post("/sign-in", data=form)).status_code == 303
            return client

        yield sign_in


@pytest.fixture
async def lead(browsers: Callable[[Role], Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    """A supervisor's browser."""
    return await browsers(Role.SUPERVISOR)


async def three(journey: Journey) -> list[Offered]:
    """Three handoffs in the service queue."""
    found = [await offered(journey.client, journey.database, clock.now()) for _ in range(3)]

    async def there() -> bool:
        async with journey.database.session() as session:
            return (await session.exec(select(func.count()).select_from(Handoff))).one() == 3

    await until(journey, there)
    return found


async def until(journey: Journey, what: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `what` holds, asked anew whenever something happens to a case."""
    async with asyncio.timeout(PATIENCE), listening(journey.database.url) as notified:
        while not await what():
            await notified()


def chosen(page: str) -> list[str]:
    """What the preview covers, as its form sends it."""
    return [unescape(value) for value in re.findall(r'name="chosen" value="([^"]+)"', page)]


def results(page: str) -> dict[str, str]:
    """What is said of each case."""
    return {number: unescape(said) for number, said in re.findall(r'/desk/(FD-\d+)">.*?</span>([^<]+)</td>', page)}


async def test_each_one_moved_is_told_truly(lead: httpx.AsyncClient, desk_journey: Journey) -> None:
    """One goes to the person named, one that was picked up since the preview stays, one unknown is not covered."""
    agent = await desk_journey.person(Role.AGENT)
    moved, taken, left = await three(desk_journey)
    asked = {"case": [moved.number, taken.number, "FD-000099"]}

    page = (await lead.get("/moves", params=asked)).text
    await taken.act("pick_up", Act(by=agent))
    form = {"target": "person:agent@example.org", "reason": "ill today", "key": "one", "chosen": chosen(page)}
    answer = (await lead.post("/moves", data=form)).text

    assert sorted(one.partition("|")[0] for one in chosen(page)) == sorted([moved.number, taken.number])
    assert "FD-000099" in page
    assert results(answer) == {
        moved.number: "The case is offered to Agent.",
        taken.number: "Meanwhile it is with agent@example.org; nothing was changed.",
    }
    rows = [await one.row() for one in (moved, taken, left)]
    assert [(row.assigned_to, row.picked_up_by) for row in rows] == [
        ("agent@example.org", None),
        (None, "agent@example.org"),
        (None, None),
    ]


async def test_what_somebody_has_goes_to_another_queue(lead: httpx.AsyncClient, desk_journey: Journey) -> None:
    """All that a person has is moved to a queue with a reason, which stands on the case; nobody has it then."""
    agent = await desk_journey.person(Role.AGENT)
    one, *_ = await three(desk_journey)
    await one.act("pick_up", Act(by=agent))

    page = (await lead.get("/moves", params={"holder": "agent@example.org"})).text
    form = {"target": "queue:bot", "reason": "needs the bot desk", "key": "two", "chosen": chosen(page)}
    answer = await lead.post("/moves", data=form)

    row = await one.row()
    assert list(results(answer.text)) == [one.number]
    assert (row.queue, row.picked_up_by) == ("bot", None)
    assert (await one.events("handoff.transferred"))[0].data["reason"] == "needs the bot desk"


async def test_a_push_reaches_the_case(desk_journey: Journey) -> None:
    """What routing chooses arrives at the handoff through the outbox: offered to that person, who is told."""
    await desk_journey.person(Role.AGENT)
    one, *_ = await three(desk_journey)
    async with desk_journey.database.session() as session:
        session.add(Queue(**{**queues.shipped("service", clock.now()).model_dump(), "mode": "push"}))

    given = await Routing(desk_journey.database).run_once(clock.now())

    async def arrived() -> bool:
        return (await one.row()).assigned_to == "agent@example.org"

    await until(desk_journey, arrived)
    assert given == 3
    assert ("assigned", "agent@example.org") in await one.told()


async def test_what_is_picked_up_by_next_is_a_decision(
    browsers: Callable[[Role], Awaitable[httpx.AsyncClient]], desk_journey: Journey
) -> None:
    """Picking up through Next keeps its choice with rule, version and reasons; picking up otherwise keeps none."""
    agent = await browsers(Role.AGENT)
    await three(desk_journey)

    following = (await agent.get("/desk/next")).headers["location"]
    first = following.removeprefix("/desk/").removesuffix("?next=1")
    await agent.post(f"/cases/{first}/pickups", data={"key": "one", "by_next": "1"})
    other = (await agent.get("/desk/next")).headers["location"].removeprefix("/desk/").removesuffix("?next=1")
    await agent.post(f"/cases/{other}/pickups", data={"key": "two"})

    async with desk_journey.database.session() as session:
        decision = (await session.exec(select(Decision))).one()
        case = await session.get_one(Case, decision.case_id)
        shown = await case_view.gather(session, case, clock.now())
    assert (case.number, shown.decision) == (first, None)  # the case's page tells of its cause alone
    assert (decision.rule, decision.version, decision.inputs["by"]) == ("routing", "1", "next")
    assert decision.verdict["to"] == "agent@example.org"


async def test_nothing_is_said_to_be_moved_while_temporal_is_away(
    supervisor: httpx.AsyncClient, console: Console
) -> None:
    """Each one is told as not moved, and one button sends all of them again with the same key and reason."""
    for number in ("4700101", "4700102"):
        await stand(console.database, NOW, number)
    page = (await supervisor.get("/moves", params={"queue": "service"})).text

    form = {"target": "queue:bot", "reason": "too many", "key": "kept", "chosen": chosen(page)}
    answer = (await supervisor.post("/moves", data=form)).text

    assert "0 of 2 moved" in answer
    assert all("Temporal does not answer" in said for said in results(answer).values())
    assert 'name="key" value="kept"' in answer
    assert "Send 2 again" in answer


async def test_two_handoffs_of_one_case_are_two(supervisor: httpx.AsyncClient, console: Console) -> None:
    """A case that lies with service and with the bot desk at once is covered twice, with a result for each."""
    number, first = await stand(console.database, NOW, "4700101")
    async with console.database.session() as session:
        other = (await session.get_one(Handoff, first)).model_dump() | {"id": uuid.uuid4(), "queue": "bot"}
        session.add(Handoff(**other))

    page = (await supervisor.get("/moves", params={"case": number})).text
    form = {"target": "queue:dispatch", "reason": "too many", "chosen": chosen(page)}
    answer = (await supervisor.post("/moves", data=form)).text

    assert len(chosen(page)) == 2
    assert answer.count("Temporal does not answer") == 2


async def test_a_move_says_what_is_missing_and_keeps_what_was_typed(
    supervisor: httpx.AsyncClient, console: Console
) -> None:
    """No target, no reason, nothing ticked: 422 with a sentence each; reason and ticks are still there."""
    numbers = [(await stand(console.database, NOW, number))[0] for number in ("4700101", "4700102")]
    page = (await supervisor.get("/moves", params={"case": numbers})).text

    one = chosen(page)[:1]
    bare = await supervisor.post("/moves", data={"reason": "no", "chosen": one, "shown": chosen(page)})
    none = await supervisor.post("/moves", data={"target": "queue:bot", "reason": "too many", "shown": chosen(page)})

    assert (bare.status_code, none.status_code) == (422, 422)
    for said in ("Choose a person or a queue.", "This is needed, with at least 3 characters.", ">no</textarea>"):
        assert said in bare.text
    assert re.findall(r"\| ?|checked", bare.text).count("checked") == 1
    assert "Tick at least one case." in none.text
    assert '<option value="queue:bot" selected>' in none.text


async def test_selecting_nothing_leads_back(supervisor: httpx.AsyncClient) -> None:
    """Without a selection, or with one that has ended, the board says so."""
    answers = [await supervisor.get("/moves"), await supervisor.get("/moves", params={"case": "FD-000001"})]

    assert [answer.headers["location"] for answer in answers] == ["/board", "/board"]
