"""A handoff from offer to end: who may do what, what is said to whom, and clocks that the event log tells alone."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from temporalio.exceptions import TemporalError

from core import clock
from handoff.resolution import Refund
from records.people import Role
from tests.replay.histories import keep_handoff
from tests.support.handoffs import Offered, checked, offered
from tests.support.journey import Journey
from tests.workflows.cast import CLOSE, in_three_days, refusal
from workflows.acts import Act, Release, Resolve
from workflows.handoff_acts import Ask, Assign, ComeBack, Heard, Note, Reply, ReturnIt, Transfer


@pytest.fixture
async def handoff(desk_journey: Journey) -> AsyncIterator[Offered]:
    """A handoff in the service queue; its clocks are checked against the events once the test is over."""
    one = await offered(desk_journey.client, desk_journey.database, clock.now())
    yield one
    found = await checked(desk_journey.database)
    assert (found.differing, found.clocks >= 3) == ((), True)


async def test_a_question_is_asked_answered_once_and_stops_the_clocks_meanwhile(
    desk_journey: Journey, handoff: Offered
) -> None:
    """Asking keeps the case; the clocks stand until the answer comes, and the same answer twice counts once."""
    agent = await desk_journey.person(Role.AGENT)
    await handoff.act("pick_up", Act(by=agent))

    until = clock.now() + timedelta(days=2)
    await handoff.act("ask", Ask(by=agent, to_kind="depot", to_address="depot@example.org", question="Where is it?",
                                 expires_at=until, pauses=True))  # fmt: skip
    waiting = await handoff.row()
    (asked,) = await handoff.events("handoff.asked")
    heard = Heard(kind="answer", id=asked.data["question"], by="depot", text="In the van.")
    for _ in range(2):
        await handoff.handle.signal("heard", heard)
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))

    end = await handoff.handle.result()
    assert (waiting.wait_for, waiting.paused) == ("depot", "waits for the depot")
    assert (end.state, end.by) == ("completed", "agent@example.org")
    assert len(await handoff.events("clock.resumed")) == 2  # first response and resolution; acceptance was met
    assert [kind for kind, _ in await handoff.told()].count("answered") == 1
    await keep_handoff(handoff.handle, "asked_and_answered")


async def test_only_its_holder_acts_and_only_while_it_is_open(desk_journey: Journey, handoff: Offered) -> None:
    """Pick up of a taken case, acts of somebody else, and everything after its end are refused; nothing changes."""
    agent, other = await desk_journey.person(Role.AGENT), await desk_journey.person(Role.AGENT, "second")
    unasked = await refusal(handoff.act("release", Release(by=agent)))
    await handoff.act("pick_up", Act(by=agent))

    taken = await refusal(handoff.act("pick_up", Act(by=other)))
    not_theirs = [
        await refusal(handoff.act("complete", Resolve(by=other, resolution=CLOSE))),
        await refusal(handoff.act("return_it", ReturnIt(by=other, reason="not ours"))),
        await refusal(handoff.act("transfer", Transfer(by=other, queue="dispatch", reason="not ours"))),
    ]
    above = await refusal(
        handoff.act("complete", Resolve(by=agent, resolution=Refund(amount=Decimal("51.00"), refund_reason="damage")))
    )
    ops = await refusal(handoff.act("note", Note(by=await desk_journey.person(Role.OPS), text="hello there")))
    held = await handoff.row()
    await handoff.act("return_it", ReturnIt(by=agent, reason="the address is missing"))
    await handoff.handle.result()

    assert (unasked, taken, set(not_theirs), above, ops) == (
        "wrong_state", "wrong_state", {"wrong_state"}, "above_limit", "not_allowed",
    )  # fmt: skip
    assert (held.state, held.picked_up_by) == ("picked_up", "agent@example.org")
    assert ((await handoff.row()).state, (await handoff.row()).returned_reason) == (
        "returned",
        "the address is missing",
    )
    await keep_handoff(handoff.handle, "returned")


async def test_it_is_passed_on_to_a_queue_to_a_person_and_by_a_supervisor(
    desk_journey: Journey, handoff: Offered
) -> None:
    """Each passing offers it anew with another acceptance clock; whoever gets it is told once."""
    agent, lead = await desk_journey.person(Role.AGENT), await desk_journey.person(Role.SUPERVISOR)
    await desk_journey.person(Role.AGENT, "second")
    await handoff.act("pick_up", Act(by=agent))

    await handoff.act("transfer", Transfer(by=agent, queue="bot", reason="an entry is stuck"))
    in_queue = await handoff.row()
    await handoff.act("assign", Assign(by=lead, to="second@example.org", reason="knows the board"))
    offered_to = await handoff.row()
    nobody = await refusal(handoff.act("assign", Assign(by=lead, to="nobody@example.org")))
    no_agent = await refusal(handoff.act("assign", Assign(by=agent, to="second@example.org")))

    assert (in_queue.queue, in_queue.state, in_queue.picked_up_by) == ("bot", "offered", None)
    assert (offered_to.assigned_to, offered_to.state) == ("second@example.org", "offered")
    assert (nobody, no_agent) == ("not_a_colleague", "not_allowed")
    assert ("assigned", "second@example.org") in await handoff.told()
    assert {"acceptance", "acceptance#2", "acceptance#3"} <= set(await handoff.clocks())
    await keep_handoff(handoff.handle, "passed_on")


async def test_putting_it_aside_says_until_when_and_whether_the_clocks_stand(
    desk_journey: Journey, handoff: Offered
) -> None:
    """A moment in the past, and one that never comes, are refused; put aside with a pause, the clocks stand."""
    agent = await desk_journey.person(Role.AGENT)
    await handoff.act("pick_up", Act(by=agent))
    now = clock.now()

    past = await refusal(handoff.act("come_back", ComeBack(by=agent, at=now - timedelta(1), why="yesterday")))
    never = await refusal(handoff.act("come_back", ComeBack(by=agent, at=now + timedelta(400), why="next year")))
    until = now + timedelta(hours=3)
    await handoff.act("come_back", ComeBack(by=agent, at=until, pauses=True, why="the depot opens"))
    aside = await handoff.row()
    await handoff.act("acknowledge", Act(by=agent))
    await handoff.act("release", Release(by=agent, reason="end of shift"))
    released = await handoff.row()

    assert (past, never) == ("wrong_state", "wrong_state")
    assert (aside.wait_for, aside.wait_until, aside.paused) == ("time", until, "put aside: the depot opens")
    assert (released.state, released.picked_up_by) == ("offered", None)
    await keep_handoff(handoff.handle, "put_aside_and_back")


async def test_a_colleague_is_asked_without_a_mail_and_answers_on_the_case(
    desk_journey: Journey, handoff: Offered
) -> None:
    """The colleague is told and answers; the question is over, and answering it again is refused."""
    agent, other = await desk_journey.person(Role.AGENT), await desk_journey.person(Role.AGENT, "second")
    await handoff.act("pick_up", Act(by=agent))
    until = clock.now() + timedelta(hours=1)
    await handoff.act("ask", Ask(by=agent, to_kind="colleague", to_address="second@example.org",
                                 question="Do you know them?", expires_at=until))  # fmt: skip
    (asked,) = await handoff.events("handoff.asked")
    question = uuid.UUID(asked.data["question"])

    await handoff.act("reply", Reply(by=other, question_id=question, answer="Yes, ring twice."))
    again = await refusal(handoff.act("reply", Reply(by=other, question_id=question, answer="As I said.")))

    assert again == "wrong_state"
    assert ((await handoff.row()).wait_for, len(await handoff.events("handoff.answered"))) == ("", 1)
    assert {("asked", "second@example.org"), ("answered", "agent@example.org")} <= set(await handoff.told())
    await keep_handoff(handoff.handle, "colleague_asked")


@pytest.mark.failure_mode("F38")
async def test_words_that_come_while_it_continues_as_new_count_once(desk_journey: Journey) -> None:
    """F38: a storm of words and acts over many continuations; each is there once, in this run or the next."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now(), acts_per_run=3)
    agent = await desk_journey.person(Role.AGENT)
    await handoff.act("pick_up", Act(by=agent))
    first = (await handoff.handle.describe()).run_id

    notes = [handoff.act("note", Note(by=agent, text=f"note {count}"), id=f"note-{count}") for count in range(20)]
    words = [
        handoff.handle.signal("heard", Heard(kind="reply", id=f"mail-{count % 10}", by="customer"))
        for count in range(20)
    ]
    await asyncio.gather(*notes, *words)
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))

    end = await handoff.handle.result()
    noted = [event.data["text"] for event in await handoff.events("handoff.noted")]
    assert sorted(noted) == sorted(f"note {count}" for count in range(20))
    assert [kind for kind, _ in await handoff.told()].count("answered") == 10
    assert (end.state, (await handoff.handle.describe()).run_id != first) == ("completed", True)
    assert not (await checked(desk_journey.database)).differing


