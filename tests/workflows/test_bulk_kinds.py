"""The kinds of bulk actions on failures, as the console asks for them and the entries' workflows take them."""

from dataclasses import replace
from typing import Any

from console import bulk_asking, bulk_preview
from console.bulk_kinds import KINDS
from console.collaborators import Collaborators
from core import clock
from core.settings import Settings
from core.work_item import State
from records.access import Person
from records.bulk_action import BulkAction, BulkFate, BulkState
from records.bulk_failures import Selection
from records.failure import Failure
from records.people import Role
from records.work_item import WorkItem
from tests.support.journey import Journey
from tests.workflows.bulk_cast import failed_entries, retry_of, say, things, until_bulk
from tests.workflows.test_legacy_entry import desk_of, until
from workflows.acts import RerouteItem, TakeOver


async def asked(journey: Journey, kind: str, found: list[Failure], **form: str) -> BulkAction:
    """A supervisor asks for it from its page."""
    parts = Collaborators(journey.database, journey.client, journey.settings, None, clock.now)  # type: ignore[arg-type]
    by = await journey.person(Role.SUPERVISOR)
    email = "supervisor@example.org"
    person = Person(id=by, email=email, name="Supervisor", role=Role.SUPERVISOR, session_id="", kind="browser")
    selection = Selection(ids=tuple(one.id for one in found))
    seen = (await bulk_preview.of(parts, person, KINDS[kind], selection)).seen
    came = await bulk_asking.ask(parts, person, KINDS[kind], selection, {**form, "seen": seen, "key": kind})
    assert came.action is not None, (came.errors, came.stale)
    return came.action


async def items(journey: Journey, found: list[Failure]) -> list[Any]:
    """The entries as they are kept."""
    async with journey.database.session() as session:
        return [await session.get_one(WorkItem, one.item_id) for one in found]


async def until_state(journey: Journey, item: WorkItem, state: State) -> None:
    """Wait until the entry is in that state."""

    async def there() -> bool:
        async with journey.database.session() as session:
            return (await session.get_one(WorkItem, item.id)).state is state

    await until(journey, there)


async def test_each_kind_does_what_it_says(desk_journey: Journey) -> None:
    """Assigned, handed over, discarded: each entry stands as its kind says, with a result for each."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 3)
        assigned = await asked(desk_journey, "assign", found, to="agent@example.org")
        await until_bulk(desk_journey, assigned.id, BulkState.DONE, ended=True)
        over = await asked(desk_journey, "hand_over", found[:1], reason="two vans wait for it")
        await until_bulk(desk_journey, over.id, BulkState.DONE, ended=True)
        gone = await asked(desk_journey, "discard", found[1:], reason="ordered twice")
        await until_bulk(desk_journey, gone.id, BulkState.DONE, ended=True)

    async with desk_journey.database.session() as session:
        owners = [(await session.get_one(Failure, one.id)).owner for one in found]
    stand = [(one.state, one.code) for one in await items(desk_journey, found)]
    said = [one.state for action in (assigned, over, gone) for one in await things(desk_journey, action.id)]
    assert owners == ["agent@example.org"] * 3
    assert stand[0] == (State.WITH_PERSON, "by_hand")
    assert [state for state, _ in stand[1:]] == [State.DISCARDED] * 2
    assert said == [BulkFate.DONE] * 6


async def test_what_changes_after_the_preview_is_left_alone(desk_journey: Journey) -> None:
    """Taken over or done by the time its turn comes, an entry is not touched, and its result says why."""
    async with desk_of(desk_journey, seats=1) as desk:
        found = await failed_entries(desk_journey, desk, 3)
        settings: Settings = desk_journey.settings.model_copy(update={"bulk_four_eyes_above": 0})
        waiting = replace(desk_journey, settings=settings)
        action = await asked(waiting, "discard", found, reason="ordered twice")
        taken, done = (await items(desk_journey, found))[:2]
        await desk_journey.act_on_item(taken, "take_over", TakeOver(by=await desk_journey.person(Role.AGENT)))
        desk.refuses.clear()
        await desk_journey.act_on_item(done, "retry", {"by": str(await desk_journey.person(Role.AGENT))})
        await until_state(desk_journey, done, State.DONE)
        await say(desk_journey, action.id, "approve", Role.SUPERVISOR, "other")
        await until_bulk(desk_journey, action.id, BulkState.DONE, ended=True)

    came = [(one.state, one.said) for one in await things(desk_journey, action.id)]
    assert came[0][0] is BulkFate.SKIPPED
    assert came[0][1].startswith("Agent works on it")
    assert came[1][0] is BulkFate.REFUSED
    assert "done" in came[1][1]
    assert came[2][0] is BulkFate.DONE


async def test_what_was_handed_over_meanwhile_goes_to_no_bot(desk_journey: Journey) -> None:
    """A retry that was asked for before is refused where a person is to key the entry now; nothing is entered twice."""
    async with desk_of(desk_journey) as desk:
        found = await failed_entries(desk_journey, desk, 2)
        desk.refuses.clear()
        again = await retry_of(desk_journey, found, needs_approval=True)
        by = await desk_journey.person(Role.SUPERVISOR)
        handle = desk_journey.client.get_workflow_handle(f"item/{found[0].item_id}")
        await handle.execute_update("reroute", RerouteItem(by=by, route="person", reason="two vans wait for it"))
        await say(desk_journey, again.id, "approve", Role.SUPERVISOR, "other")
        await until_bulk(desk_journey, again.id, BulkState.DONE, ended=True)

    (first, second), (handed, other) = await items(desk_journey, found), await things(desk_journey, again.id)
    assert (handed.state, handed.code, other.state) == (BulkFate.REFUSED, "wrong_state", BulkFate.DONE)
    assert (first.state, first.code, second.state) == (State.WITH_PERSON, "by_hand", State.DONE)
    assert desk.entered == [second.target_key]
