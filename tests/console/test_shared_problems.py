"""Cases with one cause: found, tied to one problem, answered and resolved together, and untied again."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from handoff.packet import Customer
from handoff.states import HandoffState
from records.bulk_action import BulkAction, BulkItem
from records.case import Case
from records.handoff import Handoff
from records.people import Role
from records.problem import Problem, ProblemCase
from records.trail import Event
from tests.console.conftest import NOW, Console, SignedIn
from tests.support.shared_cast import DEPOT, reported


@pytest.fixture
def at_desk(console: Console) -> Callable[..., Awaitable[str]]:
    """Puts a case at the desk that this depot reported on that day; other words of the report, and of the packet."""

    async def put(order_no: str, **words: Any) -> str:
        return await reported(console.database, NOW, order_no, **words)

    return put


AtDesk = Callable[..., Awaitable[str]]


async def opened(client: httpx.AsyncClient, *numbers: str, **more: str) -> str:
    """A problem with these cases; its number."""
    form = {**DEPOT, "title": "Depot Bremen flooded", "key": "one", "chosen": list(numbers), **more}
    answer = await client.post("/problems", data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def marks(page: str) -> list[str]:
    """What a preview covers, as its form sends it."""
    return [unescape(value) for value in re.findall(r'name="chosen" value="([^"]+)"', page)]


def numbers(page: str) -> list[str]:
    """The cases among them."""
    return sorted(mark.partition("|")[0] for mark in marks(page))


async def things(console: Console) -> list[BulkItem]:
    """Everything that any action is asked to do, in order."""
    async with console.database.session() as session:
        return list(await session.exec(select(BulkItem).order_by(col(BulkItem.ordinal))))


async def events(console: Console, number: str) -> list[str]:
    """What happened with ties of this case."""
    async with console.database.session() as session:
        found = select(Event).join(Case, col(Case.id) == col(Event.case_id)).where(Case.number == number)
        told = await session.exec(found.where(col(Event.name).startswith("problem.")).order_by(col(Event.id)))
        return [f"{event.name} {event.data['problem']} {event.actor}" for event in told]


async def test_a_workbench_says_how_many_others_share_the_cause(agent: httpx.AsyncClient, at_desk: AtDesk) -> None:
    """Of what is reported alike by all, and by each part of it, the other open cases are counted and led to."""
    mine = await at_desk("4700301")
    await at_desk("4700302")
    await at_desk("4700303", said={"failed_on": "2026-11-17"}, cause="damage")

    page = (await agent.get(f"/desk/{mine}")).text
    counted = {
        unescape(address): int(count)
        for address, count in re.findall(r'<a href="(/problems/new[^"]+)">[^<]+</a> <span class="quiet">(\d+)<', page)
    }

    assert counted == {
        "/problems/new?party=Depot+Bremen&day=2026-11-18&cause=address": 1,
        "/problems/new?party=Depot+Bremen": 2,
        "/problems/new?day=2026-11-18": 1,
        "/problems/new?cause=address": 1,
    }


async def test_a_case_that_fits_an_open_problem_is_offered_to_it(
    console: Console, agent: httpx.AsyncClient, at_desk: AtDesk
) -> None:
    """Its workbench names the problem, and one press ties it; one that does not fit is offered nothing."""
    first, later = await at_desk("4700301"), await at_desk("4700302")
    other = await at_desk("4700303", said={"failed_on": "2026-11-17"})
    number = await opened(agent, first)

    pages = [(await agent.get(f"/desk/{one}")).text for one in (later, other)]
    await agent.post(f"/problems/{number}/ties", data={"chosen": [later]})

    assert [f"Tie {one} to {number}" in page for one, page in zip((later, other), pages, strict=True)] == [True, False]
    assert await events(console, later) == [f"problem.tied {number} agent@example.org"]


async def test_exactly_what_is_shown_and_ticked_is_tied_once(
    console: Console, agent: httpx.AsyncClient, at_desk: AtDesk
) -> None:
    """Those that share the cause are shown, those ticked are tied with a line on their timeline; again ties nothing."""
    tied, left = await at_desk("4700301"), await at_desk("4700302")
    await at_desk("4700303", said={"reported_by": "driver 214"})

    shown = (await agent.get("/problems/new", params=DEPOT)).text
    number = await opened(agent, tied)
    again = await opened(agent, tied)
    page = (await agent.get(f"/problems/{number}")).text

    assert numbers(shown) == sorted([tied, left])
    assert number == again
    assert await events(console, tied) == [f"problem.tied {number} agent@example.org"]
    assert await events(console, left) == []
    assert f"Tie {left}" in page  # what matches and is not tied is proposed
    assert f"Select {tied}" in page
    assert f"Tied to {number}" in (await agent.get(f"/cases/{tied}")).text
    assert number in (await agent.get(f"/desk/{tied}")).text


async def test_a_case_belongs_to_one_problem_until_it_is_untied(
    console: Console, agent: httpx.AsyncClient, at_desk: AtDesk
) -> None:
    """A second tie is refused in words, untying is told on the timeline, and then another problem can have it."""
    one, number = await at_desk("4700301"), ""
    number = await opened(agent, one)

    other = await opened(agent, one, key="two", title="Something else")
    refused = unescape((await agent.get(f"/problems/{other}")).text)
    await agent.post(f"/problems/{number}/ties", data={"chosen": [one], "undo": "1"})
    await agent.post(f"/problems/{other}/ties", data={"chosen": [one]})

    assert f"{one}: This case is tied to {number} already." in refused
    assert await events(console, one) == [
        f"problem.tied {number} agent@example.org",
        f"problem.untied {number} agent@example.org",
        f"problem.tied {other} agent@example.org",
    ]


async def test_a_closed_problem_lets_its_cases_go(console: Console, agent: httpx.AsyncClient, at_desk: AtDesk) -> None:
    """Closing needs a reason, keeps what it was, ties nothing more, and another problem may have its cases."""
    one = await at_desk("4700301")
    number = await opened(agent, one)

    await agent.post(f"/problems/{number}/closings", data={"why": " "})
    unsaid = (await agent.get(f"/problems/{number}")).text
    await agent.post(f"/problems/{number}/closings", data={"why": "the water is gone"})
    closed = (await agent.get(f"/problems/{number}")).text
    other = await opened(agent, one, key="two")
    late = await agent.post(f"/problems/{number}/joint-answers", data={"text": "hello", "step": "do"})

    assert "Close it" in unsaid
    assert "the water is gone" in closed
    assert one in closed
    assert "Untie" not in closed
    assert other != number
    assert late.headers["location"] == f"/problems/{number}"
    async with console.database.session() as session:
        holding = select(Problem.number).join(ProblemCase, col(ProblemCase.problem_id) == col(Problem.id))
        assert list(await session.exec(holding.where(col(ProblemCase.closed_at).is_(None)))) == [other]


async def test_one_text_goes_to_each_customer_with_their_own_data(
    console: Console, agent: httpx.AsyncClient, at_desk: AtDesk
) -> None:
    """The preview shows each mail as it will be, leaves out who cannot be written to with the reason, and what is
    ticked is one action with the person's name in each act."""
    one, two = await at_desk("4700301"), await at_desk("4700302")
    by_phone = await at_desk(
        "4700303", customer=Customer(name="Ole", email="o@example.org", contact_preference="phone")
    )
    held = await at_desk("4700304", holder="supervisor@example.org")
    number = await opened(agent, one, two, by_phone, held)
    text = {"text": "The depot is under water; order {order_no} waits for {name}.", "key": "k"}

    preview = (await agent.post(f"/problems/{number}/joint-answers", data={**text, "step": "preview"})).text
    only = [mark for mark in marks(preview) if mark.startswith(one)]
    done = await agent.post(f"/problems/{number}/joint-answers", data={**text, "step": "do", "chosen": only})
    asked = await things(console)

    assert numbers(preview) == sorted([one, two])
    assert "order 4700302 waits for Grethe Holm." in preview
    assert "The customer prefers to be called." in preview
    assert "Supervisor has it." in preview
    assert done.headers["location"].startswith("/bulk-actions/")
    async with console.database.session() as session:
        handoff = (await session.exec(select(Handoff).join(Case, col(Case.id) == col(Handoff.case_id))
                                      .where(Case.number == one))).one()  # fmt: skip
    assert [(thing.update, thing.workflow_id) for thing in asked] == [("answer", f"handoff/{handoff.id}")]
    assert asked[0].act["text"] == "The depot is under water; order 4700301 waits for Grethe Holm."
    assert asked[0].act["by"]


