"""The human step: who gets a case, who may act on it, and that one press of a button is one effect."""

import asyncio
from datetime import timedelta

from core import clock
from handoff.resolution import Reschedule
from records.people import Role
from tests.replay.histories import keep_case
from tests.support.journey import Journey
from tests.workflows.cast import CLOSE, at_desk, in_three_days, refusal, resolved
from workflows.acts import Act, AnswerReturn, Release, Resolve, Told
from workflows.handoff_acts import ReturnIt


async def test_one_of_two_agents_gets_the_case(journey: Journey) -> None:
    """Two agents press at the same moment: one has the case, the other reads why not; only the holder may resolve."""
    receipt = await at_desk(journey)
    agents = [await journey.person(Role.AGENT), await journey.person(Role.AGENT, "second")]

    pressed = [journey.act_at_desk(receipt, "pick_up", Act(by=agent)) for agent in agents]
    answers = await asyncio.gather(*pressed, return_exceptions=True)
    won = next(agent for agent, answer in zip(agents, answers, strict=True) if isinstance(answer, str))
    lost = next(agent for agent in agents if agent != won)
    refused = [
        await refusal(journey.act_at_desk(receipt, "pick_up", Act(by=lost))),
        await refusal(journey.act_at_desk(receipt, "complete", Resolve(by=lost, resolution=CLOSE))),
        await refusal(journey.act_at_desk(receipt, "release", Release(by=lost))),
    ]
    told = await journey.act_at_desk(receipt, "complete", Resolve(by=won, resolution=CLOSE))
    closed = await journey.until_stage(receipt, "closed")

    assert told == "Decided. The case is closed; nothing is keyed."
    assert [type(answer) is str for answer in answers].count(True) == 1
    assert refused == ["wrong_state", "wrong_state", "wrong_state"]
    assert (await journey.events(receipt)).count("handoff.picked_up") == 1
    assert closed.outcome == "closed without an entry: agreed by phone"
    await keep_case(journey, receipt, "closed_without_entry")


async def test_the_same_press_twice_is_one_effect(journey: Journey) -> None:
    """An Update with the same id is done once and answered twice, also after the case was put back meanwhile."""
    receipt = await at_desk(journey)
    agent = await journey.person(Role.AGENT)
    handle = await journey.handoff_handle(receipt)

    told = [
        await handle.execute_update("pick_up", Act(by=agent), id="form-1", result_type=Told),
        await handle.execute_update("pick_up", Act(by=agent), id="form-1", result_type=Told),
    ]
    await journey.act_at_desk(receipt, "release", Release(by=agent, reason="end of shift"))
    told.append(await handle.execute_update("pick_up", Act(by=agent), id="form-1", result_type=Told))
    (between,) = await journey.handoffs(receipt)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=CLOSE))
    await journey.until_stage(receipt, "closed")

    assert len({one.message for one in told}) == 1
    assert (between.state, between.picked_up_by) == ("offered", None)
    assert (await journey.events(receipt)).count("handoff.picked_up") == 2
    await keep_case(journey, receipt, "released_and_picked_up_again")


async def test_what_may_not_be_is_refused_and_changes_nothing(journey: Journey) -> None:
    """Wrong role, disabled person, wrong state, a resolution that the packet does not allow or that makes no sense."""
    receipt = await at_desk(journey)
    agent, it = await journey.person(Role.AGENT), await journey.person(Role.IT)

    refused = [
        await refusal(journey.act_at_desk(receipt, "pick_up", Act(by=it))),
        await refusal(journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=CLOSE))),
        await refusal(journey.act(receipt, "confirm_order", Act(by=await journey.person(Role.OPS)))),
    ]
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    yesterday = Reschedule(delivery_date=clock.now().date() - timedelta(days=1))
    refused += [
        await refusal(journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))),
        await refusal(journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=yesterday))),
    ]
    (handoff,) = await journey.handoffs(receipt)

    assert refused == ["not_allowed", *["wrong_state"] * 4]
    assert (handoff.state, handoff.resolution) == ("picked_up", None)


async def test_a_handoff_that_is_ended_at_temporal_is_offered_once_more(journey: Journey) -> None:
    """Terminated, cancelled or withdrawn there: its record is closed, and the case offers another with all it knows."""
    receipt = await at_desk(journey)
    await (await journey.handoff_handle(receipt)).terminate("by hand")
    second = await journey.until_offered(receipt, 2)
    await (await journey.handoff_handle(receipt)).cancel()
    third = await journey.until_offered(receipt, 3)
    await (await journey.handoff_handle(receipt)).signal("withdraw", "by some program")
    fourth = await journey.until_offered(receipt, 4)

    closed = await resolved(journey, receipt)

    states = [one.state for one in await journey.handoffs(receipt)]
    assert states == ["withdrawn", "withdrawn", "withdrawn", "completed"]
    assert second.packet == third.packet == fourth.packet
    assert closed.outcome == "closed without an entry: agreed by phone"
    await keep_case(journey, receipt, "handoff_ended_outside")


async def test_what_service_returns_goes_to_its_submitter_and_comes_back_with_the_answer(journey: Journey) -> None:
    """Returned with a reason: the submitter is asked, answers, and service gets the case again with that answer."""
    receipt = await at_desk(journey)
    agent, ops = await journey.person(Role.AGENT), await journey.person(Role.OPS)
    early = await refusal(journey.act(receipt, "answer_return", AnswerReturn(by=ops, answer="What is it?")))
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "return_it", ReturnIt(by=agent, reason="which parcel is it"))
    asked = await journey.until_stage(receipt, "correction")

    await journey.act(receipt, "answer_return", AnswerReturn(by=ops, answer="the second one"))
    again = await journey.until_offered(receipt, 2)
    closed = await resolved(journey, receipt)

    assert early == "wrong_state"
    assert (asked.wait_mover, asked.wait_about) == ("the submitter", "service returned it: which parcel is it")
    assert again.why == "It was returned (which parcel is it). The answer: the second one"
    assert closed.outcome == "closed without an entry: agreed by phone"
    await keep_case(journey, receipt, "returned_and_answered")
