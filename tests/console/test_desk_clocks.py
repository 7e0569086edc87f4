"""The clocks on the workbench: how each stands, what it breaches, and how it ran."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import httpx

from handoff.clock import Clock, ClockKind, Target, Ticked, rebuild
from records.events import Happened, append
from records.handoff import HandoffClock
from tests.console.conftest import NOW, Console
from tests.console.test_desk import mine
from tests.console.test_desk_deeds import handoff_of


async def clock(console: Console, number: str, log: list[Ticked]) -> Clock:
    """A clock of that case's handoff with its events, as the workflow writes them."""
    handoff, made = await handoff_of(console, number), rebuild(log)
    kind = made.target.kind.value
    async with console.database.session() as session:
        for tick in log:
            data = {"handoff": str(handoff.id), "clock": kind, "tick": tick.model_dump(mode="json")}
            await append(session, handoff.case_id, tick.at, Happened(name=f"clock.{tick.what}", data=data))
        columns: dict[str, Any] = {"state": made.state.value, "due_at": made.due_at(), "started_at": made.started_at}
        row = {"handoff_id": handoff.id, "case_id": handoff.case_id, "name": kind, "kind": kind, **columns}
        session.add(HandoffClock(**row, ended_at=made.ended_at, clock=made.model_dump(mode="json")))
    return made


def began(kind: ClockKind, hours: int, at: datetime) -> Ticked:
    target = Target(kind=kind, working=timedelta(hours=hours), policy="service", version="1")
    return Ticked(what="started", at=at, target=target)


async def test_clocks_say_what_breaches_and_how_they_ran(agent: httpx.AsyncClient, console: Console) -> None:
    """A running clock counts down and says for what; a standing one says what is left and why; each tells its way."""
    number = await mine(console)
    start = NOW - timedelta(hours=1)
    await clock(console, number, [began(ClockKind.RESOLUTION, 8, start)])
    stood = Ticked(what="paused", at=NOW - timedelta(minutes=20), reason="waits for the depot")
    await clock(console, number, [began(ClockKind.FIRST_RESPONSE, 2, start), stood])

    page = unescape((await agent.get(f"/desk/{number}")).text)

    for said in (
        "Until then it has to be decided.",
        "1 h 20 min left",
        "Waits for the depot.",
        "Used of 2 h",
        "40 min",
    ):
        assert said in page
    assert re.search(r"Stands</span>", page)
