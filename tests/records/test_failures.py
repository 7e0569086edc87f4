"""Failures follow their items: grouped by cause, counted right, over when the entry is."""

import asyncio
import random

import pytest
from sqlalchemy import text

from core.work_item import FINAL, State
from failure.kinds import Standing
from failure.signature import Trouble
from failure.states import Review
from records import attempts, failure_groups, failure_merges, failures, settling
from records.database import Database
from records.failure_groups import CannotMove
from records.failure_merges import CannotMerge
from records.intake import Receipt
from tests.support.failing import MOVED_FIELD, NOON, RUNNER, Entries


@pytest.fixture
def entries(database: Database, case: Receipt) -> Entries:
    """Entries of one case."""
    return Entries(database, case)


async def open_of(database: Database) -> tuple[int, int, int]:
    """Open failures as the rows, the counts and the groups tell their number."""
    async with database.session() as session:
        connection = await session.connection()
        asked = [
            "SELECT count(*) FROM failures WHERE ended_at IS NULL",
            "SELECT coalesce(sum(n), 0) FROM failure_counts",
            "SELECT coalesce(sum(open), 0) FROM failure_groups",
        ]
        rows, counts, groups = [(await connection.execute(text(one))).scalar_one() for one in asked]
    return rows, int(counts), int(groups)


async def test_failures_of_one_cause_are_one_group(entries: Entries) -> None:
    """Five entries that met the same changed screen are one group; one that met another trouble is another."""
    same = [await entries.failed(f"470000{n}") for n in range(5)]
    other = await entries.failed("4700009", code="system_down", trouble=Trouble(step="find"))

    groups = {(await entries.group(item)).id for item in same}

    assert len(groups) == 1
    assert (await entries.group(other)).id not in groups
    found = await entries.group(same[0])
    assert (found.open, found.times, found.review, found.failure_class) == (5, 5, Review.NEW, "drift")


async def test_an_entry_that_goes_on_is_retrying_and_over_once_it_is_in(entries: Entries) -> None:
    """A retry ends no failure; only the entry that was seen on the screen does, and the group is verified with it."""
    item = await entries.failed("4700001")
    again = await entries.moved(item, State.READY, event="item.retried", values={"code": ""})
    retrying = await entries.failure(item)

    await entries.tried(again, State.DONE, trouble=None)
    over = await entries.failure(item)

    assert (retrying.review, retrying.ended_at) == (Review.RETRYING, None)
    assert (over.review, over.ending, over.standing) == (Review.VERIFIED, "verified", "entered")
    assert (await entries.group(item)).review is Review.VERIFIED
    assert await open_of(entries.database) == (0, 0, 0)


async def test_a_retry_that_fails_again_is_the_same_failure(entries: Entries) -> None:
    """It counts twice, stays one row, and moves to the group of what stood against it this time."""
    item = await entries.failed("4700001")
    again = await entries.moved(item, State.READY, event="item.retried", values={"code": ""})

    await entries.tried(again, State.REFUSED, code="status_forbids", trouble=Trouble(step="enter", message="E104"))

    failure, group = await entries.failure(item), await entries.group(item)
    assert (failure.times, failure.review, failure.code, group.code) == (
        2,
        Review.NEW,
        "status_forbids",
        "status_forbids",
    )
    assert await open_of(entries.database) == (1, 1, 1)


async def test_a_cause_that_comes_again_has_regressed(entries: Entries) -> None:
    """A group that was over and meets its failure again says so, and since when."""
    item = await entries.failed("4700001")
    await entries.moved(item, State.DISCARDED)
    dismissed = (await entries.group(item)).review

    later = NOON.replace(hour=15)
    await entries.failed("4700002", at=later)

    group = await entries.group(item)
    assert (dismissed, group.review, group.regressed_at) == (Review.DISMISSED, Review.REGRESSED, later)


