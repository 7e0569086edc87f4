"""What a bulk retry reads of its things: what counts as proof, what a pause costs, what its end means for a hold."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import select

from core.work_item import State
from records import access, bulk, bulk_feed, operation_holds
from records.bulk import BulkAsked, BulkRow
from records.bulk_action import BulkAction, BulkFate, BulkStage, BulkState, Proof
from records.bulk_came import Came
from records.bulk_feed import Fed, Noted
from records.database import Database
from records.intake import Receipt
from records.items import ItemView
from records.people import Role, User
from tests.support.failing import NOON, Entries

LEAD = "supervisor@example.org"
SENT = Came(BulkFate.SENT, "It goes.")


@pytest.fixture
async def entries(database: Database, case: Receipt) -> Entries:
    """Entries of one case, and people."""
    async with database.session() as session:
        await access.ensure_demo_users(session, NOON)
    return Entries(database, case)


async def retry_of(entries: Entries, found: list[ItemView], **how: object) -> uuid.UUID:
    """A bulk retry of these that runs."""
    group = await entries.group(found[0])
    failures = [await entries.failure(one) for one in found]
    async with entries.database.session() as session:
        lead = (await session.exec(select(User).where(User.role == Role.SUPERVISOR))).first()
        assert lead is not None
        plain = {"key": "k", "kind": "retry", "title": "Again", "by": lead.email, "by_id": lead.id}
        plain |= {"group_id": group.id, "proof": Proof.ENTERED, "canary": True, "stop_after": 3, **how}
        rows = [BulkRow(update="retry", act={}, item_id=one.item_id, failure_id=one.id) for one in failures]
        action = await bulk.ask(session, BulkAsked.model_validate(plain), rows, NOON)
        if not action.needs_approval:
            await bulk_feed.note(session, Noted(bulk_id=action.id, at=NOON, state=BulkState.RUNNING))
        return action.id


async def sent(entries: Entries, bulk_id: uuid.UUID, ordinal: int, item: ItemView) -> ItemView:
    """One of them is sent: its workflow has taken the word."""
    going = await entries.moved(item, State.READY, actor=LEAD, values={"through_hold": True, "code": ""})
    async with entries.database.session() as session:
        await bulk_feed.keep(session, bulk_id, ordinal, SENT, NOON, told=True)
    return going


async def fed(entries: Entries, bulk_id: uuid.UUID, seconds: int = 0) -> Fed:
    """What its workflow reads then."""
    async with entries.database.session() as session:
        return await bulk_feed.feed(session, bulk_id, 1, 1, NOON + timedelta(seconds=seconds))


async def noted(entries: Entries, bulk_id: uuid.UUID, state: BulkState, seconds: int, **how: object) -> None:
    """The workflow keeps that."""
    what = {"bulk_id": bulk_id, "at": NOON + timedelta(seconds=seconds), "state": state, **how}
    async with entries.database.session() as session:
        await bulk_feed.note(session, Noted.model_validate(what))


async def entered(entries: Entries, item: ItemView, *, adopted: bool = False) -> None:
    """A bot enters it, or finds that it is in already."""
    known = await entries.tried(item, State.RUNNING, trouble=None)
    event = "item.adopted" if adopted else "item.done"
    await entries.moved(known, State.DONE, event=event, values={"code": "", "adopted": adopted}, bump=False)


async def broken(entries: Entries, count: int) -> list[ItemView]:
    """So many of one cause: three of them hold their operation."""
    return [await entries.failed(f"470000{number}") for number in range(count)]


async def test_a_first_one_that_was_in_already_proves_nothing(entries: Entries) -> None:
    """Only an entry that a bot has made now lets the rest go: not one found there, nor one keyed by hand."""
    first, second, third = await broken(entries, 3)
    bulk_id = await retry_of(entries, [first, second, third])
    await entered(entries, await sent(entries, bulk_id, 0, first), adopted=True)
    found = await fed(entries, bulk_id, 1)
    taken = await entries.moved(await sent(entries, bulk_id, 1, second), State.WITH_PERSON, actor=LEAD)
    await entries.moved(taken, State.DONE, event="item.done_by_hand", actor=LEAD, values={"code": ""})
    by_hand = await fed(entries, bulk_id, 2)
    await entered(entries, await sent(entries, bulk_id, 2, third))
    made = await fed(entries, bulk_id, 3)

    assert [one.proven for one in (found, by_hand, made)] == [False, False, True]
    async with entries.database.session() as session:
        assert (await bulk.counts(session, [bulk_id]))[bulk_id] == {BulkFate.DONE: 3}


async def test_a_pause_loses_no_proof(entries: Entries) -> None:
    """The first one is in when somebody lets it go on after a pause: no second one is sent alone."""
    first, second = await broken(entries, 2)
    bulk_id = await retry_of(entries, [first, second])
    going = await sent(entries, bulk_id, 0, first)
    await noted(entries, bulk_id, BulkState.PAUSED, 1, by=LEAD)
    await entered(entries, going)
    await fed(entries, bulk_id, 2)

    await noted(entries, bulk_id, BulkState.RUNNING, 3, by=LEAD, go_on=True)

    assert (await fed(entries, bulk_id, 4)).proven


async def test_one_that_was_sent_as_the_rest_was_cancelled_is_on_its_way(entries: Entries) -> None:
    """A word that was taken is never called cancelled before it was sent: it goes on to its end and is counted."""
    first, second = await broken(entries, 2)
    bulk_id = await retry_of(entries, [first, second])
    await noted(entries, bulk_id, BulkState.CANCELLED, 1, by=LEAD)

    await sent(entries, bulk_id, 0, first)
    async with entries.database.session() as session:
        await bulk_feed.keep(session, bulk_id, 1, Came(BulkFate.SKIPPED, "Somebody has it."), NOON)
    now = await fed(entries, bulk_id, 2)

    assert (now.outstanding, now.left) == (1, 0)
    async with entries.database.session() as session:
        assert [one.state for one in await bulk.results(session, bulk_id)] == [BulkFate.SENT, BulkFate.CANCELLED]


async def test_a_last_one_that_fails_keeps_no_hold(entries: Entries) -> None:
    """All went through but one, for fewer in a row than halt it: the hold ends with the bulk retry."""
    items = await broken(entries, 3)
    bulk_id = await retry_of(entries, items)
    for ordinal, item in enumerate(items):
        going = await sent(entries, bulk_id, ordinal, item)
        await (entries.tried(going, State.REFUSED, code="status_forbids") if ordinal == 2 else entered(entries, going))
        await fed(entries, bulk_id, ordinal + 1)
    await noted(entries, bulk_id, BulkState.RUNNING, 9, by=LEAD, go_on=True)

    await noted(entries, bulk_id, BulkState.DONE, 10)

    async with entries.database.session() as session:
        assert await operation_holds.open_holds(session) == []


async def test_a_bulk_retry_that_nobody_approved_keeps_no_hold(entries: Entries) -> None:
    """As long as nothing of it may be sent, an entry that passes ends the hold by itself."""
    items = await broken(entries, 3)
    await retry_of(entries, items[1:], needs_approval=True)

    await entered(entries, await entries.moved(items[0], State.READY, actor=LEAD, values={"through_hold": True}))

    async with entries.database.session() as session:
        assert await operation_holds.open_holds(session) == []
        assert (await session.exec(select(BulkAction))).one().stage is BulkStage.CANARY


@pytest.mark.parametrize(("canary", "stands"), [(State.DONE, 0), (State.BROKEN, 1)])
async def test_a_bulk_retry_that_was_cancelled_keeps_a_hold_only_if_its_first_one_failed(
    entries: Entries, canary: State, stands: int
) -> None:
    """The way is proven by the first one, whatever becomes of the rest: nobody stands behind a hold for nothing."""
    items = await broken(entries, 3)
    bulk_id = await retry_of(entries, items)
    going = await sent(entries, bulk_id, 0, items[0])
    await (entered(entries, going) if canary is State.DONE else entries.tried(going, State.BROKEN))
    await fed(entries, bulk_id, 1)
    await noted(entries, bulk_id, BulkState.CANCELLED, 2, by=LEAD)

    await noted(entries, bulk_id, BulkState.CANCELLED, 3)

    async with entries.database.session() as session:
        assert len(await operation_holds.open_holds(session)) == stands
