"""The page of drills: one is asked for, watched and stopped; a report reads as what was found."""

import asyncio
import uuid
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx

from records import drills, window_drill
from records.canary import Canary, CanaryState
from records.drill import Drill, DrillState, Report
from records.people import Role
from systems.drills import Mode
from systems.environment import Environment, Environments
from tests.console.conftest import NOW, Console, SignedIn

FORM = {"system": "orderdesk", "mode": "down", "minutes": "2", "items": "60"}


def report(**more: object) -> Report:
    """What a drill showed that was passed, but for `more`."""
    well = {"detected_by": "breaker", "detection_seconds": 4.2, "failures_before_detection": 3, "held": 50}
    told = {"system": "orderdesk", "mode": Mode.DOWN, "minutes": 2, "items": 60, "keys": 12}
    return Report.model_validate({**told, **well, **more})


async def asked(console: Console) -> Drill:
    """The drill that somebody asked for."""
    async with console.database.session() as session:
        found = await drills.open_one(session)
    assert found is not None
    return found


async def test_one_drill_at_a_time_is_asked_for_and_stopped(console: Console, supervisor: httpx.AsyncClient) -> None:
    """The second one starts nothing and says why; a stopped one says who stopped it, and the next may begin."""
    first = await supervisor.post("/drills", data=FORM)
    drill = await asked(console)
    second = await supervisor.post("/drills", data={**FORM, "mode": "lie"})
    stopped = await supervisor.post(f"/drills/{drill.id}/stops")

    shown = (await supervisor.get(f"/drills/{drill.id}")).text
    assert (first.headers["location"], second.headers["location"]) == (f"/drills/{drill.id}", "/drills")
    assert (drill.mode, drill.asked_by, drill.state) == (Mode.DOWN, "supervisor@example.org", DrillState.ASKED)
    assert stopped.status_code == 303
    assert "Stopped by supervisor@example.org." in shown


async def test_a_wrong_wish_starts_nothing(console: Console, supervisor: httpx.AsyncClient) -> None:
    """Minutes without end, a system that has no drill, a mode nobody knows: a sentence each, and no drill."""
    answer = await supervisor.post("/drills", data={**FORM, "minutes": "1000", "system": "mail", "mode": "gone"})

    async with console.database.session() as session:
        found = await drills.latest(session, 10)
    assert answer.status_code == 422
    assert "At most 60" in answer.text
    assert "3 things need a look" in answer.text
    assert found == []


async def test_who_does_not_steer_systems_reads_only(agent: httpx.AsyncClient) -> None:
    """An agent sees the drills, has no form, and is refused."""
    page, answer = await agent.get("/drills"), await agent.post("/drills", data=FORM)

    assert (page.status_code, answer.status_code) == (200, 403)
    assert "Start the drill" not in page.text


async def test_a_report_is_read_as_passed_or_not(console: Console, supervisor: httpx.AsyncClient) -> None:
    """What it was judged by stands first; one that lost an entry is not passed, and says which."""
    found = []
    for kept in (report(), report(lost=1, troubles=["5000001, entry 2, BTN-A: done, and the ledger has no BTN-A"])):
        drill = Drill(
            id=uuid.uuid4(),
            system="orderdesk",
            mode=Mode.DOWN,
            minutes=2,
            items=60,
            asked_by="supervisor@example.org",
            asked_at=NOW,
            state=DrillState.ASKED,
        )
        async with console.database.session() as session:
            await drills.ask(session, drill)
            await drills.end(session, drill.id, kept, NOW)
        found.append((await supervisor.get(f"/drills/{drill.id}")).text)

    listed = (await supervisor.get("/drills")).text
    assert ["Passed" in text for text in found] == [True, False]
    assert ["5000001, entry 2" in text for text in found] == [False, True]
    assert "after 4.2 s and 3 failed tries" in found[0]
    assert (listed.count("Passed"), listed.count("Not passed")) == (1, 1)