async def test_a_doubt_says_that_it_may_be_in(entries: Entries) -> None:
    """An unknown entry counts as one that may be in; a lost process that left it so too."""
    doubtful = await entries.tried(await entries.new("4700001"), State.UNKNOWN, code="too_slow")

    failure = await entries.failure(doubtful)

    assert (failure.standing, failure.failure_class) == ("maybe", "unknown")


async def test_what_a_person_wanted_is_no_failure(entries: Entries) -> None:
    """An entry that somebody keys by hand needs no review."""
    await entries.moved(await entries.new("4700001"), State.WITH_PERSON, values={"code": "by_hand"})

    assert await open_of(entries.database) == (0, 0, 0)


async def test_an_entry_held_behind_a_group_counts_with_it(entries: Entries) -> None:
    """It was not tried and stands in the group; done after the release, it is over like the others."""
    failed, held = await entries.failed("4700001"), await entries.new("4700002")
    group = await entries.group(failed)
    async with entries.database.session() as session:
        await failures.hold_behind(session, held.id, group.id, NOON)
        await failures.hold_behind(session, held.id, group.id, NOON)

    stands, both = await entries.failure(held), await entries.group(failed)
    await entries.tried(held, State.DONE, trouble=None)

    assert (stands.held, stands.group_id, both.open, both.times) == (True, group.id, 2, 1)
    assert (await entries.failure(held)).ending == "verified"
    assert (await entries.group(failed)).open == 1


async def test_a_settled_try_is_a_failure_when_it_is_in_doubt(entries: Entries) -> None:
    """A process that died after the click leaves a doubt of the class *lost*; one that died before leaves none."""
    item = await entries.new("4700001")
    async with entries.database.session() as session:
        attempt = await attempts.claim(session, item.id, item.fence, RUNNER, 60, NOON)
        assert attempt is not None
        await attempts.guard(session, attempt, NOON)
    async with entries.database.session() as session:
        await settling.settle(session, item.id, item.fence, NOON)

    failure = await entries.failure(item)
    assert (failure.failure_class, failure.code, failure.standing) == ("lost", "worker_lost", "maybe")


async def test_merged_groups_are_one_until_the_merge_is_taken_back(entries: Entries) -> None:
    """What failed and what fails later of both stands in one; taken back, each has its own again, late ones too."""
    one = await entries.failed("4700001")
    other = await entries.failed("4700002", code="system_down", trouble=Trouble(step="find"))
    into, merged = await entries.group(one), await entries.group(other)
    async with entries.database.session() as session:
        row = await failure_merges.merge(session, merged.id, into.id, "eva@example.org", "one outage", NOON)
    late = await entries.failed("4700003", code="system_down", trouble=Trouble(step="find"))
    together = (await entries.group(late)).open
    async with entries.database.session() as session:
        await failure_merges.unmerge(session, row.id, "eva@example.org", NOON)

    assert together == 3
    assert ((await entries.group(one)).open, (await entries.group(late)).id, (await entries.group(late)).open) == (
        1,
        merged.id,
        2,
    )
    assert await open_of(entries.database) == (3, 3, 3)


async def test_a_group_is_not_merged_into_itself_or_twice(entries: Entries) -> None:
    """What makes no sense is said, and changes nothing."""
    one = await entries.group(await entries.failed("4700001"))
    other = await entries.group(await entries.failed("4700002", code="too_slow"))
    async with entries.database.session() as session:
        await failure_merges.merge(session, other.id, one.id, "eva@example.org", "same", NOON)

    for group, into in ((one.id, one.id), (one.id, other.id), (other.id, one.id)):
        with pytest.raises(CannotMerge):
            async with entries.database.session() as session:
                await failure_merges.merge(session, group, into, "eva@example.org", "again", NOON)


