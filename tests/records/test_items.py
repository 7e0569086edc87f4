"""The work item's row: one for each intent, and nothing written past a fence."""

import asyncio
import uuid

import pytest
from sqlalchemy.exc import IntegrityError

from core.work_item import State
from records import attempts, items, settling
from records.database import Database
from records.intake import Receipt
from records.items import ItemView, Move
from records.work_item import Attempt, WorkItem, WorkItemRevision
from tests.records.conftest import NOW, RUNNER, as_it_stands, intent


async def moves(database: Database, item: ItemView, to: State, fence: int, **more: object) -> bool:
    """Take an arrow with that fence; whether it was taken."""
    wanted = Move.model_validate({"item_id": item.id, "fence": fence, "to": to, "event": "test", **more})
    async with database.session() as session:
        return await items.move(session, wanted, NOW)


async def settles(database: Database, item: ItemView, fence: int) -> ItemView:
    """Say where the item stands after the attempt that began at that fence."""
    async with database.session() as session:
        return await settling.settle(session, item.id, fence, NOW)


async def test_the_same_intent_is_one_item(database: Database, case: Receipt) -> None:
    """Twenty creations of one identity at once give one item; another place in the journey is another intent."""

    async def create(occurrence: str) -> uuid.UUID:
        async with database.session() as session:
            return (await items.create(session, intent(case, occurrence), NOW)).id

    made = await asyncio.gather(*[create("mark#1") for _ in range(20)])

    assert len(set(made)) == 1
    assert await create("mark#2") not in made


@pytest.mark.failure_mode("F58")
async def test_the_same_intent_bears_the_same_reference(database: Database, case: Receipt) -> None:
    """F58: records that lost an item make it anew with the reference by which its entry is found; others differ."""
    made = []
    for occurrence in ("mark#1", "mark#1", "mark#2"):
        async with database.session() as session:
            made.append(await items.create(session, intent(case, occurrence), NOW))
            await session.rollback()

    assert made[0].id != made[1].id
    assert made[0].reference == made[1].reference != made[2].reference


async def test_the_database_itself_refuses_a_double_item(database: Database, item: ItemView) -> None:
    """Even code that forgot to ask cannot make a second row for one intent."""
    double = {**item.model_dump(include=set(WorkItem.model_fields)), "id": uuid.uuid4(), "reference": "BTN-OTHER"}

    with pytest.raises(IntegrityError):
        async with database.session() as session:
            session.add(WorkItem.model_validate({**double, "wait_since": NOW, "created_at": NOW, "updated_at": NOW}))


async def test_fifty_claims_at_once_are_one_try(database: Database, item: ItemView) -> None:
    """Of fifty processes that see the item ready, one gets it, and its fence has grown by one."""

    async def claim() -> Attempt | None:
        async with database.session() as session:
            return await attempts.claim(session, item.id, item.fence, RUNNER, 60, NOW)

    claimed = [attempt for attempt in await asyncio.gather(*[claim() for _ in range(50)]) if attempt is not None]

    assert [attempt.fence for attempt in claimed] == [item.fence + 1]
    assert (await as_it_stands(database, item)).attempts == 1


@pytest.mark.parametrize(
    ("seconds", "fence_off", "passes"), [(60.0, 0, True), (60.0, -1, False), (0.0, 0, False)], ids=str
)
async def test_only_a_live_lease_and_the_right_fence_pass_the_guard(
    database: Database, item: ItemView, seconds: float, fence_off: int, passes: bool
) -> None:
    """Whoever lost the lease or holds another fence may not click; whoever passed cannot pass again."""
    async with database.session() as session:
        attempt = await attempts.claim(session, item.id, item.fence, RUNNER, seconds, NOW)
        assert attempt is not None
    holding = attempt.model_copy(update={"fence": attempt.fence + fence_off})

    async with database.session() as session:
        answers = [await attempts.guard(session, holding, NOW), await attempts.guard(session, holding, NOW)]

    assert answers == [passes, False]
    assert (await as_it_stands(database, item)).state is (State.SUBMITTING if passes else State.RUNNING)


@pytest.mark.parametrize(
    ("at", "settled"),
    [(State.RUNNING, State.READY), (State.SUBMITTING, State.UNKNOWN), (State.DONE, State.DONE)],
)
async def test_settle_says_what_a_lost_try_means(
    database: Database, item: ItemView, attempt: Attempt, at: State, settled: State
) -> None:
    """Before the click: ready again; after it: unknown; what was written stays. A second settle changes nothing."""
    if at is not State.RUNNING:
        async with database.session() as session:
            assert await attempts.guard(session, attempt, NOW)
    if at is State.DONE:
        assert await moves(database, item, State.DONE, attempt.fence, bump=False, values={"confirmation": "0001"})

    first = await settles(database, item, item.fence)
    second = await settles(database, item, item.fence)

    assert first.state is settled
    assert first == second
    assert not await moves(database, item, State.REFUSED, attempt.fence, bump=False)


async def test_whatever_is_left_of_a_settled_try_writes_nothing(
    database: Database, item: ItemView, attempt: Attempt
) -> None:
    """F17 in the records: after settle neither guard, renewal nor end of the old try has any effect."""
    settled = await settles(database, item, item.fence)

    async with database.session() as session:
        answers = [await attempts.guard(session, attempt, NOW), await attempts.renew(session, attempt, 60)]
    answers.append(await moves(database, item, State.DONE, attempt.fence, bump=False))

    assert answers == [False, False, False]
    assert await as_it_stands(database, item) == settled


async def test_a_move_with_a_stale_fence_or_without_an_arrow_is_none(database: Database, item: ItemView) -> None:
    """A repeated move changes nothing, and an arrow that the diagram lacks is an error, not a state."""
    taken = [await moves(database, item, State.BROKEN, item.fence) for _ in range(2)]

    with pytest.raises(ValueError, match="no arrow"):
        await moves(database, item, State.SUBMITTING, item.fence + 1)

    assert taken == [True, False]
    assert (await as_it_stands(database, item)).fence == item.fence + 1


async def test_a_correction_is_a_new_revision_beside_the_old(database: Database, item: ItemView) -> None:
    """The content that somebody corrected is kept with who and why; the first one stays."""
    await moves(database, item, State.BROKEN, item.fence)
    content = {**item.content, "reason_code": "13"}

    await moves(database, item, State.READY, item.fence + 1, content=content, actor="agent@example.org", why="gate")

    corrected = await as_it_stands(database, item)
    async with database.session() as session:
        kept = [await session.get_one(WorkItemRevision, (item.id, number)) for number in (1, 2)]
    assert (corrected.revision, corrected.content["reason_code"]) == (2, "13")
    assert [(one.author, one.why, one.content["reason_code"]) for one in kept] == [
        ("baton", "", "12"),
        ("agent@example.org", "gate", "13"),
    ]
