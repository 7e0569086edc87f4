"""Failures, kept as items fail and go on: each in its group, each group's counts right with every change.

Called by `records.items` in the transaction that moves an item, so that queue and items never say different things.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.faults import FOR_A_PERSON, Unknown
from core.work_item import FINAL, NEEDS_PERSON, State
from failure.kinds import Standing, class_of, fails, standing_of
from failure.signature import Signature, Trouble, normalised
from failure.states import OVER, Review
from records import failure_counts, failure_groups, operation_holds
from records.case import Case
from records.entry_file import EntryFile, EntryRow
from records.failure import Failure, FailureGroup
from records.work_item import Attempt, WorkItem, WorkItemRevision

_ENDINGS = {State.DONE: "verified", State.DISCARDED: "discarded", State.WITHDRAWN: "withdrawn"}
_BY_HAND = "item.done_by_hand"
_ROW = timedelta(microseconds=1)
"""How far apart rows of one file stand in the original order, which knows moments only."""


async def follow(
    session: AsyncSession, item: WorkItem, now: datetime, *, trouble: Trouble | None, actor: str, event: str
) -> None:
    """The item has just moved: it failed, it goes on, or it is over. An item without trouble costs nothing here."""
    failing = fails(item.state, item.code)
    if not failing and not item.signature:
        return
    await failure_groups.take_turn(session, item.system, item.environment)
    known = await _open(session, item.id)
    if failing:
        await _failed(session, item, known, trouble, now)
    elif known is None:
        item.signature = ""
    elif item.state in FINAL:
        ending = "by_hand" if event == _BY_HAND else _ENDINGS[item.state]
        await _over(session, item, known, ending, actor, now)
    elif item.state in NEEDS_PERSON and item.code in FOR_A_PERSON:  # nobody has to review it any more
        await _over(session, item, known, "handed_over", actor, now)
    else:
        review = known.review if item.state in NEEDS_PERSON else Review.RETRYING
        await _change(session, known, now, standing=_standing(item), review=review, next_look_at=item.next_look_at)


async def hold_behind(session: AsyncSession, item_id: uuid.UUID, group_id: uuid.UUID, now: datetime) -> None:
    """The item is not tried, because its operation is held for that group: it stands there as one more of it."""
    item = (await session.exec(select(WorkItem).where(WorkItem.id == item_id))).one()
    await failure_groups.take_turn(session, item.system, item.environment)
    if await _open(session, item_id) is not None:
        return
    own = await session.get_one(FailureGroup, group_id)  # a merge that is taken back gives it back what is its own
    signature = failure_groups.signature_of(own)
    group = await failure_groups.root(session, group_id)
    failure = await _new(session, item, group, signature, now)
    failure.held = True
    await _keep(session, failure, group)
    item.signature = group.key


async def due(session: AsyncSession, case_id: uuid.UUID, due_at: datetime | None) -> None:
    """The case is due then, and so are its failures."""
    of_case = col(Failure.case_id) == case_id, col(Failure.ended_at).is_(None)
    hit = select(FailureGroup).where(col(FailureGroup.id).in_(select(Failure.group_id).where(*of_case)))
    groups = list(await session.exec(hit))
    for system, environment in sorted({(group.system, group.environment) for group in groups}):
        await failure_groups.take_turn(session, system, environment)
    await (await session.connection()).execute(update(Failure).where(*of_case).values(due_at=due_at))
    await failure_counts.sum_up(session, *(group.id for group in groups))


async def _open(session: AsyncSession, item_id: uuid.UUID) -> Failure | None:
    asked = select(Failure).where(Failure.item_id == item_id, col(Failure.ended_at).is_(None))
    return (await session.exec(asked)).one_or_none()


async def _failed(
    session: AsyncSession, item: WorkItem, known: Failure | None, trouble: Trouble | None, now: datetime
) -> None:
    """One more failure: a new one, or the open one of this item again, perhaps of another cause."""
    last = await _last_try(session, item.id)
    code = item.code or (last.code if last else "") or Unknown.code
    again = known is not None and (known.held or known.review is Review.RETRYING)  # it was tried since
    if known is not None and trouble is None and code == known.code and not again:
        await _change(session, known, now, standing=_standing(item), next_look_at=item.next_look_at)
        return
    signature = await _signature(session, item, trouble, last, code)
    group = await failure_groups.seen(session, signature, class_of(item.state, code), now)
    fields = _of_try(item, last, signature)
    if known is None:
        known = await _new(session, item, group, signature, now)
        known.sqlmodel_update(fields | {"times": 1})
        await _keep(session, known, group)
    else:
        anew = {"times": known.times + 1, "held": False, "review": Review.NEW, "key": signature.key}
        await _change(session, known, now, group=group, **fields, **anew)
    item.signature = group.key
    await failure_counts.happened(session, group.id, now)
    hold = await operation_holds.consider(session, item, known, now)
    if hold is not None:
        await failure_groups.act(session, group.id, "baton", now, "group.held", after=hold.threshold)


def _of_try(item: WorkItem, last: Attempt | None, signature: Signature) -> dict[str, Any]:
    return {
        "code": signature.code,
        "failure_class": class_of(item.state, signature.code),
        "standing": _standing(item),
        "screen": signature.screen,
        "step": signature.step,
        "message": signature.message,
        "attempt_id": last.id if last else None,
        "bot_version": last.bot_version if last else "",
        "next_look_at": item.next_look_at,
    }


async def _new(
    session: AsyncSession, item: WorkItem, group: FailureGroup, signature: Signature, now: datetime
) -> Failure:
    case = await session.get(Case, item.case_id) if item.case_id else None
    file, place = (None, item.created_at) if case else await _row(session, item)
    return Failure(
        group_id=group.id,
        key=signature.key,
        item_id=item.id,
        case_id=item.case_id,
        file_id=file,
        journey=case.journey if case else "legacy_entry",
        tier=case.tier if case else "",
        customer_no=case.customer_no if case else "",
        due_at=case.due_at if case else None,
        priority=item.priority,
        code=group.code,
        failure_class=group.failure_class,
        standing=_standing(item),
        review=Review.NEW,
        place=place,
        opened_at=now,
        changed_at=now,
    )


async def _row(session: AsyncSession, item: WorkItem) -> tuple[uuid.UUID | None, datetime]:
    """The file that an item of plain entry came from, and its place: as the file was started, row by row."""
    asked = (
        select(EntryFile.id, EntryFile.started_at, EntryRow.number)
        .join(EntryRow, col(EntryRow.file_id) == col(EntryFile.id))
        .where(EntryRow.item_id == item.id)
    )
    found = (await session.exec(asked)).one_or_none()
    if found is None:
        return None, item.created_at
    file_id, started_at, number = found
    return file_id, (started_at or item.created_at) + number * _ROW


async def _keep(session: AsyncSession, failure: Failure, group: FailureGroup) -> None:
    session.add(failure)
    group.open += 1
    await session.flush()
    await failure_counts.add(session, failure, 1)
    await failure_counts.sum_up(session, group.id)


async def _change(
    session: AsyncSession, failure: Failure, now: datetime, *, group: FailureGroup | None = None, **fields: Any
) -> None:
    """Write what changed; the counts follow where what they count by did."""
    was = failure.group_id
    await failure_counts.add(session, failure, -1)
    if group is not None and group.id != failure.group_id:
        left = await session.get_one(FailureGroup, failure.group_id)
        left.open -= 1
        group.open += 1
        fields["group_id"] = group.id
    failure.sqlmodel_update(fields | {"changed_at": now})
    await session.flush()
    await failure_counts.add(session, failure, 1)
    await failure_counts.sum_up(session, was, failure.group_id)


async def _over(
    session: AsyncSession, item: WorkItem, failure: Failure, ending: str, actor: str, now: datetime
) -> None:
    await failure_counts.add(session, failure, -1)
    review = Review.VERIFIED if item.state is State.DONE else Review.DISMISSED
    standing = Standing.ENTERED if review is Review.VERIFIED else failure.standing
    failure.sqlmodel_update(
        {
            "ended_at": now,
            "changed_at": now,
            "ending": ending,
            "ended_by": actor,
            "review": review,
            "standing": standing,
        }
    )
    item.signature = ""
    group = await session.get_one(FailureGroup, failure.group_id)
    group.open -= 1
    if group.open == 0 and group.review not in OVER:
        await failure_groups.move(session, group, review, "baton", now)
    await session.flush()
    await failure_counts.sum_up(session, group.id)


def _standing(item: WorkItem) -> Standing:
    return standing_of(
        item.state,
        item.code,
        open_doubts=item.doubts - item.reentries,
        parts_done=item.parts_done,
        confirmed=item.confirmation is not None,
    )


async def _last_try(session: AsyncSession, item_id: uuid.UUID) -> Attempt | None:
    asked = select(Attempt).where(Attempt.item_id == item_id).order_by(col(Attempt.started_at).desc()).limit(1)
    return (await session.exec(asked)).one_or_none()


async def _signature(
    session: AsyncSession, item: WorkItem, trouble: Trouble | None, last: Attempt | None, code: str
) -> Signature:
    """What this failure has in common with others; what a try said of itself stands in for a trouble nobody named."""
    if trouble is None:
        same = last is not None and last.code == code
        trouble = Trouble(step=last.step if last else "", message=last.detail if last is not None and same else "")
    revision = await session.get_one(WorkItemRevision, (item.id, item.revision))
    values = [item.target_key, item.reference, *_texts(revision.content), *_texts(item.seen), *_texts(item.result)]
    return Signature(
        system=item.system,
        environment=item.environment,
        operation=item.operation,
        screen=trouble.screen,
        step=trouble.step,
        code=code,
        message=normalised(trouble.message, values),
        drift=trouble.drift,
    )


def _texts(document: Any) -> list[str]:
    """Every value in a document."""
    if isinstance(document, dict):
        return [found for inner in document.values() for found in _texts(inner)]
    if isinstance(document, list):
        return [found for inner in document for found in _texts(inner)]
    return [] if document is None or isinstance(document, bool) else [str(document)]
