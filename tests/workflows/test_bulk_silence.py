"""A bulk action of which something is silent: a workflow that was ended outside, one that never answers."""

from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities import bulk as steps
from activities.bulk import BulkRows, BulkSend, Feed, Send
from core import clock
from core.work_item import State
from records import bulk
from records.bulk_action import BulkAction, BulkFate, BulkState, Proof
from records.bulk_silent import SILENCE
from records.people import Role
from records.work_item import WorkItem
from tests.support.journey import Journey
from tests.workflows.bulk_cast import failed_entries, fates, retry_of, say, things, until_bulk
from tests.workflows.test_legacy_entry import desk_of, until


async def _nobody(journey: Journey, action: BulkAction, *, ends: bool = False) -> str:
    """A workflow that nothing carries on; it is the first thing's from now on."""
    mute = await journey.client.start_workflow("Nothing", id=f"mute/{action.id}", task_queue="nobody")
    if ends:
        await mute.terminate("by mistake")
    async with journey.database.session() as session:
        (first, *_) = await bulk.results(session, action.id)
        first.workflow_id = mute.id
    return mute.id


@pytest.mark.failure_mode("F34")
async def test_one_whose_workflow_was_ended_outside_is_not_going_for_ever(desk_journey: Journey) -> None:
    """F34: nothing runs any more that could carry it on, so it failed; one that runs is waited for, however long."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 2)
        action = await retry_of(desk_journey, found, needs_approval=True)
        await _nobody(desk_journey, action, ends=True)
        then = clock.now() - SILENCE - timedelta(minutes=1)
        async with desk_journey.database.session() as session:
            for thing, failure in zip(await bulk.results(session, action.id), found, strict=True):
                item = await session.get_one(WorkItem, failure.item_id)
                thing.state, thing.at, item.state, item.updated_at = BulkFate.SENT, then, State.READY, then
        rows, world = BulkRows(desk_journey.database), ActivityEnvironment(client=desk_journey.client)
        asked = Feed(bulk_id=action.id, at=clock.now(), room=0, in_flight=2)

        async def told() -> bool:
            await world.run(rows.feed, asked)
            return (await fates(desk_journey, action.id)).get(BulkFate.FAILED) == 1

        await until(desk_journey, told)
        await world.run(rows.feed, asked)

    assert [(one.state, one.code) for one in await things(desk_journey, action.id)] == [
        (BulkFate.FAILED, "not_running"),
        (BulkFate.SENT, ""),
    ]


async def test_one_that_never_answers_holds_up_nobody(desk_journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are sent while it is asked again; when it was silent for long nobody knows, and the action says so."""
    monkeypatch.setattr(steps, "ANSWER", timedelta(seconds=1))
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 3)
        desk.refuses.clear()
        action = await retry_of(desk_journey, found, needs_approval=True)
        await _nobody(desk_journey, action)
        await say(desk_journey, action.id, "approve", Role.SUPERVISOR, "other")

        async def others_are_in() -> bool:
            return (await fates(desk_journey, action.id)) == {BulkFate.DONE: 2, BulkFate.SENT: 1}

        await until(desk_journey, others_are_in)
        (waiting, *_) = await things(desk_journey, action.id)
        rows, world = BulkRows(desk_journey.database), ActivityEnvironment(client=desk_journey.client)
        late = clock.now() + SILENCE + timedelta(minutes=1)
        await world.run(rows.feed, Feed(bulk_id=action.id, at=late, room=0, in_flight=8))
        ended = await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    (silent, *_) = await things(desk_journey, action.id)
    assert (waiting.code, silent.code, ended.counts) == ("no_answer_yet", "no_answer", {"failed": 1, "done": 2})


async def test_one_that_answers_at_last_has_taken_the_word_once(
    desk_journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again under the same id, it says what it said; since when it was silent is kept meanwhile."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 1)
        desk.refuses.clear()
        action = await retry_of(desk_journey, found, needs_approval=True)
        own = found[0].item_id
        await _nobody(desk_journey, action)
        async with desk_journey.database.session() as session:
            (await session.get_one(BulkAction, action.id)).state = BulkState.RUNNING
        sender, world = BulkSend(desk_journey.database), ActivityEnvironment(client=desk_journey.client)
        began = clock.now()

        async def asked(minutes: int) -> tuple[BulkFate, str, bool]:
            at = began + timedelta(minutes=minutes)
            await world.run(sender.send, Send(bulk_id=action.id, ordinals=(0,), at=at, proof=Proof.TOLD))
            (one,) = await things(desk_journey, action.id)
            return one.state, one.code, one.at == began

        monkeypatch.setattr(steps, "ANSWER", timedelta(seconds=1))
        silent = [await asked(0), await asked(1)]
        monkeypatch.undo()
        async with desk_journey.database.session() as session:
            (await bulk.results(session, action.id))[0].workflow_id = f"item/{own}"

        async def answered() -> bool:
            return (await asked(2))[0] is not BulkFate.SENT

        await until(desk_journey, answered)

    assert silent == [(BulkFate.SENT, "no_answer_yet", True)] * 2
    assert (await fates(desk_journey, action.id)) == {BulkFate.DONE: 1}
