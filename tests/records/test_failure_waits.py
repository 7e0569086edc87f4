"""A group that waits for a fix goes on waiting: merged, given back, retried in vain, retried twice at once."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import select

from failure.states import Review
from records import access, bulk, bulk_feed, failure_fix, failure_merges, failure_snooze
from records.access import Person
from records.bulk import BulkAsked, BulkRow
from records.bulk_action import BulkState, Proof
from records.bulk_feed import Noted
from records.database import Database
from records.failure import FailureGroup, FailureMerge
from records.failure_fix import Wish
from records.failure_mark import mark
from records.people import Role, User
from tests.support.failure_cast import NOW, fail, goes_in

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def lead(database: Database) -> Person:
    """The supervisor."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOW)
        user = (await session.exec(select(User).where(User.role == Role.SUPERVISOR))).one()
    return Person(id=user.id, email=user.email, name=user.name, role=user.role, session_id="s", kind="browser")


async def group_of(database: Database, code: str) -> FailureGroup:
    """The group of the failures with that code."""
    async with database.session() as session:
        return (await session.exec(select(FailureGroup).where(FailureGroup.code == code))).one()


async def waits(database: Database, group: FailureGroup, lead: Person) -> None:
    """It waits for a newer bot, and releases itself then."""
    async with database.session() as session:
        await failure_fix.wait(session, group.id, Wish(route="bot", releases_itself=True, seen=mark(group)), lead, NOW)


async def merged(database: Database, group: FailureGroup, into: FailureGroup) -> FailureMerge:
    """Somebody says that the two are one."""
    async with database.session() as session:
        return await failure_merges.merge(session, group.id, into.id, "lead@example.org", "the same", LATER)


async def retry(database: Database, group: FailureGroup, lead: Person, item: uuid.UUID, key: str) -> uuid.UUID:
    """A retry of one of the group that has begun."""
    async with database.session() as session:
        plain = {"key": key, "kind": "retry", "title": "Again", "by": lead.email, "by_id": lead.id}
        asked = BulkAsked.model_validate(plain | {"group_id": group.id, "proof": Proof.ENTERED})
        action = await bulk.ask(session, asked, [BulkRow(update="retry", act={}, item_id=item)], NOW)
        await bulk_feed.note(session, Noted(bulk_id=action.id, at=NOW, state=BulkState.RUNNING))
        return action.id


async def ended(database: Database, action: uuid.UUID) -> None:
    """Its workflow says that everything was sent."""
    async with database.session() as session:
        await bulk_feed.note(session, Noted(bulk_id=action, at=LATER, state=BulkState.DONE))


async def test_a_wait_goes_with_a_merge_and_back_with_it(database: Database, lead: Person) -> None:
    """Merged, the other group waits for the same fix and for no version that failed; taken back, each is as it was."""
    await fail(database, 2)
    await fail(database, 1, NOW - timedelta(hours=2), first=4_700_900, code="label_missing")
    waiting, other = await group_of(database, "screen_unexpected"), await group_of(database, "label_missing")
    seen = (other.first_seen, other.last_seen)
    await waits(database, waiting, lead)

    merge = await merged(database, waiting, other)
    together = await group_of(database, "label_missing")
    async with database.session() as session:
        waiters = list(await failure_fix.waiting(session))
        await failure_merges.unmerge(session, merge.id, "lead@example.org", LATER)
    apart, back = await group_of(database, "label_missing"), await group_of(database, "screen_unexpected")

    assert (together.review, together.releases_itself, waiters) == (Review.WAITING_FOR_FIX, True, [other.id])
    assert (together.last_seen, together.waits_for) == (waiting.last_seen, back.waits_for)
    assert (apart.review, apart.waits_for, apart.releases_itself) == (Review.ACKNOWLEDGED, None, False)
    assert (apart.first_seen, apart.last_seen) == seen
    assert (back.review, back.open) == (Review.WAITING_FOR_FIX, 2)


async def test_a_retry_that_did_not_help_leaves_the_wait(database: Database, lead: Person) -> None:
    """The group waits on for its fix when something of it is open after a retry; one that waited for none does not."""
    first, second = await fail(database, 2)
    group = await group_of(database, "screen_unexpected")
    await waits(database, group, lead)

    action = await retry(database, group, lead, first, "one")
    running = (await group_of(database, "screen_unexpected")).review
    await ended(database, action)
    stands = await group_of(database, "screen_unexpected")
    async with database.session() as session:
        await failure_fix.wait_no_more(session, group.id, lead, LATER)
    await ended(database, await retry(database, group, lead, second, "two"))

    assert running is Review.RETRYING
    assert (stands.review, stands.releases_itself) == (Review.WAITING_FOR_FIX, True)
    assert (await group_of(database, "screen_unexpected")).review is Review.ACKNOWLEDGED


async def test_a_group_is_retried_until_its_last_retry_has_ended(database: Database, lead: Person) -> None:
    """The first retry to end says nothing of the group while the second one runs."""
    first, second, _ = await fail(database, 3)
    group = await group_of(database, "screen_unexpected")

    actions = [await retry(database, group, lead, first, "one"), await retry(database, group, lead, second, "two")]
    reviews = []
    for action in actions:
        await ended(database, action)
        reviews.append((await group_of(database, "screen_unexpected")).review)

    assert reviews == [Review.RETRYING, Review.ACKNOWLEDGED]


async def test_first_and_last_seen_come_back_with_each_merge_taken_back(database: Database) -> None:
    """Whatever failed into the group meanwhile counts where it belongs; what is still merged counts on."""
    old, new = NOW - timedelta(days=2), NOW + timedelta(minutes=30)
    await fail(database, 1)
    await fail(database, 1, old, first=4_700_900, code="label_missing")
    await fail(database, 1, NOW - timedelta(days=1), first=4_700_950, code="system_down")
    into = await group_of(database, "screen_unexpected")
    first = await merged(database, await group_of(database, "label_missing"), into)
    await merged(database, await group_of(database, "system_down"), into)
    (item,) = await fail(database, 1, new, first=4_700_990, code="label_missing")

    async with database.session() as session:
        await failure_merges.unmerge(session, first.id, "lead@example.org", LATER)
    await goes_in(database, item, LATER)

    into, out = await group_of(database, "screen_unexpected"), await group_of(database, "label_missing")
    assert (into.first_seen, into.last_seen) == (NOW - timedelta(days=1), NOW)
    assert (out.first_seen, out.last_seen, out.open) == (old, new, 1)


async def test_a_regression_wakes_a_group_that_was_put_aside(database: Database) -> None:
    """Put aside until so many are open, it is seen again as soon as it was over and fails anew."""
    (item,) = await fail(database, 1)
    group = await group_of(database, "screen_unexpected")
    async with database.session() as session:
        await failure_snooze.snooze(session, group.id, LATER + timedelta(days=9), 100, "lead@example.org", NOW)
    await goes_in(database, item, LATER)

    await fail(database, 1, LATER, first=4_700_900)

    again = await group_of(database, "screen_unexpected")
    assert (again.review, failure_snooze.asleep(again, LATER)) == (Review.REGRESSED, False)
