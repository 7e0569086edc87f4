"""An operation is held once its entries fail in a row; those behind stand in line, and go on in their order."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import select

from core.work_item import State
from failure.signature import Trouble
from records import failure_merges, held_line, operation_holds
from records.bulk_action import BulkAction, BulkStage, BulkState, Proof
from records.database import Database
from records.holding_back import hold_back
from records.intake import Receipt
from records.items import ItemView
from records.operation_holds import OperationHold
from systems.registry import SYSTEMS
from tests.support.failing import MOVED_FIELD, NOON, Entries

DOWN = Trouble(step="find", message="HTTP 503")


@pytest.fixture
def entries(database: Database, case: Receipt) -> Entries:
    """Entries of one case."""
    return Entries(database, case)


async def holds_of(database: Database) -> list[OperationHold]:
    """Every hold there was."""
    async with database.session() as session:
        return list(await session.exec(select(OperationHold)))


async def held(entries: Entries, item: ItemView) -> bool:
    """Whether a bot that would try it is told to leave it."""
    known = await entries.view(item.id)
    async with entries.database.session() as session:
        return await hold_back(session, known, NOON)


async def through(entries: Entries, item: ItemView) -> ItemView:
    """A person sends it through the hold."""
    return await entries.moved(item, State.READY, actor="sam@example.org", values={"through_hold": True, "code": ""})


async def done(entries: Entries, item: ItemView) -> None:
    """A bot enters it."""
    known = await entries.tried(item, State.RUNNING, trouble=None)
    await entries.moved(known, State.DONE, event="item.done", values={"code": ""}, bump=False)


@pytest.mark.failure_mode("F12")
async def test_three_failures_of_one_cause_hold_the_operation_and_the_next_is_not_tried(entries: Entries) -> None:
    """F12: two failures hold nothing; the third does, and what comes then stands behind the same group, untried."""
    for number in (1, 2):
        await entries.failed(f"470000{number}")
    fourth = await entries.new("4700004")
    before = await held(entries, fourth)

    third = await entries.failed("4700003")
    after = await held(entries, fourth)

    (hold,) = await holds_of(entries.database)
    group, failure = await entries.group(third), await entries.failure(fourth)
    assert (before, after) == (False, True)
    assert (hold.group_id, hold.threshold, hold.operation) == (group.id, 3, "mark_failed_delivery")
    assert (failure.held, failure.group_id, failure.times) == (True, group.id, 0)
    assert ((await entries.view(fourth.id)).attempts, group.open) == (0, 4)


async def test_a_success_between_them_holds_nothing(entries: Entries) -> None:
    """Two failures, an entry that a bot made, and two more failures: the operation works, some entries do not."""
    for number in (1, 2):
        await entries.failed(f"470000{number}")
    good = await entries.new("4700005")
    known = await entries.tried(good, State.RUNNING, trouble=None, at=NOON + timedelta(minutes=1))
    await entries.moved(known, State.DONE, event="item.done", bump=False, at=NOON + timedelta(minutes=1))
    for number in (3, 4):
        await entries.failed(f"470000{number}", at=NOON + timedelta(minutes=2))

    assert await holds_of(entries.database) == []

    await entries.failed("4700006", at=NOON + timedelta(minutes=3))
    assert len(await holds_of(entries.database)) == 1


@pytest.mark.parametrize(
    ("to", "code", "step"),
    [
        (State.REFUSED, "record_not_found", "find"),
        (State.UNKNOWN, "too_slow", "submit"),
        (State.BROKEN, "worker_lost", "enter"),
    ],
)
async def test_doubt_a_refusal_and_a_lost_process_hold_nothing(
    entries: Entries, to: State, code: str, step: str
) -> None:
    """What a system says of one record, what may be in, and what a process died of says nothing of the next entry."""
    for number in range(4):
        item = await entries.new(f"470000{number}")
        if to is State.UNKNOWN:
            item = await entries.tried(item, State.RUNNING, trouble=None)
            item = await entries.moved(item, State.SUBMITTING, bump=False)
            await entries.moved(item, State.UNKNOWN, bump=False, values={"code": code}, trouble=Trouble(step=step))
        else:
            await entries.tried(item, to, code=code, trouble=Trouble(step=step))

    assert await holds_of(entries.database) == []


async def test_failures_of_several_causes_hold_nothing_and_a_system_may_say_never(
    entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of each of two causes are not three of one; with `hold_after` 0 no number of them holds anything."""
    for number in (1, 2):
        await entries.failed(f"470000{number}")
        await entries.failed(f"471000{number}", code="system_down", trouble=DOWN)
    of_several = await holds_of(entries.database)

    object.__setattr__(SYSTEMS["orderdesk"], "hold_after", 0)
    try:
        await entries.failed("4700003")
    finally:
        object.__setattr__(SYSTEMS["orderdesk"], "hold_after", 3)

    assert (of_several, await holds_of(entries.database)) == ([], [])


