"""Beginning a process anew from its records: the run that follows looks before it does anything.

Written in one transaction with the word of whoever wanted it; the relay starts it once Temporal answers.
"""

import contextlib
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import items
from records.bulk_action import BulkAction, BulkStage, BulkState
from records.case import Case
from records.entry_file import EntryFile, EntryRow, FileState
from records.events import Happened, append
from records.gone import GoneProcess, ProcessKind
from records.handoff import Handoff
from records.items import Intent
from records.looking_back import handoff_start
from records.outbox import CHANNEL, OutboxRow
from records.processes import Process
from records.submission import Submission, Verdict
from records.work_item import WorkItem

AT_ONCE = 200
"""Processes that are recovered in one transaction, when all are."""
LONGEST_REASON = 500
WENT_ON = "went_on"
"""What a case hears when something that it waits for may have moved."""
_TYPES = {ProcessKind.ITEM: "WorkItemWorkflow", ProcessKind.HANDOFF: "HandoffWorkflow"}
"""What was begun by another workflow, and so has no row of its own that says how."""


class NotRecovered(Exception):
    """Nothing was recovered, and nothing changed; the words are for people."""


async def recover(session: AsyncSession, ref: str, by: str, why: str, now: datetime) -> GoneProcess:
    """Begin one gone process anew: a case by its number, anything by the id of its workflow. Raises NotRecovered.

    The row is locked: of two who recover at once the second is told that it runs again.
    """
    _check(why)
    asked = select(GoneProcess).where(
        or_(col(GoneProcess.workflow_id) == ref, func.lower(GoneProcess.label) == ref.lower()),
        col(GoneProcess.over_at).is_(None),
    )
    gone = (await session.exec(asked.order_by(col(GoneProcess.seen_at)).with_for_update())).first()
    if gone is None or gone.over_at is not None:
        raise NotRecovered(await _why_not(session, ref))
    await _recover(session, gone, by, why, now)
    return gone


async def recover_some(session: AsyncSession, by: str, why: str, now: datetime) -> list[str]:
    """Begin the next of all gone processes anew; their labels, none when no more of them can be. Raises NotRecovered.

    One whose records do not say how it was begun keeps no other from it, and is still gone.
    """
    _check(why)
    asked = select(GoneProcess).where(col(GoneProcess.over_at).is_(None)).order_by(col(GoneProcess.seen_at))
    begun: list[str] = []
    for one in list(await session.exec(asked.with_for_update(skip_locked=True))):
        with contextlib.suppress(NotRecovered):
            await _recover(session, one, by, why, now)
            begun.append(one.label)
        if len(begun) == AT_ONCE:
            break
    return begun


async def begin_again(session: AsyncSession, process: Process, now: datetime) -> bool:
    """Write the start of the process's next run; False when there is nothing to begin it from."""
    before = await _last_start(session, process.workflow_id)
    argument = await _ARGUMENTS[process.kind](session, process, before)
    if argument is None:
        return False
    row = OutboxRow(
        case_id=process.case_id if process.kind is ProcessKind.CASE else None,
        workflow_type=before.workflow_type if before else _TYPES[process.kind],
        workflow_id=process.workflow_id,
        run=(before.run if before else 1) + 1,
        task_queue=before.task_queue if before else "baton",
        argument=argument,
        created_at=now,
        next_try_at=now,
    )
    return await _written(session, row)


async def tell_case(session: AsyncSession, item: Process, now: datetime) -> bool:
    """An entry of a case that runs is gone: the case looks, and begins it as it wanted it; said once in an hour."""
    case = await session.get_one(Case, item.case_id)
    row = OutboxRow(
        case_id=case.id,
        workflow_type="",
        workflow_id=f"{case.journey}/{case.number}",
        signal=WENT_ON,
        key=f"{item.workflow_id}/{now:%Y-%m-%dT%H}",
        task_queue="",  # a signal goes to what runs already
        argument={},
        created_at=now,
        next_try_at=now,
    )
    return await _written(session, row)


def _check(why: str) -> None:
    if len(why.strip()) < 3 or len(why) > LONGEST_REASON:
        raise NotRecovered(f"A recovery needs a reason, of at least 3 and at most {LONGEST_REASON} characters.")


async def _written(session: AsyncSession, row: OutboxRow) -> bool:
    connection = await session.connection()
    once = insert(OutboxRow).values(**row.model_dump()).on_conflict_do_nothing().returning(col(OutboxRow.id))
    made = (await connection.execute(once)).first() is not None
    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return made