async def test_a_text_that_no_case_can_fill_comes_back(agent: httpx.AsyncClient, at_desk: AtDesk) -> None:
    """A name that is none is said beside the field, and what was typed is still there."""
    number = await opened(agent, await at_desk("4700301"))

    answer = await agent.post(f"/problems/{number}/joint-answers", data={"text": "Dear {firstname}", "step": "preview"})

    assert answer.status_code == 422
    assert "{firstname}" in answer.text.partition("<textarea")[2]
    assert "No case could fill this: {firstname}." in answer.text


async def test_one_decision_is_previewed_for_each_and_leaves_out_what_it_cannot_decide(
    console: Console, agent: httpx.AsyncClient, at_desk: AtDesk
) -> None:
    """What the bot keys and the customer reads is shown per case; another kind of case and a held one are left out."""
    free, mine = await at_desk("4700301"), await at_desk("4700302", holder="agent@example.org")
    other, held = await at_desk("4700303", allowed=("close",)), await at_desk("4700304", holder="ops@example.org")
    number = await opened(agent, free, mine, other, held)
    form = {"kind": "reschedule", "delivery_date": "2026-11-25", "window_code": "1", "key": "k"}

    preview = (await agent.post(f"/problems/{number}/joint-resolutions", data={**form, "step": "preview"})).text
    done = {**form, "step": "do", "chosen": marks(preview)}
    first = await agent.post(f"/problems/{number}/joint-resolutions", data=done)
    async with console.database.session() as session:  # as it is once the first word was carried out
        for handoff in await session.exec(select(Handoff)):
            handoff.state, handoff.ended_at = HandoffState.COMPLETED, NOW
    again = await agent.post(f"/problems/{number}/joint-resolutions", data=done)
    asked = await things(console)

    assert numbers(preview) == sorted([free, mine])
    assert preview.count("Wednesday, 25 November 2026") == 2
    assert "This cannot be decided about this case." in preview
    assert first.headers["location"] == again.headers["location"]
    assert [(thing.update, thing.act["takes"], thing.act["resolution"]["kind"]) for thing in asked] == [
        ("complete", True, "reschedule")
    ] * 2
    async with console.database.session() as session:
        assert [action.kind for action in await session.exec(select(BulkAction))] == ["resolve"]


