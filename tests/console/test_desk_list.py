"""The list of the desk: whose turn it is, what came back, what is promised, and what its address leaves out."""

import re
from datetime import timedelta
from html import unescape

import httpx

from records.case import Case
from records.events import Happened, append
from tests.console.conftest import NOW, Console
from tests.console.test_desk import AGENT, LATER, mine
from tests.console.test_desk_deeds import change
from tests.support.desk_cast import offer


async def test_whose_turn_it_is(agent: httpx.AsyncClient, console: Console) -> None:
    """What was answered comes first, then my turn, then what waits with whom and until when; offered to me on top."""
    answered, turn, waits = [await mine(console, str(4700126 + n)) for n in range(3)]
    given = await offer(console.database, NOW, "4700131", LATER)
    await change(console, given, assigned_to=AGENT, assigned_at=NOW)
    await change(console, waits, wait_for="depot", wait_until=NOW + timedelta(hours=2))
    handoff = await change(console, answered, wait_for="customer", wait_until=NOW + timedelta(hours=2))
    async with console.database.session() as session:
        data = {"handoff": str(handoff.id), "by": "customer", "text": "Number 21"}
        told = Happened(name="handoff.answered", actor="customer", data=data)
        await append(session, handoff.case_id, NOW + timedelta(minutes=1), told)

    page = unescape((await agent.get("/desk")).text)

    rows = re.findall(r'class="name"><a href="/desk/(FD-\d+)"', page)
    assert rows == [given, answered, turn, waits]
    for said in ("Offered to you", "Answered: read it", "Your turn", "Waits for the depot"):
        assert said in page


async def test_what_is_promised_stays_in_sight_until_it_is_keyed(agent: httpx.AsyncClient, console: Console) -> None:
    """A case this agent decided stands under Promised until its entry is done, and then no longer."""
    number = await mine(console)
    done = {"completed_by": AGENT, "ended_at": NOW, "resolution": {"kind": "reschedule"}}
    handoff = await change(console, number, state="completed", **done)

    async def at_stage(stage: str) -> str:
        async with console.database.session() as session:
            (await session.get_one(Case, handoff.case_id)).stage = stage  # type: ignore[assignment]
        return (await agent.get("/desk")).text

    keying, closed = await at_stage("resolving"), await at_stage("closed")

    assert "Promised, not yet keyed" in keying
    assert number in keying
    assert "Promised" not in closed


async def test_the_desk_is_narrowed_by_its_address(agent: httpx.AsyncClient, console: Console) -> None:
    """Queue and kind in the address leave the rest out, say when nothing is left, and go on to the next page."""
    kept = await offer(console.database, NOW, "4700101", LATER)
    other = await offer(console.database, NOW, "4700102", LATER)
    await change(console, other, queue="bot", offered_at=NOW - timedelta(days=1))

    narrowed, none, all_ = [
        (await agent.get("/desk", params=params)).text
        for params in ({"queue": "service"}, {"queue": "bot", "kind": "dispatch"}, {"sort": "waited"})
    ]

    assert rows(narrowed) == [kept]
    assert "There is more in other queues" in none
    assert rows(all_) == [other, kept]


def rows(page: str) -> list[str]:
    """The cases that a list shows, in order."""
    return re.findall(r'class="name"><a href="/desk/(FD-\d+)"', page)