async def held_operation(entries: Entries, waiting: int, trouble: Trouble = MOVED_FIELD) -> list[ItemView]:
    """A held operation; its line, in its order, the failures first."""
    code = "element_missing" if trouble is MOVED_FIELD else "system_down"
    failed = [await entries.failed(f"470000{number}", code=code, trouble=trouble) for number in range(3)]
    line = [await entries.new(f"471000{number}", at=NOON + timedelta(seconds=number)) for number in range(waiting)]
    for item in reversed(line):
        assert await held(entries, item)
    return [*failed, *line]


async def test_an_entry_that_was_sent_through_and_is_in_ends_the_hold(entries: Entries) -> None:
    """The canary is tried, fails nothing, and once a bot has entered it the line is free; who else tries is held."""
    first, _, _, waiting = await held_operation(entries, 1)
    canary = await through(entries, first)
    may = await held(entries, canary)
    others = await held(entries, waiting)

    await done(entries, canary)

    (hold,) = await holds_of(entries.database)
    assert (may, others) == (False, True)
    assert (hold.ended_by, hold.why) == ("baton", "an entry passed")
    assert (await entries.view(first.id)).through_hold is False


async def test_a_canary_that_fails_leaves_the_hold_and_its_leave_to_pass(entries: Entries) -> None:
    """It fails as often as it is tried; its leave ends with it, and the next try is held again."""
    first, *_ = await held_operation(entries, 0)
    canary = await through(entries, first)

    await entries.tried(canary, State.BROKEN)
    again = await entries.moved(first, State.READY, actor="sam@example.org", values={"code": ""})

    assert await held(entries, again)
    assert [hold.ended_at for hold in await holds_of(entries.database)] == [None]


def bulk_of(group_id: uuid.UUID) -> BulkAction:
    """A bulk action of that group, under way."""
    return BulkAction(
        key="again",
        kind="retry",
        title="Retry them",
        group_id=group_id,
        selection={},
        asked_by="sam@example.org",
        asked_at=NOON,
        state=BulkState.RUNNING,
        state_at=NOON,
        stage=BulkStage.CANARY,
        proof=Proof.ENTERED,
        counted_from=NOON,
    )


async def test_a_bulk_action_of_the_group_ends_the_hold_itself(entries: Entries) -> None:
    """While one is under way its canary does not open the line to all at once: what it was asked says when."""
    first, *_ = await held_operation(entries, 0)
    group = await entries.group(first)
    async with entries.database.session() as session:
        session.add(bulk_of(group.id))
    await done(entries, await through(entries, first))
    (hold,) = await holds_of(entries.database)

    async with entries.database.session() as session:
        ended = await operation_holds.end(session, hold.id, "sam@example.org", NOON, "all are in")
        twice = await operation_holds.end(session, hold.id, "sam@example.org", NOON, "all are in")

    assert hold.ended_at is None
    assert (ended, twice) == (True, False)


async def test_a_bulk_action_of_the_group_it_was_merged_into_ends_the_hold_too(entries: Entries) -> None:
    """The canary of the one group that two causes are now does not open the line of either of them."""
    first, *_ = await held_operation(entries, 0)
    other = await entries.failed("4720001", code="element_twice")
    group, into = await entries.group(first), await entries.group(other)
    async with entries.database.session() as session:
        await failure_merges.merge(session, group.id, into.id, "sam@example.org", "one cause", NOON)
        session.add(bulk_of(into.id))

    await done(entries, await through(entries, first))

    assert [hold.ended_at for hold in await holds_of(entries.database)] == [None]


async def test_a_held_entry_stays_its_groups_own_when_a_merge_is_taken_back(entries: Entries) -> None:
    """Held while its group was merged, it is one of that group again afterwards."""
    first, *_ = await held_operation(entries, 0)
    other = await entries.failed("4720001", code="element_twice")
    group, into = await entries.group(first), await entries.group(other)
    async with entries.database.session() as session:
        merge = await failure_merges.merge(session, group.id, into.id, "sam@example.org", "one cause", NOON)
    waiting = await entries.new("4720002")
    assert await held(entries, waiting)
    during = await entries.group(waiting)

    async with entries.database.session() as session:
        await failure_merges.unmerge(session, merge.id, "sam@example.org", NOON)

    assert (during.id, (await entries.group(waiting)).id) == (into.id, group.id)


async def test_a_held_entry_that_is_let_go_and_fails_counts_as_failed(entries: Entries) -> None:
    """It was tried, and failed for what its group failed for: it is held no more, whoever says so."""
    *_, waiting = await held_operation(entries, 1)
    async with entries.database.session() as session:
        (hold,) = await operation_holds.open_holds(session)
        await held_line.let_go(session, hold.id, 1, NOON)

    await entries.tried(waiting, State.BROKEN, trouble=None)

    failure = await entries.failure(waiting)
    assert (failure.held, failure.times) == (False, 1)