async def test_a_review_takes_only_its_arrows(entries: Entries) -> None:
    """A group that was acknowledged can wait for a fix; nothing verifies what is verified."""
    item = await entries.failed("4700001")
    group = await entries.group(item)
    async with entries.database.session() as session:
        await failure_groups.review(session, group.id, Review.WAITING_FOR_FIX, "eva@example.org", NOON)
    await entries.moved(item, State.DISCARDED)

    with pytest.raises(CannotMove):
        async with entries.database.session() as session:
            await failure_groups.review(session, group.id, Review.ACKNOWLEDGED, "eva@example.org", NOON)


async def test_counts_stay_right_whatever_happens_at_once(entries: Entries) -> None:
    """After 240 arrows of 24 items, eight at a time, counts and groups say what the rows say."""
    made = [await entries.new(f"47{n:05}") for n in range(24)]
    gate = asyncio.Semaphore(8)

    async def live(number: int) -> None:
        item, steps = made[number], random.Random(number)
        for _ in range(10):
            async with gate:
                known = await entries.view(item.id)
                if known.state in FINAL:
                    return
                if known.state is State.READY:
                    to = steps.choice([State.BROKEN, State.REFUSED, State.UNKNOWN, State.DONE])
                    code = steps.choice(["element_missing", "system_down", "status_forbids"])
                    met = steps.choice([MOVED_FIELD, Trouble(step="find"), None])
                    await entries.tried(known, to, code=code, trouble=met)
                else:
                    onward = [State.READY, State.READY, State.DONE, State.WITH_PERSON]
                    await entries.moved(known, steps.choice(onward), values={"code": ""})

    await asyncio.gather(*(live(number) for number in range(24)))

    rows, counts, groups = await open_of(entries.database)
    assert rows == counts == groups
    assert rows > 0


async def test_what_was_handed_over_needs_no_review(entries: Entries) -> None:
    """A person is to key it: it leaves the count of its group, and is a failure anew once a bot has it and fails."""
    first, second = [await entries.failed(f"470000{number}") for number in (1, 2)]

    await entries.moved(first, State.WITH_PERSON, actor="sam@example.org", values={"code": "by_hand"})
    handed, group = await entries.failure(first), await entries.group(first)
    again = await entries.moved(first, State.READY, actor="sam@example.org", values={"code": ""})
    await entries.tried(again, State.BROKEN)

    assert (handed.ending, handed.ended_by, handed.review) == ("handed_over", "sam@example.org", Review.DISMISSED)
    assert (handed.standing, group.open, group.review) == (Standing.NOT_ENTERED, 1, Review.NEW)
    assert ((await entries.group(second)).open, (await entries.failure(first)).times) == (2, 1)


async def test_a_merge_leaves_no_open_failure_in_a_group_that_is_over(entries: Entries) -> None:
    """What is over and takes open failures in, or gets its own back, has regressed: it can be reviewed and retried."""
    over = await entries.failed("4700001", code="element_twice")
    await entries.tried(await entries.moved(over, State.READY, values={"code": ""}), State.DONE)
    fresh = await entries.failed("4700002")
    ended, new = await entries.group(over), await entries.group(fresh)

    async with entries.database.session() as session:
        await failure_merges.merge(session, new.id, ended.id, "sam@example.org", "one cause", NOON)
    taken_in = await entries.group(fresh)
    await entries.tried(await entries.moved(fresh, State.READY, values={"code": ""}), State.DONE)

    async with entries.database.session() as session:
        (merge,) = await failure_merges.of_group(session, ended.id)
        group = await session.get_one(type(new), new.id)
        group.review = Review.VERIFIED
    again = await entries.failed("4700003")
    async with entries.database.session() as session:
        await failure_merges.unmerge(session, merge.id, "sam@example.org", NOON)
    back = await entries.group(again)

    assert (ended.review, taken_in.id, taken_in.review, taken_in.regressed_at) == (
        Review.VERIFIED,
        ended.id,
        Review.REGRESSED,
        NOON,
    )
    assert (back.id, back.open, back.review) == (new.id, 1, Review.REGRESSED)