async def test_each_way_says_when_it_was_exercised_last(
    console: Console, supervisor: httpx.AsyncClient, tmp_path: Path
) -> None:
    """G8: in, under watch, failed, not taken, or no canary at all: said for each way on the system's page and here."""
    file = tmp_path / "systems.toml"
    declared = "[servicedesk.production]\naddress = 'http://desk.test'\ncanary = '06:00'\n"
    await asyncio.to_thread(file.write_text, declared, encoding="utf-8")
    settings = console.parts.settings.model_copy(update={"systems_file": file})
    places = Environments(
        [Environment(system=name, address="http://desk.test") for name in ("servicedesk", "fieldboard")]
    )
    console.app.state.collaborators = replace(console.parts, settings=settings, places=lambda: places)
    when = {"system": "servicedesk", "environment": "production", "placed_at": NOW}
    said = []
    for day, states in (
        (20, (CanaryState.VERIFIED, CanaryState.MISSED)),
        (21, (CanaryState.FAILED, CanaryState.WAITING)),
    ):
        async with console.database.session() as session:
            for route, state in zip(("api", "bot"), states, strict=True):
                kept = {"state": state, "code": "system_down" if state is CanaryState.FAILED else ""}
                session.add(Canary.model_validate({**when, **kept, "route": route, "day": date(2026, 11, day)}))
        said.append((await supervisor.get("/systems/servicedesk/production")).text)
    listed = (await supervisor.get("/drills")).text

    assert "On 20 Nov 2026 an entry was saved and read back." in said[0]
    assert "Not exercised yet: the canary of 20 Nov 2026 was not entered this way." in said[0]
    assert "Not exercised since 20 Nov 2026. The canary of 21 Nov 2026 failed: " in said[1]
    assert "Not exercised yet: the canary of 21 Nov 2026 is on its way." in said[1]
    assert "No canary is declared for it" in listed
    assert said[1].count("Not exercised") == listed.count("Not exercised") == 2


async def test_a_drill_of_a_real_system_needs_somebody_else(
    console: Console, supervisor: httpx.AsyncClient, as_role: SignedIn
) -> None:
    """Asked for by one, approved by another, begun and stopped; whoever asked for it is not offered to approve it."""
    places = Environments([Environment(system="servicedesk", address="http://desk.test")])
    console.app.state.collaborators = replace(console.parts, places=lambda: places)
    form = {"way": "servicedesk/production/api", "lasts": "30", "why": "before the release", "zone": "UTC"}
    it = await as_role(Role.IT)

    wrong = [
        await supervisor.post("/window-drills", data={**form, **slip}, follow_redirects=True)
        for slip in ({"begins_at": "2020-01-01T10:00"}, {"begins_at": "2099-01-01T10:00", "way": "mail/production/x"})
    ]
    await supervisor.post("/window-drills", data={**form, "begins_at": (NOW + timedelta(seconds=1)).isoformat()})
    async with console.database.session() as session:
        (drill,) = await window_drill.latest(session, 5)
    path = f"/window-drills/{drill.id}"
    mine, theirs = (await supervisor.get("/drills")).text, (await it.get("/drills")).text
    alone = await supervisor.post(f"{path}/approvals", follow_redirects=True)
    await it.post(f"{path}/approvals")
    early = await it.post(f"{path}/starts", follow_redirects=True)
    later = replace(console.app.state.collaborators, clock=lambda: NOW + timedelta(minutes=1))
    console.app.state.collaborators = later
    offered = (await supervisor.get("/drills")).text
    withdrawn = await supervisor.post(f"{path}/withdrawals", follow_redirects=True)

    assert "That moment is over" in wrong[0].text
    assert "There is no such way here" in wrong[1].text
    assert ("Approve it" in mine, "Approve it" in theirs) == (False, True)
    assert "a second person approves it" in alone.text
    assert "outside its window" in early.text
    assert "Start it now" in offered
    assert "Withdrawn." in withdrawn.text