@pytest.mark.failure_mode("F39")
async def test_the_same_act_and_the_same_word_after_a_continuation_are_known(desk_journey: Journey) -> None:
    """F39: an Update's id and a message's id that an earlier run has answered are answered the same, and do nothing."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now(), acts_per_run=1)
    agent = await desk_journey.person(Role.AGENT)
    reply = Heard(kind="reply", id="<one@mail>", by="customer", text="I am home now.")

    told = [await handoff.act("pick_up", Act(by=agent), id="form-1")]
    await handoff.handle.signal("heard", reply)
    await handoff.act("note", Note(by=agent, text="called them"), id="form-2")
    told.append(await handoff.act("pick_up", Act(by=agent), id="form-1"))
    await handoff.handle.signal("heard", reply)
    await handoff.act("note", Note(by=agent, text="called again"), id="form-3")

    assert told[0] == told[1] == "You have this case now."
    assert len(await handoff.events("handoff.picked_up")) == 1
    assert [kind for kind, _ in await handoff.told()].count("answered") == 1
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))  # a run that has just begun holds nothing yet
    await handoff.handle.result()
    await keep_handoff(handoff.handle, "continued_as_new")


@pytest.mark.failure_mode("F40")
async def test_acts_that_race_its_end_have_one_effect(desk_journey: Journey) -> None:
    """F40: many decisions at once, and the one that counted again once it has closed: one effect, one answer."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now())
    agent = await desk_journey.person(Role.AGENT)
    await handoff.act("pick_up", Act(by=agent))

    async def press(count: int) -> str:
        try:
            return await handoff.act("complete", Resolve(by=agent, resolution=in_three_days()), id=f"press-{count}")
        except TemporalError as refused:  # or whatever else the client makes of a workflow that has closed
            return type(refused).__name__

    told = await asyncio.gather(*(press(count) for count in range(8)))
    await handoff.handle.result()
    won = next(count for count, said in enumerate(told) if said.startswith("Decided"))
    again = await press(won)

    assert sum(said.startswith("Decided") for said in told) == 1
    assert len(await handoff.events("handoff.completed")) == 1
    assert again == told[won]


