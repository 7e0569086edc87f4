"""A group waits for a fix, sees it deployed, and releases itself exactly once: the canary, then the rest."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from core.work_item import State
from failure.states import Review
from fallbacks.fixes import Fixes
from records import access, bulk, failure_fix, failure_snooze, failures, items, screen_snapshots
from records.access import Person
from records.bulk_action import BulkAction, BulkStage, BulkState, Proof
from records.database import Database
from records.failure_fix import Wish
from records.failure_groups import CannotMove
from records.failure_mark import Stale, mark
from records.outbox import OutboxRow
from records.people import Role, User
from records.screen_snapshots import ScreenSnapshot
from records.told import Told
from records.trail import Evidence
from records.work_item import WorkItem
from tests.support.change_cast import intent
from tests.support.failure_cast import NEW, NOW, OLD, SCREEN, ends, fail, goes_in, runs, the_group

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def lead(database: Database) -> Person:
    """The supervisor."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
        user = (await session.exec(select(User).where(User.role == Role.SUPERVISOR))).one()
    return Person(id=user.id, email=user.email, name=user.name, role=user.role, session_id="s", kind="browser")


async def waits(database: Database, lead: Person, **wish: object) -> None:
    """The group waits for a fix."""
    group = await the_group(database)
    wanted = Wish.model_validate({"route": "bot", "seen": mark(group), **wish})
    async with database.session() as session:
        await failure_fix.wait(session, group.id, wanted, lead, NOW)


async def actions(database: Database) -> list[BulkAction]:
    """Every bulk action."""
    async with database.session() as session:
        return list(await session.exec(select(BulkAction)))


async def test_a_group_releases_itself_once_the_newer_version_runs(database: Database, lead: Person) -> None:
    """However many ticks run at once: one move, one bulk retry with a canary, in the original order, one outbox row."""
    old = await runs(database, OLD, 1, NOW - timedelta(days=9))
    made = await fail(database, 5)
    await waits(database, lead, releases_itself=True)
    before = await Fixes(database, 500).run_once(LATER)

    await ends(database, old)
    await runs(database, NEW, 2, LATER)
    beats = await asyncio.gather(*(Fixes(database, 500).run_once(LATER) for _ in range(3)))
    after = await Fixes(database, 500).run_once(LATER + timedelta(minutes=1))

    group, (action,) = await the_group(database), await actions(database)
    async with database.session() as session:
        rows = await bulk.results(session, action.id)
        sent = (await session.exec(select(OutboxRow).where(OutboxRow.workflow_id == f"bulk/{action.id}"))).all()
        told = (await session.exec(select(Told.text).where(Told.kind == "failures_fix"))).all()
    assert (before, sum(beats), after) == (0, 1, 0)
    assert (group.review, group.review_by) == (Review.FIX_DEPLOYED, "baton")
    assert (action.kind, action.stage, action.proof) == ("retry", BulkStage.CANARY, Proof.ENTERED)
    assert action.asked_by == lead.email
    assert (action.canary, action.stop_after, action.group_id) == (True, 3, group.id)
    assert [row.item_id for row in rows] == made
    assert rows[0].act == {"by": str(lead.id), "in_bulk": True, "through_hold": True}
    assert (len(sent), len(told)) == (1, 1)
    assert f"{NEW} runs on bots-1" in told[0]


async def test_as_long_as_the_old_version_still_runs_nothing_is_released(database: Database, lead: Person) -> None:
    """During a roll-out an entry could meet the old one: it waits until that has ended."""
    old = await runs(database, OLD, 1, NOW - timedelta(days=9))
    await fail(database, 1)
    await waits(database, lead)
    await runs(database, NEW, 2, LATER)

    both = await Fixes(database, 500).run_once(LATER)
    await ends(database, old)
    alone = await Fixes(database, 500).run_once(LATER)

    assert (both, alone) == (0, 1)


async def test_an_older_version_that_is_put_back_is_no_newer_one(database: Database, lead: Person) -> None:
    """What was known before the version that failed is not what the group waits for, unless it is named."""
    await ends(database, await runs(database, "orderdesk-1", 1, NOW - timedelta(days=9)))
    await ends(database, await runs(database, OLD, 2, NOW - timedelta(days=8)))
    await fail(database, 1)
    await waits(database, lead)
    await runs(database, "orderdesk-1", 3, LATER)

    put_back = await Fixes(database, 500).run_once(LATER)
    await waits(database, lead, version="orderdesk-1")
    named = await Fixes(database, 500).run_once(LATER)

    assert (put_back, named) == (0, 1)


async def test_a_fix_that_came_before_anybody_waited_counts(database: Database, lead: Person) -> None:
    """Deployed between the failure and the wish: it is newer than the one that failed, so the wait is over at once."""
    await ends(database, await runs(database, OLD, 1, NOW - timedelta(days=9)))
    await fail(database, 1)
    await runs(database, NEW, 2, NOW - timedelta(minutes=1))

    await waits(database, lead)

    assert await Fixes(database, 500).run_once(NOW) == 1


