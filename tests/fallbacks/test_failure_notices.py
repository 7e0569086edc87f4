"""Supervisors are told of a cause when they are needed: once, not while it is put aside, and also when it is over."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from core.work_item import State
from failure.states import Review
from fallbacks.failure_notices import FailureNotices
from records import access, bulk, failure_groups, failure_merges, failure_snooze, failures, items
from records.bulk import BulkAsked, BulkRow
from records.bulk_action import BulkState
from records.database import Database
from records.failure import Failure, FailureGroup
from records.people import Role, User
from records.told import Told
from tests.support.change_cast import FIRST, intent
from tests.support.failure_cast import NOW, break_again, fail, goes_in, the_group

LATER = NOW + timedelta(hours=1)
LEAD = "supervisor@example.org"


@pytest.fixture(autouse=True)
async def people(database: Database) -> None:
    """One person of each role."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)


async def told(database: Database, now: datetime = NOW) -> list[tuple[str, str]]:
    """Beat once, and say what everybody was told since the beginning: whom and of which kind."""
    await FailureNotices(database, 3).run_once(now)
    async with database.session() as session:
        found = await session.exec(select(Told).order_by(col(Told.created_at), col(Told.kind)))
        return [(row.person, row.kind) for row in found]


async def test_a_cause_that_grows_is_told_once(database: Database) -> None:
    """Two are no news, the third is; a hundred beats and more failures later it is still one word."""
    await fail(database, 2)
    few = await told(database)

    await fail(database, 1, first=FIRST + 10)
    many = await told(database)
    await fail(database, 2, first=FIRST + 20)
    await asyncio.gather(*(FailureNotices(database, 3).run_once(LATER) for _ in range(4)))

    assert (few, many) == ([], [(LEAD, "failures_grown")])
    assert await told(database, LATER) == many


async def test_a_cause_that_holds_an_operation_is_told_however_small(database: Database) -> None:
    """One failure with one entry held behind it."""
    await fail(database, 1)
    async with database.session() as session:
        held = await items.create(session, intent("4700001"), NOW)
        await failures.hold_behind(session, held.id, (await the_group(database)).id, NOW)

    assert await told(database) == [(LEAD, "failures_grown")]


async def test_what_somebody_looks_at_already_is_no_news(database: Database) -> None:
    """Acknowledged before it grew: nobody is told."""
    await fail(database, 1)
    async with database.session() as session:
        await failure_groups.review(session, (await the_group(database)).id, Review.ACKNOWLEDGED, LEAD, NOW)

    await fail(database, 5, first=FIRST + 10)

    assert await told(database) == []


async def test_who_looks_after_it_is_told_instead(database: Database) -> None:
    """A group that has an owner rings with them alone."""
    await fail(database, 3)
    async with database.session() as session:
        group = await session.get_one(FailureGroup, (await the_group(database)).id)
        group.owner = "it@example.org"

    assert await told(database) == [("it@example.org", "failures_grown")]


@pytest.mark.parametrize(("until", "count"), [(LATER, None), (None, 6)])
async def test_a_cause_that_is_put_aside_rings_when_it_wakes(
    until: datetime | None, count: int | None, database: Database
) -> None:
    """Not before that time or that count, and then once."""
    await fail(database, 4)
    async with database.session() as session:
        await failure_snooze.snooze(session, (await the_group(database)).id, until, count, LEAD, NOW)

    asleep = await told(database, NOW + timedelta(minutes=59))
    await fail(database, 2, first=FIRST + 10)
    awake = [await told(database, LATER) for _ in range(2)]

    assert asleep == []
    assert awake == [[(LEAD, "failures_grown")]] * 2


async def test_it_cured_itself(database: Database) -> None:
    """Whoever was told that it stands in the way is told that it is over, once; who was told nothing hears nothing."""
    made = await fail(database, 3)
    await told(database)
    for item in made:
        await goes_in(database, item, LATER)

    found = [await told(database, LATER) for _ in range(2)]

    assert (await the_group(database)).review is Review.VERIFIED
    assert found == [[(LEAD, "failures_grown"), (LEAD, "failures_cured")]] * 2


async def test_what_people_did_did_not_cure_itself(database: Database) -> None:
    """Acknowledged by somebody and then over: they know."""
    made = await fail(database, 3)
    await told(database)
    async with database.session() as session:
        await failure_groups.review(session, (await the_group(database)).id, Review.ACKNOWLEDGED, LEAD, NOW)
    for item in made:
        await goes_in(database, item, LATER)

    assert await told(database, LATER) == [(LEAD, "failures_grown")]


async def test_a_cause_that_comes_back_is_told_each_time(database: Database) -> None:
    """Regressed with its first new failure, small as it is; told in each round once, and that it is over again."""
    rounds = []
    for number in range(3):
        at = NOW + timedelta(hours=number)
        (item,) = await fail(database, 1, at, first=FIRST + number)
        await told(database, at)
        rounds.append(await told(database, at))
        await goes_in(database, item, at + timedelta(minutes=5))
        await told(database, at + timedelta(minutes=5))

    last = await told(database, NOW + timedelta(hours=3))

    assert [len(one) for one in rounds] == [0, 1, 3]
    assert [kind for _, kind in last] == ["failures_regressed", "failures_cured"] * 2


async def test_a_release_that_stopped_by_itself_is_told(database: Database) -> None:
    """The canary failed: supervisors hear of it once for each time that it halts."""
    (item,) = await fail(database, 1)
    group = await the_group(database)
    async with database.session() as session:
        lead = (await session.exec(select(User).where(User.role == Role.SUPERVISOR))).one()
        asked = BulkAsked(key="k", kind="retry", title="Again", by=lead.email, by_id=lead.id, group_id=group.id)
        action = await bulk.ask(session, asked, [BulkRow(update="retry", act={}, item_id=item)], NOW)
        action.state, action.state_at = BulkState.HALTED, NOW

    first = [await told(database) for _ in range(2)]
    async with database.session() as session:
        (await session.get_one(type(action), action.id)).state_at = LATER
    again = await told(database, LATER)

    assert first == [[(LEAD, "failures_halted")]] * 2
    assert again == [(LEAD, "failures_halted")] * 2


async def test_an_entry_that_fails_again_is_no_new_cause(database: Database) -> None:
    """One entry that breaks ten times is one failure, not ten."""
    (item,) = await fail(database, 1)
    for _ in range(9):
        async with database.session() as session:
            at = await items.view(session, item)
            move = items.Move(item_id=item, fence=at.fence, to=State.READY, event="item.retried", bump=False)
            await items.move(session, move, NOW)
            await break_again(session, item, NOW)

    assert await told(database) == []


async def test_a_merge_is_no_new_cause(database: Database) -> None:
    """A group that was told of takes an older one in: nobody is told a second time."""
    await fail(database, 1, NOW - timedelta(hours=1), first=FIRST + 50, code="element_missing")
    older = await the_group(database)
    (newer, *_) = await fail(database, 3)
    before = await told(database)
    async with database.session() as session:
        into = (await session.exec(select(Failure.group_id).where(Failure.item_id == newer))).one()
        await failure_merges.merge(session, older.id, into, LEAD, "one cause", NOW)

    assert before == [(LEAD, "failures_grown")]
    assert await told(database, LATER) == before
