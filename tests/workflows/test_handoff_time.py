"""What time alone does to a handoff, over months of calendar: on a Temporal that skips time, with real records."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from handoff.clock import Clock
from handoff.policy import Policies
from records.people import Role
from tests.support.handoffs import Offered, checked, offered
from tests.support.journey import listening
from tests.support.patience import PATIENCE
from tests.workflows.conftest import Skipping
from workflows.acts import Act
from workflows.handoff_acts import Ask, ComeBack

BERLIN = """
version = "7"
[calendars.office]
time_zone = "Europe/Berlin"
hours = ["Mon-Fri 08:00-12:00", "Mon-Fri 13:00-17:00"]
holidays = []
[ladders]
both = [
    { past = "at_risk", tells = "holder" },
    { past = "breached", tells = "lead", every = "2h", at_most = 3 },
]
[policies.any]
calendar = "office"
resolution = "40h"
acceptance = "4h"
idle = "8h"
ladder = "both"
"""


@pytest.fixture
async def passing(skipping_desk: Skipping) -> AsyncIterator[Skipping]:
    """A desk whose time can be skipped, under a policy of working weeks."""
    assert skipping_desk.settings.policies_file is not None
    skipping_desk.settings.policies_file.write_text(BERLIN, encoding="utf-8")
    yield skipping_desk
    assert not (await checked(skipping_desk.database)).differing


async def until_told(handoff: Offered, *events: str) -> list[str]:
    """Wait until the case's timeline has all of these, each as often as named; every name on it."""
    async with asyncio.timeout(PATIENCE), listening(handoff.database.url) as notified:
        while True:
            names = [event.name for event in await handoff.events()]
            if all(names.count(name) >= events.count(name) for name in events):
                return names
            await notified()


async def test_a_case_that_nobody_takes_is_at_risk_breached_and_its_lead_is_reminded_thrice(passing: Skipping) -> None:
    """Weeks pass: each clock is at risk and breached at its own working moment, and the reminders end by themselves."""
    await passing.person(Role.SUPERVISOR)
    handoff = await offered(passing.client, passing.database, await passing.now())

    await passing.skip(timedelta(days=60), handoff.handle)
    await until_told(handoff, *["clock.breached"] * 2, *["handoff.escalated"] * 8)

    clocks = {name: Clock.model_validate(row.clock) for name, row in (await handoff.clocks()).items()}
    resolution = clocks["resolution"]
    assert resolution.breached_at is not None
    assert resolution.target.calendar.open_between(resolution.started_at, resolution.breached_at) == timedelta(hours=40)
    assert (resolution.target.policy, resolution.target.version) == ("any", "7")
    lead = [kind for kind, person in await handoff.told() if person == "supervisor@example.org"]
    assert lead.count("breached") == 6  # two clocks, three times each
    assert (await handoff.row()).state == "offered"


async def test_a_silent_holder_loses_the_case_and_the_lead_hears(passing: Skipping) -> None:
    """Nothing moved for a working day: it goes back to the queue by itself, and both are told once."""
    agent = await passing.person(Role.AGENT)
    await passing.person(Role.SUPERVISOR)
    handoff = await offered(passing.client, passing.database, await passing.now())
    await handoff.act("pick_up", Act(by=agent))

    await passing.skip(timedelta(days=5), handoff.handle)
    await until_told(handoff, "handoff.idle_released")

    row = await handoff.row()
    told = [(kind, person) for kind, person in await handoff.told() if kind == "idle_released"]
    assert (row.state, row.picked_up_by) == ("offered", None)
    assert sorted(told) == [("idle_released", "agent@example.org"), ("idle_released", "supervisor@example.org")]


async def test_put_aside_over_a_change_of_clocks_it_comes_back_when_said(passing: Skipping) -> None:
    """Eighty days aside with the clocks standing: no clock moves, nobody is reminded, and the holder hears that day."""
    agent = await passing.person(Role.AGENT)
    now = await passing.now()
    handoff = await offered(passing.client, passing.database, now)
    await handoff.act("pick_up", Act(by=agent))
    await handoff.act("come_back", ComeBack(by=agent, at=now + timedelta(days=80), pauses=True, why="they travel"))

    await passing.skip(timedelta(days=80, minutes=1), handoff.handle)
    await until_told(handoff, "handoff.came_back")

    clock = Clock.model_validate((await handoff.clocks())["resolution"].clock)
    assert (clock.breached_at, clock.at_risk_at, clock.pause_reason) == (None, None, "")
    assert clock.spent < timedelta(hours=1)
    assert (await handoff.row()).picked_up_by == "agent@example.org"
    assert ("came_back", "agent@example.org") in await handoff.told()


async def test_a_question_that_nobody_answers_ends_and_the_clocks_go_on(passing: Skipping) -> None:
    """At the end of its time the question is over, the clocks go on, and the holder hears of it."""
    agent = await passing.person(Role.AGENT)
    now = await passing.now()
    handoff = await offered(passing.client, passing.database, now)
    await handoff.act("pick_up", Act(by=agent))
    await handoff.act("ask", Ask(by=agent, to_kind="colleague", question="Do you know them?",
                                 expires_at=now + timedelta(days=3), pauses=True))  # fmt: skip

    await passing.skip(timedelta(days=3, minutes=1), handoff.handle)
    await until_told(handoff, "handoff.question_expired")

    row = await handoff.row()
    assert (row.wait_for, row.paused) == ("", "")
    assert ("answered", "agent@example.org") in await handoff.told()


def test_the_policy_of_these_tests_is_read_as_it_is_meant() -> None:
    """Forty hours of office time are a working week."""
    policy = Policies.read(BERLIN).choose(queue="service", channel="", persona="", tier="")
    monday = datetime(2027, 3, 22, 7, 0, tzinfo=UTC)

    (resolution,) = [target for target in policy.targets() if target.kind == "resolution"]

    # Summer time begins on Sunday the 28th; on Friday at 17:00 of Berlin's clock, still winter's, the week is done.
    assert policy.calendar.after(monday, resolution.working) == datetime(2027, 3, 26, 16, 0, tzinfo=UTC)