async def test_without_releasing_itself_it_only_says_so(database: Database, lead: Person) -> None:
    """Fix deployed, somebody is told, nothing is sent."""
    await fail(database, 2)
    await waits(database, lead)
    await runs(database, NEW, 2, LATER)

    await Fixes(database, 500).run_once(LATER)

    assert (await the_group(database)).review is Review.FIX_DEPLOYED
    assert await actions(database) == []


async def test_many_wait_for_approval(database: Database, lead: Person) -> None:
    """Above the set number somebody else must agree before anything is sent, and is asked once."""
    await fail(database, 3)
    await waits(database, lead, releases_itself=True)
    await runs(database, NEW, 2, LATER)

    for _ in range(3):
        await Fixes(database, 2).run_once(LATER)

    (action,) = await actions(database)
    async with database.session() as session:
        told = (await session.exec(select(Told.kind).where(Told.occurrence == f"bulk/{action.id}/approval"))).all()
    assert (action.state, action.total, len(told)) == (BulkState.WAITING_APPROVAL, 3, 1)


async def test_a_beat_that_died_in_between_is_made_up_for(database: Database, lead: Person) -> None:
    """The group had moved and nothing was asked for yet: the next beat asks, and the one after it does not."""
    await fail(database, 2)
    await waits(database, lead, releases_itself=True)
    await runs(database, NEW, 2, LATER)
    async with database.session() as session:
        await failure_fix.arrive(session, (await the_group(database)).id, LATER)

    beats = [await Fixes(database, 500).run_once(LATER) for _ in range(2)]

    assert beats == [0, 0]
    assert [action.total for action in await actions(database)] == [2]


async def test_a_screen_that_is_good_again_is_a_fix(database: Database, lead: Person) -> None:
    """A pass from before the wish is none; one entry of the kind that a bot has made since is."""
    first, _ = await fail(database, 2)
    await waits(database, lead, route="", screen=SCREEN)
    before = await Fixes(database, 500).run_once(LATER)

    await goes_in(database, first, LATER)

    assert (before, await Fixes(database, 500).run_once(LATER)) == (0, 1)


async def test_a_picture_of_the_good_screen_is_a_fix(database: Database, lead: Person) -> None:
    """Whatever entry the bot made there: the screen was seen to be good after the wish."""
    (item,) = await fail(database, 1)
    await waits(database, lead, route="", screen=SCREEN)

    found = []
    for at in (NOW - timedelta(hours=2), LATER):
        async with database.session() as session:
            picture = Evidence(item_id=item, kind="screenshot", taken="looked", path=str(at), size=1, sha256="x", at=at)
            session.add(picture)
            await session.flush()
            where = {"system": "orderdesk", "environment": "production", "screen": SCREEN, "bot_version": OLD}
            await screen_snapshots.keep(session, ScreenSnapshot(**where, layout={}, evidence_id=picture.id, at=at))
        found.append(await Fixes(database, 500).run_once(LATER))

    assert found == [0, 1]


async def test_what_nobody_has_seen_is_not_sent_again(database: Database, lead: Person) -> None:
    """An entry in doubt is left to its look; one that is held behind the group goes with the others, in its place."""
    doubted, failed = await fail(database, 2)
    async with database.session() as session:
        (await session.get_one(WorkItem, doubted)).state = State.UNKNOWN
        held = await items.create(session, intent("4700001"), NOW - timedelta(minutes=5))
        await failures.hold_behind(session, held.id, (await the_group(database)).id, NOW)

    async with database.session() as session:
        found = await failure_fix.rows(session, (await the_group(database)).id, lead.id, LATER)

    assert [row.item_id for row in found] == [held.id, failed]


async def test_waiting_can_be_ended(database: Database, lead: Person) -> None:
    """The version may come: the group stays acknowledged, and a second end changes nothing."""
    await fail(database, 1)
    await waits(database, lead, releases_itself=True)
    group = await the_group(database)

    async with database.session() as session:
        ended = [await failure_fix.wait_no_more(session, group.id, lead, NOW) for _ in range(2)]
    await runs(database, NEW, 2, LATER)

    assert ended == [True, False]
    assert await Fixes(database, 500).run_once(LATER) == 0
    assert (await the_group(database)).review is Review.ACKNOWLEDGED


async def test_an_old_page_has_no_group_wait(database: Database, lead: Person) -> None:
    """F54: somebody else was quicker, or nothing of it is open any more: nothing is changed."""
    (item,) = await fail(database, 1)
    old = mark(await the_group(database))
    await waits(database, lead)

    with pytest.raises(Stale):
        await waits(database, lead, seen=old, version="other")
    await goes_in(database, item, LATER)
    with pytest.raises(CannotMove):
        await waits(database, lead)

    assert (await the_group(database)).review is Review.VERIFIED


async def test_nobody_is_told_of_a_fix_while_the_group_is_put_aside(database: Database, lead: Person) -> None:
    """It is deployed all the same, and stands in the group's history."""
    await fail(database, 1)
    await waits(database, lead)
    async with database.session() as session:
        group = await the_group(database)
        await failure_snooze.snooze(session, group.id, LATER + timedelta(hours=1), None, lead.email, NOW)
    await runs(database, NEW, 2, LATER)

    found = await Fixes(database, 500).run_once(LATER)

    async with database.session() as session:
        told = (await session.exec(select(Told))).all()
    assert (found, list(told)) == (1, [])
