"""What tests of bulk actions share: entries that failed and stand in one group, and a desk that can be mended."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select
from temporalio.service import RPCError

from core import clock
from records import bulk
from records.bulk import BulkAsked, BulkRow
from records.bulk_action import BulkAction, BulkFate, BulkItem, BulkState, Proof
from records.failure import Failure
from records.people import Role
from records.work_item import WorkItem
from tests.replay.histories import decoded
from tests.support.entry_cast import kept_file, started
from tests.support.journey import Journey
from tests.support.pressing import pressed
from tests.workflows.test_legacy_entry import Desk, rows, until


async def failed_entries(journey: Journey, desk: Desk, count: int) -> list[Failure]:
    """So many entries that the desk has refused, in their original order."""
    contents = rows(count)
    desk.refuses |= {content["order_no"] for content in contents}
    file = await kept_file(journey.database, contents)
    await started(journey.database, file)

    async def all_failed() -> bool:
        return len(await failures(journey)) == count

    await until(journey, all_failed)
    return await failures(journey)


async def failures(journey: Journey) -> list[Failure]:
    """The open failures, in their original order."""
    async with journey.database.session() as session:
        asked = select(Failure).where(col(Failure.ended_at).is_(None)).order_by(col(Failure.place), col(Failure.id))
        return list(await session.exec(asked))


async def targets(journey: Journey, found: Sequence[Failure]) -> list[str]:
    """What these failures are about, in the same order."""
    async with journey.database.session() as session:
        return [(await session.get_one(WorkItem, one.item_id)).target_key for one in found]


async def retry_of(journey: Journey, found: Sequence[Failure], **how: Any) -> BulkAction:
    """A supervisor asks that these be tried again; `how` changes what is asked for."""
    by = await journey.person(Role.SUPERVISOR)
    plain = {
        "key": str(uuid.uuid4()),
        "kind": "retry",
        "title": "Try them again",
        "by": "supervisor@example.org",
        "by_id": by,
        "group_id": found[0].group_id,
        "proof": Proof.ENTERED,
    }
    made = [
        BulkRow(
            workflow_id=f"item/{one.item_id}",
            update="retry",
            act={"by": str(by), "in_bulk": True},
            item_id=one.item_id,
            failure_id=one.id,
            label=str(number),
        )
        for number, one in enumerate(found)
    ]
    async with journey.database.session() as session:
        return await bulk.ask(session, BulkAsked.model_validate(plain | how), made, clock.now())


async def standing(journey: Journey, bulk_id: uuid.UUID) -> BulkAction:
    """The action as it is kept."""
    async with journey.database.session() as session:
        return await session.get_one(BulkAction, bulk_id)


async def things(journey: Journey, bulk_id: uuid.UUID) -> list[BulkItem]:
    """What came of each of its things."""
    async with journey.database.session() as session:
        return await bulk.results(session, bulk_id, limit=1000)


async def fates(journey: Journey, bulk_id: uuid.UUID) -> dict[BulkFate, int]:
    """How many things ended how."""
    async with journey.database.session() as session:
        return (await bulk.counts(session, [bulk_id]))[bulk_id]


async def until_bulk(journey: Journey, bulk_id: uuid.UUID, state: BulkState, *, ended: bool = False) -> BulkAction:
    """Wait until the action is in that state, and over if it is to be."""

    async def there() -> bool:
        action = await standing(journey, bulk_id)
        return action.state is state and (action.ended_at is not None or not ended)

    await until(journey, there)
    return await standing(journey, bulk_id)


async def say(journey: Journey, bulk_id: uuid.UUID, update: str, role: Role, name: str = "", **what: Any) -> str:
    """A person's word to the action, once the relay has begun it; the sentence that it answers."""
    by = await journey.person(role, name)
    handle = journey.client.get_workflow_handle(f"bulk/{bulk_id}")

    async def begun() -> bool:
        try:
            await handle.describe()
        except RPCError:
            return False
        return True

    await until(journey, begun)
    return await pressed(handle, update, {"by": str(by), **what})


async def until_gated(journey: Journey, desk: Desk, at_work: int) -> None:
    """Wait until so many bots stand before the closed gate."""

    async def there() -> bool:
        return desk.now >= at_work

    await until(journey, there)


async def until_fates(journey: Journey, bulk_id: uuid.UUID, wanted: dict[BulkFate, int]) -> None:
    """Wait until so many things stand so, and not otherwise."""

    async def there() -> bool:
        return await fates(journey, bulk_id) == wanted

    await until(journey, there)


async def sent_together(journey: Journey, bulk_id: uuid.UUID) -> list[list[int]]:
    """Which things its workflow sent in each step, by its history."""
    handle = journey.client.get_workflow_handle(f"bulk/{bulk_id}")
    history = await decoded(await handle.fetch_history())
    steps = [event.activity_task_scheduled_event_attributes for event in history.events]
    return [
        json.loads(one.input.payloads[0].data)["ordinals"] for one in steps if one.activity_type.name == "bulk_send"
    ]
