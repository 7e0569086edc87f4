"""What an outage does to a handoff's clocks: they stand or others count, and every one can be made from its events."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core import clock
from core.calendar import Calendar
from fallbacks.playbooks import FollowPlaybooks
from handoff.clock import Clock, ClockKind, Target
from records.people import Role
from tests.support.handoffs import Offered, checked, offered
from tests.support.outage_cast import OutOfOrder
from tests.workflows.conftest import Skipping
from tests.workflows.test_handoff_time import until_told
from workflows.acts import Act
from workflows.handoff_acts import Ask, Reply
from workflows.handoff_outage import OutageHits

REASON = "outage of the Order desk"
HIT = OutageHits(key="o1", what="hit", reason=REASON, stand=("resolution",))
OVER = OutageHits(key="o1", what="over", reason=REASON)
LONGER = Target(
    kind=ClockKind.RESOLUTION, working=timedelta(hours=20), calendar=Calendar(), policy="by-hand", version="1"
)


@pytest.fixture
async def away(skipping_desk: Skipping) -> AsyncIterator[Skipping]:
    """A desk whose time can be skipped; at its end every clock is the one that its events tell of."""
    yield skipping_desk
    assert not (await checked(skipping_desk.database)).differing


async def clocks_of(handoff: Offered) -> dict[str, Clock]:
    """Its clocks as they are kept."""
    return {name: Clock.model_validate(row.clock) for name, row in (await handoff.clocks()).items()}


async def test_the_clock_that_is_named_stands_and_goes_on_when_the_outage_ends(away: Skipping) -> None:
    """It alone stands, with the reason; a word that comes twice changes nothing; its end lets it go on."""
    handoff = await offered(away.client, away.database, await away.now())
    await handoff.handle.signal("outage", HIT)
    await until_told(handoff, "handoff.outage_hit")
    stands, column = await clocks_of(handoff), (await handoff.row()).paused

    for word in (HIT, OVER, OVER):
        await handoff.handle.signal("outage", word)
    names = await until_told(handoff, "handoff.outage_over")

    after = await clocks_of(handoff)
    assert (stands["resolution"].pause_reason, column) == (REASON, REASON)
    assert (after["resolution"].paused_at, (await handoff.row()).paused) == (None, "")
    assert stands["acceptance"].paused_at is None
    assert [names.count(f"handoff.outage_{what}") for what in ("hit", "over")] == [1, 1]


async def test_a_playbook_reaches_the_handoff_of_a_case_that_waits(away: Skipping) -> None:
    """From the outage in the records to the clock, by the outbox; and back once it has ended."""
    now = clock.now()
    handoff = await offered(away.client, away.database, await away.now())
    out, beat = OutOfOrder(away.database, now), FollowPlaybooks(away.database, None, None)
    await out.entry(handoff.case_id, "4700123")
    await out.begins()

    await beat.run_once(now)
    await until_told(handoff, "handoff.outage_hit")
    stands = (await clocks_of(handoff))["resolution"].pause_reason
    await out.ends()
    await beat.run_once(now)
    await until_told(handoff, "handoff.outage_over")

    assert stands == REASON
    assert (await clocks_of(handoff))["resolution"].paused_at is None


async def test_another_policy_counts_while_the_clock_stands(away: Skipping) -> None:
    """It is due by the playbook's policy meanwhile, by its own again afterwards; who meets one clock meets both."""
    handoff = await offered(away.client, away.database, await away.now())
    due = (await handoff.row()).due_at
    switch = OutageHits(key="o1", what="hit", reason=REASON, instead={"resolution": LONGER})

    await handoff.handle.signal("outage", switch)
    await until_told(handoff, "handoff.outage_hit")
    meanwhile, row = await clocks_of(handoff), await handoff.row()
    await handoff.handle.signal("outage", OVER)
    await until_told(handoff, "handoff.outage_over")
    afterwards, own = await clocks_of(handoff), (await handoff.row()).due_at
    sooner = LONGER.model_copy(update={"kind": ClockKind.ACCEPTANCE})
    await handoff.handle.signal("outage", HIT.model_copy(update={"key": "o2", "instead": {"acceptance": sooner}}))
    await handoff.act("pick_up", Act(by=await away.person(Role.AGENT)))

    assert (meanwhile["resolution"].pause_reason, row.paused) == (REASON, "")
    assert meanwhile["resolution#outage1"].due_at() == row.due_at
    assert row.due_at - due > timedelta(hours=10)
    assert (afterwards["resolution#outage1"].outcome, afterwards["resolution"].paused_at) == ("stopped", None)
    assert abs(own - due) < timedelta(minutes=5)
    taken = await clocks_of(handoff)
    assert [taken[name].outcome for name in ("acceptance", "acceptance#outage1")] == ["met", "met"]


async def test_what_waits_for_the_customer_stands_on_when_the_outage_ends(away: Skipping) -> None:
    """Two reasons: the clock goes on when the last is gone, and what began meanwhile stands with it."""
    agent = await away.person(Role.AGENT)
    now = await away.now()
    handoff = await offered(away.client, away.database, now)
    await handoff.act("pick_up", Act(by=agent))
    await handoff.act("ask", Ask(by=agent, to_kind="customer", question="Which floor?", pauses=True,
                                 expires_at=now + timedelta(days=3)))  # fmt: skip
    await handoff.handle.signal("outage", HIT)
    await handoff.handle.signal("outage", OVER)
    await until_told(handoff, "handoff.outage_over")
    still = (await clocks_of(handoff))["resolution"].pause_reason

    (asked,) = await handoff.events("handoff.asked")
    await handoff.act("reply", Reply(by=agent, question_id=asked.data["question"], answer="The third."))

    assert still == "waits for the customer"
    assert (await clocks_of(handoff))["resolution"].paused_at is None
