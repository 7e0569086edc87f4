"""Bulk actions: one first, then the rest in order; a result for each; halted, paused, cancelled, approved."""

import pytest

from records.bulk_action import BulkFate, BulkStage, BulkState
from records.people import Role
from tests.replay.histories import keep_bulk
from tests.support.journey import Journey
from tests.workflows.bulk_cast import (
    failed_entries,
    fates,
    retry_of,
    say,
    sent_together,
    standing,
    targets,
    things,
    until_bulk,
    until_fates,
    until_gated,
)
from tests.workflows.cast import refusal
from tests.workflows.test_legacy_entry import desk_of
from workflows import policies


async def test_one_is_retried_and_then_the_rest_in_order(desk_journey: Journey) -> None:
    """The first one is done before any other is sent; the others follow in their original order, each with a result."""
    async with desk_of(desk_journey, seats=1) as desk:
        found = await failed_entries(desk_journey, desk, 12)
        desk.refuses.clear()
        desk.gate.clear()
        action = await retry_of(desk_journey, found, canary=True, in_flight=3, stop_after=3)
        await until_gated(desk_journey, desk, 1)
        await until_fates(desk_journey, action.id, {BulkFate.SENT: 1, BulkFate.WAITING: 11})
        desk.gate.set()
        ended = await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    sent = await sent_together(desk_journey, action.id)
    assert sent[0] == [0]
    assert [ordinal for step in sent for ordinal in step] == list(range(12))
    assert desk.entered == await targets(desk_journey, found)
    assert [one.state for one in await things(desk_journey, action.id)] == [BulkFate.DONE] * 12
    assert (ended.counts, ended.stage) == ({"done": 12}, BulkStage.REST)
    await keep_bulk(desk_journey, action.id, "one_and_then_the_rest")


async def test_a_first_one_that_fails_stops_everything(desk_journey: Journey) -> None:
    """Nothing else is sent when the first one fails again; it goes on with the next one when somebody says so."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 4)
        action = await retry_of(desk_journey, found, canary=True)
        halted = await until_bulk(desk_journey, action.id, BulkState.HALTED)
        stood = [(one.state, one.code) for one in await things(desk_journey, action.id)]
        desk.refuses.clear()
        await say(desk_journey, action.id, "go_on", Role.SUPERVISOR)
        await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    assert "nothing else was sent" in halted.halted_why
    assert stood == [(BulkFate.FAILED, "status_forbids"), *[(BulkFate.WAITING, "")] * 3]
    assert await fates(desk_journey, action.id) == {BulkFate.FAILED: 1, BulkFate.DONE: 3}
    await keep_bulk(desk_journey, action.id, "halted_and_gone_on")


async def test_it_halts_when_failures_return(desk_journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many failures in a row nothing more is sent, over several runs of its workflow too."""
    monkeypatch.setattr(policies, "BULK_ROUNDS", 3)
    async with desk_of(desk_journey, seats=1) as desk:
        found = await failed_entries(desk_journey, desk, 8)
        good = (await targets(desk_journey, found))[:2]
        desk.refuses -= set(good)
        action = await retry_of(desk_journey, found, canary=True, in_flight=1, stop_after=2)
        halted = await until_bulk(desk_journey, action.id, BulkState.HALTED)
        stood = await fates(desk_journey, action.id)
        await say(desk_journey, action.id, "cancel", Role.SUPERVISOR, reason="the screen is still changed")
        await until_bulk(desk_journey, action.id, BulkState.CANCELLED, ended=True)

    assert "2 failed in a row" in halted.halted_why
    assert stood == {BulkFate.DONE: 2, BulkFate.FAILED: 2, BulkFate.WAITING: 4}
    assert await fates(desk_journey, action.id) == {BulkFate.DONE: 2, BulkFate.FAILED: 2, BulkFate.CANCELLED: 4}


async def test_it_is_paused_continued_and_cancelled(desk_journey: Journey) -> None:
    """Paused, nothing more is sent; cancelled, what is on its way goes on to its end and is counted."""
    async with desk_of(desk_journey, seats=2) as desk:
        found = await failed_entries(desk_journey, desk, 9)
        desk.refuses.clear()
        desk.gate.clear()
        action = await retry_of(desk_journey, found, in_flight=2)
        await until_gated(desk_journey, desk, 2)
        await say(desk_journey, action.id, "pause", Role.SUPERVISOR)
        await until_fates(desk_journey, action.id, {BulkFate.SENT: 2, BulkFate.WAITING: 7})
        twice = await refusal(say(desk_journey, action.id, "pause", Role.SUPERVISOR))
        other = await refusal(say(desk_journey, action.id, "go_on", Role.AGENT))
        await say(desk_journey, action.id, "go_on", Role.SUPERVISOR)
        await say(desk_journey, action.id, "cancel", Role.SUPERVISOR, "other", reason="enough")
        desk.gate.set()
        ended = await until_bulk(desk_journey, action.id, BulkState.CANCELLED, ended=True)

    assert (twice, other) == ("wrong_state", "not_allowed")
    assert ended.counts == {"done": 2, "cancelled": 7}
    await keep_bulk(desk_journey, action.id, "paused_and_cancelled")


async def test_somebody_else_must_approve(desk_journey: Journey) -> None:
    """A request waits until a holder of the right who did not ask for it answers; nothing is sent before."""
    await desk_journey.person(Role.SUPERVISOR, "other")
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 2)
        desk.refuses.clear()
        action = await retry_of(desk_journey, found, needs_approval=True)
        own = await refusal(say(desk_journey, action.id, "approve", Role.SUPERVISOR))
        agent = await refusal(say(desk_journey, action.id, "approve", Role.AGENT))
        there = await refusal(say(desk_journey, action.id, "release_anyway", Role.SUPERVISOR, reason="it is urgent"))
        before = await fates(desk_journey, action.id)
        await say(desk_journey, action.id, "approve", Role.SUPERVISOR, "other")
        ended = await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    assert (own, agent, there) == ("not_allowed", "not_allowed", "somebody_is_there")
    assert before == {BulkFate.WAITING: 2}
    assert (ended.approved_by, ended.emergency, ended.counts) == ("other@example.org", False, {"done": 2})
    await keep_bulk(desk_journey, action.id, "approved")


async def test_a_request_is_declined(desk_journey: Journey) -> None:
    """Declined, nothing is sent, and the reason stands there."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 2)
        action = await retry_of(desk_journey, found, needs_approval=True)
        await say(desk_journey, action.id, "decline", Role.SUPERVISOR, "other", reason="not today")
        ended = await until_bulk(desk_journey, action.id, BulkState.CANCELLED, ended=True)

    assert ended.said == "Declined: not today"
    assert ended.counts == {"cancelled": 2}
    await keep_bulk(desk_journey, action.id, "declined")


async def test_with_nobody_there_it_is_released_in_an_emergency(desk_journey: Journey) -> None:
    """With nobody else who could approve, whoever asked begins it with a reason; the lead is told."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 2)
        desk.refuses.clear()
        action = await retry_of(desk_journey, found, needs_approval=True)
        await say(desk_journey, action.id, "release_anyway", Role.SUPERVISOR, reason="vans leave at noon")
        ended = await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    assert (ended.emergency, ended.approved_by) == (True, "supervisor@example.org")
    assert (await standing(desk_journey, action.id)).said == "vans leave at noon"
    await keep_bulk(desk_journey, action.id, "released_in_an_emergency")