@pytest.mark.failure_mode("F41")
@pytest.mark.parametrize("where", ["offered", "picked_up", "asked", "aside"])
async def test_a_cancel_wherever_it_waits_closes_it_and_its_record(desk_journey: Journey, where: str) -> None:
    """F41: cancelled, and cancelled again, at each await: the workflow closes, the record and its clocks say so."""
    handoff = await offered(desk_journey.client, desk_journey.database, clock.now())
    agent = await desk_journey.person(Role.AGENT)
    until = clock.now() + timedelta(hours=1)
    steps = {
        "picked_up": ("pick_up", Act(by=agent)),
        "asked": ("ask", Ask(by=agent, to_kind="colleague", question="What now?", expires_at=until, pauses=True)),
        "aside": ("come_back", ComeBack(by=agent, at=until, why="lunch time")),
    }
    for name, act in list(steps.values())[: ["offered", *steps].index(where)]:
        await handoff.act(name, act)

    await asyncio.gather(handoff.handle.cancel(), handoff.handle.cancel())
    with pytest.raises(Exception, match="Workflow execution failed"):
        await handoff.handle.result()

    row, clocks = await handoff.row(), await handoff.clocks()
    assert row.state == "withdrawn"
    assert all(one.ended_at is not None for one in clocks.values())
    assert not (await checked(desk_journey.database)).differing


async def test_what_was_put_aside_is_taken_up_early(desk_journey: Journey, handoff: Offered) -> None:
    """Its holder goes on before the moment comes, and the clocks with them; there is nothing to take up twice."""
    agent = await desk_journey.person(Role.AGENT)
    await handoff.act("pick_up", Act(by=agent))
    until = clock.now() + timedelta(hours=3)
    await handoff.act("come_back", ComeBack(by=agent, at=until, pauses=True, why="the depot opens"))

    said = await handoff.act("take_up", Act(by=agent))
    again = await refusal(handoff.act("take_up", Act(by=agent)))

    row = await handoff.row()
    assert (said, again) == ("You go on with it now.", "wrong_state")
    assert (row.wait_for, row.paused, row.state) == ("", "", "picked_up")
    assert [event.data["why"] for event in await handoff.events("handoff.taken_up")] == ["the depot opens"]
    assert len(await handoff.events("clock.resumed")) == 2
    await handoff.act("complete", Resolve(by=agent, resolution=CLOSE))
    await handoff.handle.result()
    await keep_handoff(handoff.handle, "taken_up_early")