async def test_a_limit_counts_for_each_case_as_for_one(agent: httpx.AsyncClient, at_desk: AtDesk) -> None:
    """More money than the person may decide about is refused beside the field, for many as for one."""
    number = await opened(agent, await at_desk("4700301"))

    form = {"kind": "refund", "amount": "51,00", "refund_reason": "damage", "step": "preview"}
    answer = await agent.post(f"/problems/{number}/joint-resolutions", data=form)

    assert answer.status_code == 422
    assert "You may refund up to 50.00 EUR" in answer.text


async def test_what_changed_since_the_preview_stops_the_whole_act(
    console: Console, agent: httpx.AsyncClient, at_desk: AtDesk
) -> None:
    """F54: one of the cases is taken by somebody else meanwhile: nothing is sent, it is named, the ticks stay."""
    one, two = await at_desk("4700301"), await at_desk("4700302")
    number = await opened(agent, one, two)
    form = {"kind": "close", "note": "settled by phone", "key": "k"}
    preview = (await agent.post(f"/problems/{number}/joint-resolutions", data={**form, "step": "preview"})).text
    async with console.database.session() as session:
        taken = select(Handoff).join(Case, col(Case.id) == col(Handoff.case_id)).where(Case.number == two)
        (await session.exec(taken)).one().sqlmodel_update(
            {"state": "picked_up", "picked_up_by": "supervisor@example.org", "picked_up_at": NOW}
        )

    answer = await agent.post(
        f"/problems/{number}/joint-resolutions", data={**form, "step": "do", "chosen": marks(preview)}
    )

    assert answer.status_code == 409
    assert f"{two} changed since your preview" in answer.text
    assert numbers(answer.text) == [one]
    assert not await things(console)


async def test_what_many_share_is_proposed_and_dispatch_sees_its_own(
    agent: httpx.AsyncClient, as_role: SignedIn, at_desk: AtDesk
) -> None:
    """Three cases of one depot on one day look like one cause to who sees their queue, and to nobody else."""
    for order_no in ("4700301", "4700302", "4700303"):
        await at_desk(order_no)
    dispatcher = await as_role(Role.DISPATCHER)

    pages = [(await client.get("/problems")).text for client in (agent, dispatcher)]

    assert ["Depot Bremen, 18 Nov 2026" in page for page in pages] == [True, False]
    assert "No problem is open." in pages[1]