async def _why_not(session: AsyncSession, ref: str) -> str:
    case = (await session.exec(select(Case).where(func.lower(Case.number) == ref.lower()))).one_or_none()
    if case is not None and case.closed_at is not None:
        return f"{case.number} is closed: there is nothing to recover."
    if case is not None:
        return f"{case.number} is not gone: its process runs, or is just being started. What is gone shows in a minute."
    return f"Nothing that is called {ref} is gone."


async def _recover(session: AsyncSession, gone: GoneProcess, by: str, why: str, now: datetime) -> None:
    process = Process.model_validate(gone, from_attributes=True)
    if not await begin_again(session, process, now):
        raise NotRecovered(f"{gone.label} cannot be begun anew: its records do not say how it was begun.")
    gone.over_at, gone.recovered_by, gone.why = now, by, why.strip()
    data = {"reason": why.strip(), "label": gone.label, "what": gone.what.value}
    await append(session, gone.case_id, now, Happened(name="process.recovered", actor=by, data=data))


async def _last_start(session: AsyncSession, workflow_id: str) -> OutboxRow | None:
    starts = select(OutboxRow).where(
        OutboxRow.workflow_id == workflow_id, OutboxRow.signal == "", OutboxRow.task_queue != ""
    )
    return (await session.exec(starts.order_by(col(OutboxRow.run).desc()).limit(1))).first()


# -- what each kind begins with -----------------------------------------------------------------------------------

Argument = dict[str, Any]
Maker = Callable[[AsyncSession, Process, OutboxRow | None], Awaitable[Argument | None]]


async def _of_case(session: AsyncSession, process: Process, before: OutboxRow | None) -> Argument | None:
    """What it began with, as it was accepted and corrected since."""
    if before is None or process.case_id is None:
        return None
    case = await session.get_one(Case, process.case_id)
    asked = select(Submission.content).where(Submission.case_id == case.id, Submission.verdict == Verdict.ACCEPTED)
    accepted = (await session.exec(asked.order_by(col(Submission.reviewed_at).desc()).limit(1))).first()
    report = {**(accepted or before.argument["report"])}
    for name in ("order_no", "parcel_no"):
        if name in report:
            report[name] = getattr(case, name)
    return {**before.argument, "report": report, "recovered": before.run + 1}


async def _of_file(session: AsyncSession, process: Process, before: OutboxRow | None) -> Argument | None:
    """The row to go on behind: the last one before the first that has no entry yet."""
    if before is None:
        return None
    file = await session.get_one(EntryFile, uuid.UUID(process.workflow_id.partition("/")[2]))
    begun = select(WorkItem.id).where(WorkItem.id == EntryRow.item_id).exists()
    chosen = select(func.min(EntryRow.number)).where(EntryRow.file_id == file.id, col(EntryRow.chosen))
    first = (await session.exec(chosen.where(~begun))).one()
    last = (await session.exec(select(func.max(EntryRow.number)).where(EntryRow.file_id == file.id))).one()
    after = last or 0 if first is None else first - 1
    return {**before.argument, "after": after, "paused": file.state is FileState.PAUSED}


async def _of_bulk(session: AsyncSession, process: Process, before: OutboxRow | None) -> Argument | None:
    if before is None:
        return None
    bulk = await session.get_one(BulkAction, uuid.UUID(process.workflow_id.partition("/")[2]))
    return {
        **before.argument,
        "needs_approval": bulk.needs_approval and bulk.state is BulkState.WAITING_APPROVAL,
        "begun": bulk.started_at is not None,
        "proven": bulk.stage is BulkStage.REST,
        "paused": bulk.state in (BulkState.PAUSED, BulkState.HALTED),
        "cancelled": bulk.state is BulkState.CANCELLED,
    }


async def _of_look_up(_: AsyncSession, __: Process, before: OutboxRow | None) -> Argument | None:
    return None if before is None else before.argument


async def _of_item(session: AsyncSession, process: Process, _: OutboxRow | None) -> Argument | None:
    """An entry of a plain file, as it is kept."""
    known = await items.view(session, uuid.UUID(process.workflow_id.partition("/")[2]))
    intent = Intent.model_validate(known.model_dump(include=set(Intent.model_fields)))
    return {"intent": intent.model_dump(mode="json")}


async def _of_handoff(session: AsyncSession, process: Process, _: OutboxRow | None) -> Argument | None:
    row = await session.get_one(Handoff, uuid.UUID(process.workflow_id.partition("/")[2]))
    return handoff_start(row, await session.get_one(Case, row.case_id))


_ARGUMENTS: dict[ProcessKind, Maker] = {
    ProcessKind.CASE: _of_case,
    ProcessKind.FILE: _of_file,
    ProcessKind.BULK: _of_bulk,
    ProcessKind.LOOK_UP: _of_look_up,
    ProcessKind.ITEM: _of_item,
    ProcessKind.HANDOFF: _of_handoff,
}
